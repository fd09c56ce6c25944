"""Files that an image needs and no package has: fetched here, never by a node; kept in the pool.

The hash of an unlocked one is recorded beside the pool, so that a plan fetches it once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from golden import atomic, paths
from golden.errors import UserError
from golden.packages import store

SECONDS = 60  # of silence
_CHUNK = 1 << 20


@dataclass(frozen=True, order=True)
class Download:
    """A file: `source` is its URL or path, `size` in bytes."""

    source: str
    size: int
    sha256: str


class Downloads:
    """The downloads of one bake, with the `locked` ones of its release.

    `fresh` fetches them again, whatever is known; `offline` uses the pool alone.
    """

    def __init__(
        self,
        pool: Path | None = None,
        locked: Iterable[Download] = (),
        *,
        offline: bool = False,
        fresh: bool = False,
    ) -> None:
        self.pool = pool or paths.CACHE / "pool"
        self._locked = {each.source: each for each in locked}
        self._offline, self._fresh = offline, fresh

    def find(self, source: str) -> Download:
        """The file at `source`: as locked, as remembered, or fetched now.

        Raises UserError where it cannot be fetched.
        """
        known = None if self._fresh else self._locked.get(source) or self._remembered(source)
        return known or self._anew(source)

    def fetch(self, wanted: Download, say: Callable[[str], None]) -> None:
        """Put `wanted` into the pool. Raises UserError when its source has other bytes now."""
        if store.is_whole(self.file(wanted), wanted.size, wanted.sha256):
            return
        say(f"fetching {wanted.source}")
        found = self._anew(wanted.source)
        if found != wanted:
            raise UserError(
                f"{wanted.source} has other bytes than before ({found.sha256[:12]}… and not "
                f"{wanted.sha256[:12]}…); to accept them: ./inv lock"
            )

    def file(self, download: Download) -> Path:
        """Where it lies in the pool."""
        return store.pooled(self.pool, download.sha256)

    def _anew(self, source: str) -> Download:
        if self._offline:
            raise UserError(
                f"--offline: the pool does not have {source}; bring it with ./inv pool.import "
                "FILE, or fill the pool where it can be fetched: ./inv pool.fill"
            )
        place = self.pool / "sha256"
        place.mkdir(parents=True, exist_ok=True)
        partial = atomic.partial(place / "download")
        digest, size = hashlib.sha256(), 0
        try:
            with store.explain_full_disk(self.pool), partial.open("wb") as out:
                for chunk in _content(source):
                    digest.update(chunk)
                    size += out.write(chunk)
            found = Download(source, size, digest.hexdigest())
            store.copy(partial, self.file(found), size, found.sha256)
        finally:
            partial.unlink(missing_ok=True)
        self._remember(found)
        return found

    @property
    def _notes(self) -> Path:
        return self.pool / "downloads.json"

    def _remembered(self, source: str) -> Download | None:
        # A file of this host may be another by now, and is looked at quickly.
        if _is_file(source) or not self._notes.is_file():
            return None
        found = json.loads(self._notes.read_text()).get(source)
        return Download(**found) if found else None

    def _remember(self, found: Download) -> None:
        known = json.loads(self._notes.read_text()) if self._notes.is_file() else {}
        known[found.source] = asdict(found)
        atomic.write(self._notes, json.dumps(known, indent=1, sort_keys=True) + "\n")


def _is_file(source: str) -> bool:
    return "://" not in source or source.startswith("file://")


def _content(source: str) -> Iterator[bytes]:
    if _is_file(source):
        path = paths.ROOT / source.removeprefix("file://")
        try:
            with path.open("rb") as content:
                yield from iter(lambda: content.read(_CHUNK), b"")
        except OSError as error:
            raise _lost(source, error.strerror or str(error)) from None
        return
    # It takes a tenth as long to load as a bake with nothing to do.
    import requests

    try:
        with contextlib.closing(requests.get(source, stream=True, timeout=SECONDS)) as answer:
            answer.raise_for_status()
            yield from answer.iter_content(_CHUNK)
    except requests.RequestException as error:
        # Of a refused connection requests tells a page.
        why = str(error) if len(str(error)) < 120 else type(error).__name__
        raise _lost(source, why) from None


def _lost(source: str, why: str) -> UserError:
    return UserError(
        f"{source}: {why}; the site's definition names it (images/sites): name a copy that can be "
        "fetched, or a file of this host"
    )
