"""No secret of the site is in what a bake makes: files are searched for every form of each."""

from __future__ import annotations

import contextlib
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from golden import log, paths, run
from golden.boot import container
from golden.errors import StageError
from golden.keys import marks
from golden.layers import enter

# Searched as layers; and seeds, which are what holds them, alone or as a bundle's folder.
_LEFT_OUT = {".qcow2", ".raw", ".gz", ".iso"}
SEEDS = "seed"
_AT_ONCE = 400
# user:password@ of a proxy or a mirror, as apt.conf(5) has it.
_IN_ADDRESS = re.compile(r"://[^/:@\s]*:([^/@\s]+)@")

# Where files of packages lie, whose bytes the lock names: reading them too takes as long as packing
# the tree. Without them a layer takes a second.
_OF_PACKAGES = {*("bin", "sbin", "lib", "lib32", "lib64", "libx32", "boot"), "usr"}
_OF_PACKAGES_USR = {*_OF_PACKAGES, "libexec", "share", "include", "games"} - {"usr"}

Marks = Mapping[bytes, str]


def of_bake(site: str, apt_config: Path) -> dict[bytes, str]:
    """The marks of the site's secrets, and of the passwords of the host's proxies."""
    found = marks.of_site(site)
    for password in _IN_ADDRESS.findall(apt_config.read_text() if apt_config.is_file() else ""):
        if len(password) >= marks.SHORTEST:
            found |= dict.fromkeys(marks.forms(password), "a proxy's password")
    return found


def show(site: str) -> None:
    """`inv secrets --search`: search what bakes, boots, checks and reports of `site` have written
    here, what the Docker engine tells of its containers, and the command lines of all processes.

    Raises StageError as `require_none`. Disks are left out: their layers were searched.
    """
    known = marks.of_site(site)
    places = (
        *(paths.CACHE / "log", paths.CACHE / "run" / site),
        *(paths.ARTIFACTS / site, paths.RENDERED / site),
    )
    files = [
        file
        for place in places
        for file in place.rglob("*")
        if file.is_file() and file.suffix not in _LEFT_OUT and SEEDS not in file.parts
    ]
    for start in range(0, len(files), _AT_ONCE):
        require_none(files[start : start + _AT_ONCE], known)
    told = container.told(site)
    for what, text in (*told.items(), *_command_lines()):
        if held := marks.held_in(text, known):
            raise StageError("search", f"{what} shows the secret {held}")
    log.info(
        f"site {site}: none of its secrets is in {len(files)} files, what the Docker engine tells "
        f"of {len(told)} containers, or any command line"
    )


def _command_lines() -> Iterator[tuple[str, bytes]]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield f"process {process.parent.name}", process.read_bytes()


def parts(tree: Path) -> list[Path]:
    """The folders of a tree, without those that hold nothing but files of packages."""
    top = [path for path in tree.iterdir() if path.name not in _OF_PACKAGES]
    usr = tree / "usr"
    below = usr.iterdir() if usr.is_dir() and not usr.is_symlink() else ()
    return [*top, *(path for path in below if path.name not in _OF_PACKAGES_USR)]


def require_none(places: Iterable[Path], known: Marks) -> None:
    """Raise StageError naming the file and the secret when a file in `places` has one of `known`.

    The secret itself is not shown.
    """
    found = search(places, known)
    if found:
        file, name = min(found.items())
        raise StageError(
            "bake",
            f"{file} holds the secret {name} ({len(found)} such files): an image must hold none",
            hint="take it out of what makes the file: a secret reaches a node on its seed alone",
        )


def search(places: Iterable[Path], known: Marks) -> dict[str, str]:
    """{file: name of the secret} of all files in `places` that hold one of `known`, also packed by
    gzip. Raises StageError when a place cannot be read."""
    there = [str(place) for place in places if place.exists()]
    if not known or not there:
        return {}
    words = ["grep", "-raoFHZ", "--devices=skip", "-f", "-", "--", *there]
    feed = b"\n".join(sorted(known)) + b"\n"
    argv = [*enter.namespaces(), "env", "LC_ALL=C", *words]
    said = run.run(argv, stdin=feed, stage="bake", check=False, apart=True)
    if said.code not in (0, 1):
        raise StageError("bake", "searching for secrets failed", command=words, code=said.code)
    rows = (line.split("\0", 1) for line in said.out.splitlines() if "\0" in line)
    found = {file: known[text.encode("utf-8", "surrogateescape")] for file, text in rows}
    return found | _packed(there, known)


def _packed(places: Iterable[str], known: Marks) -> dict[str, str]:
    found = {}
    for place in map(Path, places):
        for file in [place] if place.is_file() else place.rglob("*.gz"):
            packed = file.suffix == ".gz" and file.is_file() and not file.is_symlink()
            if held := marks.held_in(_unpacked(file) if packed else b"", known):
                found[str(file)] = held
    return found


def _unpacked(file: Path) -> bytes:
    try:
        return gzip.decompress(file.read_bytes())
    except (OSError, EOFError, zlib.error):
        # It only has the name.
        return b""
