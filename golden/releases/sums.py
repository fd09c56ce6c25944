"""SHA256SUMS of an image release, or a saved state, which is signed, and covers every other file.

`sha256sum --check SHA256SUMS` and `openssl dgst -sha256 -verify KEY -signature SHA256SUMS.sig
SHA256SUMS` prove on any machine, Wheezy's too, what `verify` proves here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from golden import atomic, manifest, paths
from golden.errors import UserError
from golden.keys import signing

NAME = "SHA256SUMS"
SIGNATURE = NAME + signing.SUFFIX


def write(folder: Path, sums: Mapping[str, str]) -> None:
    """Write and sign the record of `sums`: {path of a file below `folder`: its SHA-256}."""
    lines = (f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items()))
    atomic.write(folder / NAME, "".join(lines), durable=True)
    signing.sign(folder / NAME)


def read(text: str) -> dict[str, str]:
    """{path of a file below the folder: its SHA-256} of the content of such a record."""
    rows = (line.partition("  ") for line in text.splitlines())
    return {name: sha256 for sha256, _, name in rows}


def files(folder: Path) -> dict[str, str]:
    """The same of every file in `folder`, the record and its signature too."""
    own = {name: manifest.sha256(folder / name) for name in (NAME, SIGNATURE)}
    return read((folder / NAME).read_text()) | own


def verify(
    folder: Path,
    kinds: Iterable[str] | None = None,
    key: bytes | None = None,
    *,
    what: str = "release",
    then: str = "",
) -> int:
    """Compare the files of the release in `folder` with what was signed; return how many they are.

    Without `kinds` all of them; else those of the kinds, and the release's own. `key` is the public
    key (PEM text; default: this checkout's). Raises UserError naming the first file that is
    missing, changed, or not of the release, or of `what` lies there instead, and what to do `then`.
    """
    then = then or f"throw the {what} away with: rm -r {paths.shown(folder)}"
    if not (folder / NAME).is_file():
        raise UserError(f"{paths.shown(folder / NAME)}: missing, so nothing is proven; {then}")
    signing.verify(folder / NAME, key, then=then)
    sums = read((folder / NAME).read_text())
    chosen = None if kinds is None else {*kinds}
    wanted = [name for name in sums if chosen is None or Path(name).parts[0] in chosen | {name}]
    for name in wanted:
        path = folder / name
        if not path.is_file() or manifest.sha256(path) != sums[name]:
            raise UserError(
                f"{paths.shown(path)}: not the bytes that {what} {folder.name} is signed for; "
                f"{then}"
            )
    own = {folder / name for name in (*sums, NAME, SIGNATURE)}
    for path in folder.rglob("*") if chosen is None else ():
        if not path.is_dir() and path not in own:
            raise UserError(f"{paths.shown(path)}: no part of the signed {what}; remove it")
    return len(wanted)
