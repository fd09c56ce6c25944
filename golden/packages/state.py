"""An isolated apt for one release: its own sources, index and cache; the host's is untouched."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock

from golden import atomic, log, paths, run
from golden.definition.models import Release
from golden.errors import FullDiskError, StageError, UserError
from golden.packages import apt_conf, folder, local, mirror, narrow, pins, sources, standins
from golden.packages.folder import Deb
from golden.packages.model import Package

# Debian's mirrors are updated every six hours (https://www.debian.org/mirror/ftpmirror).
INDEX_HOURS = 6.0
# Where apt says why, the best first; its "Err:" lines name an address only.
_REASONS = ("W: GPG error:", "E: Failed to fetch", "E: ", "W: ")
# More fit no command line that a person reads in a log.
_NAMES_AT_ONCE = 200
# An update of one source would else throw the indexes of the others away.
_KEEP_OTHERS = "APT::Get::List-Cleanup=false"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class AptState:
    """The isolated apt state of `release`. Nothing is written before `refresh`.

    `locked` are the versions to take where a source has them. The release's pool is a source unless
    `pooled` is false; `offline`, what is on this host is the only one.
    """

    def __init__(
        self,
        release: Release,
        cache: Path = paths.CACHE,
        debs: Path | None = None,
        *,
        locked: Mapping[str, str] = _NOTHING,
        pooled: bool = True,
        offline: bool = False,
    ) -> None:
        local.require_plain(cache)
        self.release, self.locked, self.offline = release, locked, offline
        self.pool = cache / "pool"
        self.standins = local.standins_of(release, cache)
        # Offline, the pool may have what a folder had that is on another host.
        there = release.folder is None or release.folder.is_dir() or not offline
        self.given = local.folder_of(release, cache) if there else None
        # The files of the folder, by their hashes.
        self.debs_given: dict[str, Deb] = {}
        fetched = () if offline else sources.lines(release)
        own = [each for each in (self.standins, self.given) if each]
        # Without the pool, which may come and go: what was fetched keeps its folder.
        lines = [*fetched, *(each.line for each in own)]
        name = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
        pool = local.pool_of(release, self.pool) if pooled else None
        self._own = (*own, *([pool] if pool else ()))
        self.lines = (*fetched, *(each.line for each in self._own))
        self.debs = debs or cache / "debs"
        self.folder = cache / "apt" / f"{release.name}{'-offline' if offline else ''}-{name}"
        self.log = cache / "log" / "apt.log"

    @property
    def config(self) -> Path:
        """The file for APT_CONFIG."""
        return self.folder / "apt.conf"

    @property
    def lists(self) -> Path:
        """Where the indexes lie."""
        return self.folder / "state" / "lists"

    def index_files(self) -> list[Path]:
        """The signed heads of the indexes, one for each suite that was fetched."""
        return sorted([*self.lists.glob("*Release")])

    def identity(self) -> str:
        """A hash of all that decides which versions apt takes; empty without an index.

        The Release files hold the hashes of everything else.
        """
        if not self.index_files():
            return ""
        return self._hash(self._effective())

    def _hash(self, versions: Mapping[str, str]) -> str:
        chosen = local.preferences(self.release, versions)
        digest = hashlib.sha256("\n".join([*self.lines, chosen]).encode())
        for path in self.index_files():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def _effective(self) -> Mapping[str, str]:
        """The pins that change apt's choice; cached for each index."""
        wanted = self._versions()
        if not wanted or not self.config.is_file():
            return wanted
        known = self.folder / "pins" / f"{self._hash(wanted)[:24]}.json"
        with contextlib.suppress(FileNotFoundError, ValueError):
            found: Mapping[str, str] = json.loads(known.read_text())
            return found
        unpinned = ("Dir::Etc::preferences=/dev/null",)
        policy = self.cache("policy", sorted(wanted), options=unpinned)
        found = pins.effective(wanted, policy)
        atomic.write(known, json.dumps(found))
        return found

    def narrow(self, names: Iterable[str]) -> tuple[str, ...]:
        """Options with which apt knows these packages and the locked ones alone, for much quicker
        answers; none where nothing is locked, or the sources hold nothing else."""
        if not self.locked or self.offline or not self.index_files():
            return ()
        wanted = {**dict.fromkeys(names, pins.ANY), **self._versions()}
        place = self.folder / "narrow" / self._hash(wanted)[:24]
        with FileLock(self.folder / "lock"):
            if not place.is_dir():
                # A folder's packages go before others, whatever a lock says (see `locked.require`).
                own = {each.index.read_bytes() for each in self._own}
                narrow.make(self.lists, wanted, place, own)
        return narrow.options(place)

    def _versions(self) -> dict[str, str]:
        return {**self.locked, **self.release.pins}

    def refresh(self, max_hours: float = INDEX_HOURS) -> None:
        """Fetch the index when it is absent or older than `max_hours` hours.

        When the mirror does not answer, an old index is used, with a warning. Raises UserError when
        there is none.
        """
        if self.standins:
            standins.ensure(self.standins.place, self.release.synnefo, self.release.standins)
        self.index_folder()
        if self.offline and not self.config.is_file():
            self._prepare()
        if self.offline or self._age_hours() <= max_hours:
            self._prefer()
            if self._has_old_index():
                self._update("Dir::Etc::sourcelist=" + str(self._own_list()), _KEEP_OTHERS)
            return
        self._prepare()
        try:
            self._update()
        except FullDiskError:
            raise
        except StageError as error:
            self._without_mirror(error)
            return
        self._stamp.touch()

    def index_folder(self) -> None:
        """Index the site's folder of packages, if it names one. Raises UserError."""
        release = self.release
        if self.given and release.folder:
            debs = folder.index(release.folder, self.given.place, release.architecture)
            self.debs_given = {each.sha256: each for each in debs}

    def _update(self, *options: str) -> None:
        words = ("-q", "-o", "APT::Update::Error-Mode=any")
        watch = mirror.Flow(lambda: mirror.arrived(self.lists))
        self.apt("apt-get", "update", *words, options=options, watch=watch)

    def _has_old_index(self) -> bool:
        """Whether a repository on this host has changed since apt read it: a run may have been
        killed in between."""
        known = {path.read_bytes() for path in self.index_files()}
        return any(each.head.read_bytes() not in known for each in self._own)

    def _own_list(self) -> Path:
        """A sources.list of the repositories on this host alone, to read them without a mirror."""
        path = self.folder / "etc" / "local.list"
        path.write_text("\n".join(each.line for each in self._own) + "\n")
        return path

    def _prefer(self) -> None:
        """Write sources and pins where apt reads them."""
        texts = {
            "sources.list": "\n".join(self.lines),
            "preferences": local.preferences(self.release, self._versions()),
        }
        for name, text in texts.items():
            path = self.folder / "etc" / name
            if not path.is_file() or path.read_text() != text + "\n":
                atomic.write(path, text + "\n")

    def is_standin(self, package: Package) -> bool:
        """Whether `package` is a stand-in."""
        return self.standins is not None and self.standins.has(package.uri)

    def given_file(self, package: Package) -> Path | None:
        """Where `package` lies in the folder that the site names; None for one from elsewhere."""
        deb, place = self.debs_given.get(package.sha256), self.release.folder
        return place / deb.file if deb and place else None

    def apt(
        self,
        program: str,
        *words: str,
        options: Sequence[str] = (),
        watch: Callable[[], str] | None = None,
    ) -> run.Result:
        """Run apt-get or apt-cache on this state; `watch` is golden.run's.

        Raises StageError when it fails: FullDiskError where that is the reason.
        """
        flags = [part for option in options for part in ("-o", option)]
        env = {"APT_CONFIG": str(self.config), "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        # apt itself refuses a second one at once; ours waits.
        with FileLock(self.folder / "lock"):
            try:
                return run.run(
                    [program, *flags, *words],
                    env=env,
                    log=self.log,
                    stage="packages",
                    on_line=mirror.watching(),
                    watch=watch,
                    # An apt that outlives a killed run would hold its lock against the next.
                    tied=True,
                    apart=True,
                )
            except StageError as error:
                raise mirror.explain(error, self.debs.parent) from error

    def cache(self, verb: str, names: Sequence[str], *, options: Sequence[str] = ()) -> str:
        """What `apt-cache VERB NAMES` prints. Raises StageError."""
        parts = (names[at : at + _NAMES_AT_ONCE] for at in range(0, len(names), _NAMES_AT_ONCE))
        return "".join(self.apt("apt-cache", verb, *part, options=options).out for part in parts)

    @property
    def _stamp(self) -> Path:
        return self.folder / "refreshed"

    def _age_hours(self) -> float:
        if not self._stamp.exists() or not self.index_files():
            return float("inf")
        return (time.time() - self._stamp.stat().st_mtime) / 3600

    def _without_mirror(self, error: StageError) -> None:
        lines = (line for head in _REASONS for line in error.tail if line.startswith(head))
        said = " ".join(next(lines, f"E: {error.message}").split()[1:])
        why = mirror.silence(error.tail) or said
        head = f"the mirror of release '{self.release.name}' did not answer ({why.rstrip('.')})"
        if self.given and not self._stamp.exists():
            self._update("Dir::Etc::sourcelist=" + str(self._own_list()), _KEEP_OTHERS)
            log.warn(f"{head}; taking what is in {self.release.folder} alone")
            return
        if not self.index_files() or not self._stamp.exists():
            raise UserError(
                f"no package index for release '{self.release.name}': {why.rstrip('.')}; check the "
                f"network, or 'mirror' in images/releases/{self.release.name}.yaml (log: "
                f"{paths.shown(self.log)})"
            ) from error
        log.warn(f"{head}; using the index of {self._age_hours():.0f} hours ago")

    def _prepare(self) -> None:
        for name in (
            "state/lists/partial",
            "cache/none/partial",
            "etc/preferences.d",
            "etc/apt.conf.d",
        ):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # apt fetches into these as its own user where it can.
        (self.debs / "partial").mkdir(parents=True, exist_ok=True)
        (self.folder / "state" / "status").touch()
        self._prefer()
        # The host's proxies, which are among the options, may hold passwords.
        atomic.write(self.config, apt_conf.text(self.release, self.folder, self.debs), mode=0o600)
