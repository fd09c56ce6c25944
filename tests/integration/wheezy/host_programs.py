"""The programs of this host, to be packed into packages with Wheezy's names.

Wheezy's own binaries cannot be had here, and the tests need a tree in which scripts/bake/*.sh run.
So the required packages hold what this host's packages of the same name hold (by dpkg's lists), and
libc6 holds the libraries and everything else that those need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from debian.deb822 import Deb822

from tests.unit.wheezy.packages import File

DPKG = Path("/var/lib/dpkg")
ROOTS = (
    *("adduser", "base-files", "base-passwd", "bash", "coreutils", "dash", "debconf"),
    *(
        "debianutils",
        "diffutils",
        "dpkg",
        "e2fsprogs",
        "findutils",
        "grep",
        "gzip",
        "hostname",
        "libc-bin",
    ),
    *("login", "mawk", "openssl", "passwd", "perl-base", "sed", "tar", "util-linux"),
)
LEFT_OUT = tuple(
    f"/usr/share/{name}" for name in ("bash-completion", "doc", "info", "lintian", "locale", "man")
)
# Written by maintainer scripts, which come from tests/data and not from the host.
LEFT_OUT += ("/usr/share/zoneinfo", "/etc/apparmor", "/usr/lib/systemd", "/lib/systemd")


def by_package(names: Iterable[str]) -> dict[str, dict[str, File]]:
    """The files of this host by the package that is to carry them; `names` are those there are."""
    known = set(names)
    found: dict[str, dict[str, File]] = {}
    for package in closure(ROOTS):
        carrier = package if package in known else "libc6"
        found.setdefault(carrier, {}).update(files(package))
    return found


def closure(roots: Iterable[str]) -> list[str]:
    """`roots` and all that they depend on, as installed on this host."""
    installed = {p["Package"]: p for p in _paragraphs()}
    provided = {
        name: package
        for package, fields in installed.items()
        for name in _names(fields.get("Provides", ""))
    }
    found: dict[str, None] = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        name = name if name in installed else provided.get(name, "")
        if name and name not in found:
            found[name] = None
            todo += _names(installed[name].get("Depends", ""))
            todo += _names(installed[name].get("Pre-Depends", ""))
    return sorted(found)


def _paragraphs() -> Iterator[Mapping[str, str]]:
    with (DPKG / "status").open() as file:
        yield from Deb822.iter_paragraphs(file, use_apt_pkg=False)


def _names(relations: str) -> list[str]:
    first = (words.split("|")[0].split() for words in relations.split(","))
    return [words[0].partition(":")[0] for words in first if words]


def files(package: str) -> dict[str, File]:
    """What the host's `package` holds, by path as in the package: /bin is no link there."""
    lists = [DPKG / "info" / f"{package}{arch}.list" for arch in ("", ":amd64")]
    listing = next(path for path in lists if path.is_file())
    paths = (line for line in listing.read_text().splitlines() if not line.startswith(LEFT_OUT))
    return {path: file for path in paths if path != "/." and (file := _file(Path(path)))}


def _file(path: Path) -> File | None:
    if path.is_symlink() and not (path.is_dir() and len(path.parts) == 2):
        return File(link=str(path.readlink()))
    if path.is_dir():
        return File(mode=path.stat().st_mode & 0o7777, folder=True)
    if path.is_file():
        return File(path.read_bytes(), path.stat().st_mode & 0o7777)
    return None
