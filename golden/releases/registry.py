"""An OCI registry: manifests by tag or digest, and blobs that go on where they were cut.

Its API: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

import requests

from golden import atomic, log, manifest, paths
from golden.errors import StageError, UserError
from golden.releases.login import PASSWORD, SECONDS, USER, Login, is_loopback

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
FILE = "application/octet-stream"
# What the specification lets a registry refuse to take as a manifest.
LARGEST_MANIFEST = 4 << 20
CHUNK = 16 << 20
_PIECE = 1 << 20
Say = Callable[[int], None]

# https://pkg.go.dev/github.com/distribution/reference#pkg-overview, with the host.
_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    r"(?P<host>(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]+)?)"
    rf"/(?P<name>{_NAME}(?:/{_NAME})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Reference:
    """The repository `name` of the registry at `host`, and in it a `tag` or a `digest`."""

    host: str
    name: str
    tag: str
    digest: str

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"


def reference(text: str) -> Reference:
    """REGISTRY/REPO[:TAG|@DIGEST] in its parts. Raises UserError when `text` is none."""
    found = _REFERENCE.fullmatch(text)
    if not found or not re.search(r"[.:]|^localhost$", found["host"]):
        raise UserError(
            f"'{text}': not a registry's address such as registry.example:5000/golden/lab:tag, "
            f"in lower case and without https://, or with @sha256:… for the tag"
        )
    return Reference(found["host"], found["name"], found["tag"] or "", found["digest"] or "")


def digest(content: bytes) -> str:
    """The digest of `content`, as a registry calls it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Registry:
    """The repository of `where`; over HTTPS but on loopback, or where the user takes any.

    Every method raises UserError for what the registry refuses and for bytes that are not those
    of their digest, StageError where it does not answer.
    """

    def __init__(self, where: Reference, *, insecure: bool = False) -> None:
        self._where = where
        host = str(urlsplit(f"//{where.host}").hostname)
        base = f"{'http' if insecure or is_loopback(host) else 'https'}://{where.host}"
        self._at = f"{base}/v2/{where.name}/"
        self._session = requests.Session()
        # Else requests would send what ~/.netrc has.
        self._session.auth = self._login = Login(base)

    def manifest(self, name: str) -> bytes | None:
        """The manifest or index with the tag or digest `name`; None where there is none."""
        return self._manifest(f"manifests/{name}", name)

    def referrers(self, subject: str) -> tuple[bytes | None, bool]:
        """The index of what refers to the digest `subject`, and whether the registry keeps it: else
        clients do, under a tag."""
        content = self._manifest(f"referrers/{subject}", "")
        if content is not None:
            return content, True
        return self.manifest(referrers_tag(subject)), False

    def put_manifest(self, name: str, content: bytes, media: str = IMAGE) -> None:
        """Give the registry a manifest under the tag or digest `name`."""
        self._ask("PUT", f"manifests/{name}", (201,), data=content, headers={"Content-Type": media})
        log.detail(f"sent manifest {name} to {self._where}")

    def blob(self, sha256: str) -> bytes:
        """A blob of the size of a manifest at most."""
        content = self._small(f"blobs/sha256:{sha256}")
        if content is None or digest(content) != f"sha256:{sha256}":
            raise self._false(sha256)
        return content

    def upload(self, content: BinaryIO, sha256: str, say: Say) -> bool:
        """Send a blob, of which `say` hears how many bytes are there; False where the registry has
        it."""
        if self._ask("HEAD", f"blobs/sha256:{sha256}", (200, 404)).status_code == 200:
            return False
        own = hashlib.sha256(f"{self._at}{sha256}".encode()).hexdigest()
        note = paths.CACHE / "uploads" / own
        place, at = self._begun(note)
        content.seek(at)
        while piece := content.read(CHUNK):
            head = {"Content-Type": FILE, "Content-Range": f"{at}-{at + len(piece) - 1}"}
            sent = self._ask("PATCH", place, (202,), data=piece, headers=head)
            place = urljoin(place, sent.headers["Location"])
            at += len(piece)
            # Who knows the address may write there.
            atomic.write(note, place, mode=0o600)
            say(at)
        note.unlink(missing_ok=True)
        self._ask("PUT", place, (201,), params={"digest": f"sha256:{sha256}"})
        return True

    def download(self, sha256: str, size: int, target: Path, say: Say) -> None:
        """Fetch a blob of `size` bytes to the file `target`, or what it lacks of it."""
        at = target.stat().st_size if target.is_file() else 0
        if at < size:
            at = self._fetch(sha256, size, target, at, say)
        if at < size:
            raise self._cut(f"it sent {at} of {size} bytes")
        if at > size or manifest.sha256(target) != sha256:
            target.unlink()
            raise self._false(sha256)

    def _false(self, sha256: str) -> UserError:
        return UserError(
            f"{self._where}: what it gives for sha256:{sha256} has other bytes, and is not kept: "
            "find out who changed the registry, and push the release to another repository"
        )

    def _fetch(self, sha256: str, size: int, target: Path, at: int, say: Say) -> int:
        head = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={at}-"} if at else {})
        url = f"blobs/sha256:{sha256}"
        answer = self._ask("GET", url, (200, 206), headers=head, stream=True)
        if answer.status_code == 200:  # from its beginning, whatever was asked for
            at = 0
        with contextlib.closing(answer), target.open("ab" if at else "wb") as file:
            try:
                for piece in answer.iter_content(_PIECE):
                    at += file.write(piece)
                    say(at)
                    if at > size:
                        break
            except requests.RequestException as error:
                raise self._lost(error) from None
        return at

    def _begun(self, note: Path) -> tuple[str, int]:
        """Where the upload that `note` tells of goes on, and from which byte; else a new one."""
        if note.is_file():
            place = note.read_text()
            # A registry that has lost it, or has half a chunk, answers as it likes.
            answer = self._ask("GET", place, None)
            range_ = re.fullmatch(r"(?:bytes=)?0-([0-9]+)", answer.headers.get("Range", ""))
            if answer.status_code == 204 and range_:
                return urljoin(place, answer.headers.get("Location", "")), int(range_[1]) + 1
            note.unlink()
        begun = self._ask("POST", "blobs/uploads/", (202,))
        return urljoin(self._at, begun.headers["Location"]), 0

    def _manifest(self, url: str, name: str) -> bytes | None:
        content = self._small(url)
        if content is not None and name.startswith("sha256:") and digest(content) != name:
            raise self._false(name.removeprefix("sha256:"))
        return content

    def _small(self, url: str) -> bytes | None:
        """The content there, of a manifest's size at most; None where there is none."""
        head = {"Accept": f"{IMAGE}, {INDEX}, */*", "Accept-Encoding": "identity"}
        answer, content = self._ask("GET", url, (200, 404), headers=head, stream=True), b""
        with contextlib.closing(answer):
            if answer.status_code == 404:
                return None
            try:
                for piece in answer.iter_content(_PIECE):
                    content += piece
                    if len(content) > LARGEST_MANIFEST:
                        raise UserError(f"{self._where}: {url} has more than 4 MiB, none of ours")
            except requests.RequestException as error:
                raise self._lost(error) from None
        return content

    def _ask(
        self, method: str, url: str, fine: tuple[int, ...] | None, **options: Any
    ) -> requests.Response:
        """The answer, of a status in `fine` (None: any)."""
        where = urljoin(self._at, url)
        try:
            answer = self._session.request(method, where, timeout=SECONDS, **options)
            wants = answer.headers.get("WWW-Authenticate", "")
            if answer.status_code == 401 and self._login.answer(wants):
                answer = self._session.request(method, where, timeout=SECONDS, **options)
        except requests.RequestException as error:
            # Its text has the whole address, and of an upload that is a secret.
            raise self._lost(error) from None
        if fine is None or answer.status_code in fine:
            return answer
        raise self._refusal(answer)

    def _lost(self, error: requests.RequestException) -> StageError:
        return self._cut(f"the registry does not answer, or no more ({type(error).__name__})")

    def _cut(self, why: str) -> StageError:
        hint = "see that it runs and is reached from here, then run it again: it goes on"
        return StageError("registry", f"{self._where}: {why}", hint=hint)

    def _refusal(self, answer: requests.Response) -> UserError:
        if answer.status_code in (401, 403):
            return UserError(
                f"{self._where}: the registry refuses this user; log in with docker login "
                f"{self._where.host}, or set {USER} and {PASSWORD}"
            )
        said = log.printable(answer.text[:200].strip())
        return UserError(f"{self._where}: the registry answers {answer.status_code}: {said}")


def referrers_tag(subject: str) -> str:
    """The tag of the index of what refers to the digest `subject`: "Referrers Tag Schema"."""
    return subject.replace(":", "-")
