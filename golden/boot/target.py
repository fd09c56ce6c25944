"""What a target must be able to do, and which targets there are.

A target is a folder here, named in NAMES, that declares itself as `DECLARED`.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from golden import atomic, paths
from golden.errors import UserError

if TYPE_CHECKING:
    # The menu reads the declarations for its help, which needs no more than this file.
    from golden.definition.models import Node, Site
    from golden.host import Finding, Host

NAMES = ("qemu", "container", "libvirt", "metal")
DEFAULT = NAMES[0]
# In place of a node's name: the part of the state that a site's nodes have in common.
SHARED = ""

Options = Mapping[str, Any]
NO_OPTIONS: Options = MappingProxyType({})


class Target(ABC):
    """A place where nodes boot. Each node's console is a growing file in its run folder.

    Made with the values of its declared options that were given.
    """

    name: str
    # What the bake makes for it: `golden.bake`'s FORMATS.
    format: str
    # Whether its nodes can go on running after a rehearsal.
    outlives_rehearsal = True
    # Whether it can set a node's machine aside, for `inv upgrade` to go back to.
    upgrades = False

    @abstractmethod
    def check(self, site: Site, nodes: tuple[Node, ...]) -> None:
        """Raise UserError for what would keep any node from starting, before one is started."""

    @abstractmethod
    def up(self, site: Site, node: Node) -> bool:
        """Power the node on; False when it runs already."""

    @abstractmethod
    def down(self, site: str, node: str, *, keep: bool, keep_state: bool = False) -> bool:
        """Power the node off; False when it was off. Without `keep` its disks go too, but for its
        state with `keep_state`, which is asked only of one that `has_state_apart`."""

    def has_state_apart(self, site: str, node: str) -> bool:
        """Whether `down` can keep what must outlive the system, without the rest; for `SHARED`,
        whether the site's nodes have any of it in common, beside what each has."""
        del site, node
        return False

    def state_parts(self, site: Site) -> list[str]:
        """Whose state there is apart: `SHARED`, and nodes; what can be saved and restored."""
        parts = (SHARED, *(node.name for node in site.nodes))
        return [part for part in parts if self.has_state_apart(site.name, part)]

    def state_bytes(self, site: str, node: str) -> int:
        """The room that `save_state` needs; of a node that runs, about. Raises UserError where it
        has no state apart, like `save_state`."""
        _no_state(self.name, site, node)

    def save_state(self, site: str, node: str, folder: Path) -> None:
        """Write the state of `node` as files into the new `folder` (0700), whole or not at all.

        The node is off; for `SHARED` all nodes of the site are. Ask for `SHARED` beside the nodes
        where it `has_state_apart`: no node's folder has what they share. Raises UserError when
        `folder` is there, or has less room than `state_bytes`.
        """
        from golden.host.resources import must_have_room

        if folder.exists():
            raise UserError(f"{paths.shown(folder)}: there already; save to a new folder")
        partial = folder.with_name(f".{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        whose = node or "what the nodes share"
        needed = self.state_bytes(site, node)
        must_have_room(partial.parent, needed, f"the state of {whose} needs")
        partial.mkdir(mode=0o700)
        try:
            self._write_state(site, node, partial)
            atomic.flush(*partial.iterdir(), partial)
            partial.rename(folder)
            atomic.flush(folder.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _write_state(self, site: str, node: str, folder: Path) -> None:
        """Write the state of `node` into the empty `folder`."""
        del folder
        _no_state(self.name, site, node)

    def restore_state(self, site: str, node: str, folder: Path) -> None:
        """Make the state of `node`, which is off, what `save_state` wrote, and nothing else.

        There need be nothing of the node yet. After a kill at any moment it may be repeated. Raises
        UserError, and changes nothing, when `folder` holds no state of this target.
        """
        del folder
        _no_state(self.name, site, node)

    def starts_again(self, site: Site, node: Node) -> bool:
        """Whether a node that runs could go on after a `down` that keeps its disks: whether it runs
        from the image that is in place now."""
        del site, node
        return True

    def set_aside(self, site: str, node: str) -> None:
        """The node is off: put its machine, without its state, where `take_back` finds it. May be
        done again. Asked where the target `upgrades`."""
        raise NotImplementedError

    def take_back(self, site: str, node: str) -> None:
        """The node is off: throw its machine away, and have the one that was set aside in its
        place; nothing when none was. May be done again."""
        raise NotImplementedError

    def forget_aside(self, site: str, node: str) -> None:
        """Throw away what was set aside, but for the files of golden.boot.former."""
        del site, node

    def cut(self, site: str, node: str) -> bool:
        """Cut the node's power without a word to it; False when it was off. Its disks stay.

        Raises UserError where nobody but a person can.
        """
        del site
        raise UserError(f"--cut: the power of {node} is not in reach from here: pull its plug")

    @abstractmethod
    def machine_state(self, site: str, node: str) -> str:
        """The machine's own word for its state: `running`, `io-error`, …, or `off`."""

    def attach(self, site: str, node: str) -> None:
        """Connect the terminal to the console of a node that runs. Raises UserError without one."""
        from golden.boot import terminal

        terminal.attach(site, node)

    def rehearsal(self, site: Site) -> Target:
        """The target on which `site` is rehearsed, asked right before its nodes boot."""
        del site
        return self


@dataclass(frozen=True)
class Option:
    """An option of the menu that targets declare.

    `kind` is str, bool, or list for one that may be given more than once. `tasks` take it.
    """

    name: str
    help: str
    kind: type[str] | type[bool] | type[list[str]] = str
    tasks: tuple[str, ...] = ("boot",)


@dataclass(frozen=True)
class Declaration:
    """What a target's folder says of itself; `load` imports the rest of it.

    `examine` finds what the target needs of this host. `interfaces` names this host's interfaces
    to the networks that the target has made for a site's nodes.
    """

    load: Callable[[], Callable[..., Target]]
    options: tuple[Option, ...] = ()
    examine: Callable[[Host, Site], list[Finding]] = lambda *_: []
    interfaces: Callable[[str], list[str]] = lambda _: []


def declaration(name: str) -> Declaration:
    """What the target called `name` declares. Raises UserError listing the targets."""
    if name not in NAMES:
        from golden.definition.problems import nearest

        raise UserError(f"there is no target '{name}'; {nearest(name, NAMES)}")
    found: Declaration = import_module(f"golden.boot.{name}").DECLARED
    return found


def target(name: str, options: Options = NO_OPTIONS) -> Target:
    """The target called `name`. Raises UserError for an option that it does not take."""
    given = _given(options)
    known = {option.name for option in declaration(name).options}
    for key in given:
        if key not in known:
            raise UserError(
                f"--{key.replace('_', '-')}: only --target {' or '.join(_takers([key]))} takes it"
            )
    return declaration(name).load()(**given)


def taker(options: Options) -> Target | None:
    """The target that takes the options that were given, or None when none was."""
    given = _given(options)
    return target(_takers(given)[0], given) if given else None


def options(task: str) -> dict[str, Option]:
    """The options of targets that `task` takes, by name; their help says for which targets."""
    found = {}
    for name in NAMES:
        for option in declaration(name).options:
            if task in option.tasks:
                takers = " or ".join(_takers([option.name]))
                found[option.name] = replace(option, help=f"for --target {takers}: {option.help}")
    return found


def _no_state(target: str, site: str, node: str) -> NoReturn:
    raise UserError(
        f"{node or 'what its nodes share'} of site {site}: at target {target} there is no state "
        "that can be saved or restored; containers, and virtual machines with --state, have it"
    )


def _given(options: Options) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}


def _takers(options: Iterable[str]) -> list[str]:
    wanted = set(options)
    return [
        name for name in NAMES if wanted <= {option.name for option in declaration(name).options}
    ]
