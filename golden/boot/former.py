"""What an upgrade sets aside to go back to: .cache/run/SITE.former/.

For each node NODE/machine has the files of its former machine, NODE/state a copy of its state.
journal.json says how far the upgrade is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from golden import rundir
from golden.errors import MALFORMED, UserError
from golden.rundir import NodeDir

# leaving: the former machines are shut down, copied and set aside; arriving: the new ones boot and
# are checked; returning: the former ones come back; done: the new ones are good, and the former
# ones still there.
Stage = Literal["leaving", "arriving", "returning", "done"]


@dataclass(frozen=True)
class Journal:
    """An upgrade of a site from release `former` to `new`, at a target. `instances` are the names
    of Ganeti's instances that ran before it; `why` it returns. A `rehearsal` returns once all is
    good."""

    stage: Stage
    former: str
    new: str
    target: str
    instances: list[str] = field(default_factory=list)
    why: str = ""
    rehearsal: bool = False


def folder(site: str) -> Path:
    """Where it lies."""
    nodes = rundir.site_dir(site)
    return nodes.with_name(f"{nodes.name}.former")


def state(site: str, node: str) -> Path:
    """The copy of a node's state, or of that which the nodes share."""
    return folder(site) / node / "state"


def read(site: str) -> Journal | None:
    """The site's upgrade, if there is one that can be gone back on."""
    found = rundir.read(folder(site) / "journal.json")
    try:
        return Journal(**found) if isinstance(found, dict) else None
    except MALFORMED:
        return None


def write(site: str, journal: Journal) -> None:
    """Make `journal` the site's."""
    folder(site).mkdir(parents=True, exist_ok=True)
    # A copy of a node's state holds all that is secret on it.
    folder(site).chmod(0o700)
    rundir.write(folder(site) / "journal.json", asdict(journal))


def forget(site: str) -> None:
    """There is nothing to go back to any more."""
    (folder(site) / "journal.json").unlink(missing_ok=True)
    shutil.rmtree(folder(site), ignore_errors=True)


def must_not_be_under_way(site: str) -> None:
    """Raise UserError while an upgrade of the site was cut, and only it knows what to boot."""
    journal = read(site)
    if journal and journal.stage != "done":
        raise UserError(
            f"an upgrade of site {site} from release {journal.former} to {journal.new} has not "
            f"ended: go on with ./inv upgrade --site {site}, or back with ./inv upgrade --undo "
            f"--site {site}"
        )


def machine(files: NodeDir) -> Path:
    """Where a node's former machine lies."""
    return folder(files.site) / files.node / "machine"


def put(files: NodeDir, names: Iterable[str]) -> None:
    """Set files and folders of a node's machine aside; those that are there."""
    _move(files.path, machine(files), names)


def take(files: NodeDir) -> None:
    """Have them back, over those of the machine in place."""
    there = machine(files)
    if there.is_dir():
        _move(there, files.path, [path.name for path in there.iterdir()])


def _move(source: Path, target: Path, names: Iterable[str]) -> None:
    """Move what is there, each whole or not at all; what was cut can be done again."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not (source / name).exists():
            continue
        if (target / name).is_dir():
            shutil.rmtree(target / name)
        (source / name).replace(target / name)
