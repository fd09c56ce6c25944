"""From names to exact packages and the order of dpkg's work, by asking apt; cached.

apt simulates the installation on top of the layers below; scripts/bake/packages.sh replays the
result in the tree. So the image needs no index, and wheezy's apt need not talk to today's mirrors.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import urllib.parse
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from golden import atomic
from golden.errors import StageError, UserError
from golden.packages.downloads import Downloads
from golden.packages.model import Package, Resolution, Step
from golden.packages.state import AptState

# Raise when the meaning of a stored resolution changes.
FORMAT = 1
_SIMULATED = re.compile(r"^(Inst|Conf) (\S+) (?:\[\S+\] )?\((\S+) .*\[(\S+)\]\)")
_URI = re.compile(r"^'([^']+)' (\S+) (\d+) SHA256:([0-9a-f]{64})$")
# Address, file name in the cache, size in bytes, SHA-256.
_Place = tuple[str, str, int, str]
_ACTIONS = {"Inst": "unpack", "Conf": "configure"}
# apt would configure essential packages and what they need as early as it can, which only a running
# system wants; fewer calls of dpkg are faster.
_ORDER = "APT::Immediate-Configure=false"


class Resolver:
    """Resolves names with one apt state, and caches the results; `downloads` has other files.

    `known` are the names in the release's lock: apt is asked with those alone in view, and with
    every package from the first question on that they do not answer.
    """

    def __init__(
        self, state: AptState, downloads: Downloads | None = None, known: Collection[str] = ()
    ) -> None:
        self.state = state
        self._view = state.narrow(known) if known else ()
        self._downloads = downloads
        self._identity = state.identity()
        # Answers of apt in this process, during which the index does not change.
        self._places: dict[str, _Place] = {}
        self._stanzas: dict[tuple[str, str], str] = {}
        self._statuses: dict[str, Path] = {}

    @property
    def downloads(self) -> Downloads:
        """What looks up the files that no package brings."""
        return self._downloads or Downloads(self.state.pool, offline=self.state.offline)

    def resolve(
        self, names: Iterable[str], below: Sequence[Package] = (), also: Iterable[str] = ()
    ) -> Resolution:
        """What installing `names` (package names or apt patterns) on top of `below` adds.

        `also` is installed too, but counts as a dependency. Raises UserError when a
        package does not exist or its dependencies cannot be met.
        """
        asked = set(names)
        extra = set(also) - asked
        store = self._store(asked, extra, below)
        ask = functools.partial(self._ask, asked, extra, below)
        return _stored(store, lambda: self._widening(ask))

    def resolve_essential(self, names: Iterable[str]) -> Resolution:
        """What installing `names` into an empty tree adds, in no order; raises as `resolve` does.

        The essential packages have none: of wheezy's, libc6 depends on libgcc1, whose
        pre-dependency depends on libc6 (docs/wheezy.md W2.9).
        """
        asked = set(names)

        def ask() -> Resolution:
            places = _places(self._uris(sorted(asked), ()))
            return Resolution(tuple(_from_place(*each, asked) for each in places.items()), ())

        return _stored(self._store(asked, {"in no order"}, ()), lambda: self._widening(ask))

    def _store(self, asked: set[str], extra: set[str], below: Sequence[Package]) -> Path:
        there = sorted(f"{p.name} {p.identity}" for p in below)
        facts = [FORMAT, self._identity, sorted(asked), sorted(extra), there]
        name = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]
        return self.state.folder / "resolved" / f"{name}.json"

    def _ask(self, asked: set[str], extra: set[str], below: Sequence[Package]) -> Resolution:
        wanted = sorted(asked | extra)
        if not wanted:
            return Resolution((), ())
        plan = self.install(wanted, ["-s"], below)
        if not _added(plan) <= self._places.keys():
            self._places |= _places(self._uris(wanted, below))
        return _parse(plan, self._places, asked, {package.name for package in below})

    def _widening(self, ask: Callable[[], Resolution]) -> Resolution:
        """The answer of `ask`; from here on with every package in view, where it has none."""
        try:
            return ask()
        except StageError as error:
            if not self._view:
                raise self._unmet(error) from error
        self._view = ()
        return self._widening(ask)

    def _uris(self, names: Sequence[str], below: Sequence[Package]) -> str:
        # With the cache in view, apt would leave out what is in it.
        elsewhere = ["-o", f"Dir::Cache::archives={self.state.folder / 'cache' / 'none'}"]
        return self.install(names, ["--print-uris", "-qq", *elsewhere], below)

    def install(
        self,
        names: Sequence[str],
        flags: Sequence[str],
        below: Sequence[Package],
        watch: Callable[[], str] | None = None,
    ) -> str:
        """What `apt-get install` of `names` on top of `below` prints. Raises StageError; `watch` is
        golden.run's."""
        words = ["install", "-y", "--no-install-recommends", *flags, *names]
        options = [f"Dir::State::status={self._status(below)}", _ORDER, *self._view]
        return self.state.apt("apt-get", *words, options=options, watch=watch).out

    def _unmet(self, error: StageError) -> Exception:
        problems = [line[3:] for line in error.tail if line.startswith("E: ")]
        unmet = [line.strip() for line in error.tail if "Depends:" in line]
        if not problems:
            return error
        why = f"release '{self.state.release.name}': {'; '.join([*problems, *unmet])}"
        return UserError(f"{why}: {self._held(unmet) or self._unknown()}")

    def _held(self, unmet: Iterable[str]) -> str:
        """What to do when a pinned or locked version conflicts with what the sources have."""
        words = {word.partition(":")[0] for line in unmet for word in line.split()}
        pins, locked = self.state.release.pins, self.state.locked
        file = f"images/releases/{self.state.release.name}"
        if pinned := [f"{name} {pins[name]}" for name in sorted(words & pins.keys())]:
            return f"{', '.join(pinned)} pinned: change the pins in {file}.yaml"
        if held := [f"{name} {locked[name]}" for name in sorted(words & locked.keys())]:
            return (
                f"{', '.join(held)} locked in {file}.lock.json: the sources no longer have "
                "matching versions; lock the current ones with ./inv lock, or import the locked "
                "files with ./inv pool.import FILE"
            )
        return ""

    def _unknown(self) -> str:
        return (
            "correct the name in its role.yaml, map it under packages in "
            f"images/releases/{self.state.release.name}.yaml, or name a folder of .debs that has "
            "it (--packages DIR; ./inv doctor lists what no source serves)"
        )

    def _status(self, below: Sequence[Package]) -> Path:
        """A dpkg status file that says that `below` is installed."""
        name = hashlib.sha256(repr([p.identity for p in below]).encode()).hexdigest()[:16]
        if name not in self._statuses:
            status = self.state.folder / "state" / f"status-{name}"
            atomic.write(status, "".join(f"{text}\n\n" for text in self._installed(below)))
            self._statuses[name] = status
        return self._statuses[name]

    def _installed(self, below: Sequence[Package]) -> list[str]:
        """The paragraphs of `below` in a status file; apt is asked for new ones only."""
        fresh = {p.name: p.version for p in below if (p.name, p.version) not in self._stanzas}
        if fresh:
            wanted = [f"{name}={version}" for name, version in fresh.items()]
            options = ["APT::Cache::AllVersions=false", *self._view]
            shown = self.state.cache("show", wanted, options=options)
            for text in _as_installed(shown, set(fresh)):
                name = _name(text)
                self._stanzas[name, fresh[name]] = text
        return [self._stanzas[p.name, p.version] for p in below]


def _stored(store: Path, ask: Callable[[], Resolution]) -> Resolution:
    """The resolution in the file `store`; where there is none, that of `ask`, which is kept."""
    if store.is_file():
        try:
            return Resolution.from_json(json.loads(store.read_text()))
        except (ValueError, KeyError, TypeError):
            store.unlink()
    resolution = ask()
    atomic.write(store, json.dumps(resolution.to_json()))
    return resolution


def _as_installed(shown: str, names: set[str]) -> list[str]:
    """The paragraphs of `apt-cache show`, each package once, as dpkg's status has them."""
    paragraphs: dict[str, str] = {}
    for text in shown.strip().split("\n\n"):
        head, _, rest = text.strip().partition("\n")
        name = _name(head)
        if name in names and name not in paragraphs:
            paragraphs[name] = f"{head}\nStatus: install ok installed\n{rest}"
    missing = names - paragraphs.keys()
    if missing:
        raise StageError("packages", f"apt's index no longer has {', '.join(sorted(missing))}")
    return list(paragraphs.values())


def _name(paragraph: str) -> str:
    return paragraph.partition("\n")[0].removeprefix("Package: ")


def _added(plan: str) -> set[str]:
    """What the simulation would install, as `name=version`."""
    found = (_SIMULATED.match(line) for line in plan.splitlines())
    return {
        f"{match[2].partition(':')[0]}={match[3]}"
        for match in found
        if match and match[1] == "Inst"
    }


def _parse(plan: str, places: Mapping[str, _Place], asked: set[str], below: set[str]) -> Resolution:
    packages: dict[str, Package] = {}
    steps: list[tuple[str, list[str]]] = []
    for line in plan.splitlines():
        match = _SIMULATED.match(line)
        if not match:
            continue
        word, name, version, architecture = match.groups()
        name = name.partition(":")[0]
        if name in below and word == "Conf":
            continue
        if word == "Inst":
            packages[name] = _package(name, version, architecture, places, name in asked)
        if not steps or steps[-1][0] != _ACTIONS[word]:
            steps.append((_ACTIONS[word], []))
        steps[-1][1].append(name)
    return Resolution(tuple(packages.values()), tuple(_step(*step) for step in steps))


def _step(action: str, names: list[str]) -> Step:
    return Step("unpack" if action == "unpack" else "configure", tuple(names))


def _places(uris: str) -> dict[str, _Place]:
    places = {}
    for line in uris.splitlines():
        match = _URI.match(line)
        if match:
            uri, file, size, sha256 = match.groups()
            name, version = file.split("_")[:2]
            places[f"{name}={urllib.parse.unquote(version)}"] = (uri, file, int(size), sha256)
    return places


def _from_place(key: str, place: _Place, asked: set[str]) -> Package:
    """A package out of its name, version and file alone: deb-version(7)."""
    name, version = key.split("=", 1)
    uri, file, size, sha256 = place
    architecture = file.removesuffix(".deb").rsplit("_", 1)[1]
    return Package(name, version, architecture, file, uri, size, sha256, name in asked)


def _package(
    name: str,
    version: str,
    architecture: str,
    places: Mapping[str, _Place],
    asked: bool,
) -> Package:
    place = places.get(f"{name}={version}")
    if place is None:
        raise StageError("packages", f"apt names no file with a SHA256 for {name} {version}")
    uri, file, size, sha256 = place
    return Package(name, version, architecture, file, uri, size, sha256, asked)
