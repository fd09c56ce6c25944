"""The lines of apt's sources for a release; `mirror: host` means what the host's own apt uses.

So no mirror's name is ever written into the project, and a host behind a company's mirror works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from debian.deb822 import Deb822

from golden.definition.files import Source
from golden.definition.models import Release
from golden.errors import UserError

APT_FOLDER = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
# Of a repository that is made on this host, or whose signature was verified before it came here.
_OWN = "deb [trusted=yes] copy:"


@dataclass(frozen=True)
class HostSource:
    """One place and suite that the host's apt reads."""

    uri: str
    suite: str


def host_sources(folder: Path = APT_FOLDER) -> tuple[HostSource, ...]:
    """What the host's apt reads packages from: sources.list, *.list and deb822 *.sources.

    Formats: sources.list(5). Disabled entries and deb-src are left out.
    """
    parts = folder / "sources.list.d"
    lists = [folder / "sources.list", *sorted(parts.glob("*.list"))]
    found = [source for path in lists if path.is_file() for source in _one_line(path)]
    for path in sorted(parts.glob("*.sources")):
        found += _deb822(path)
    return tuple(found)


def _one_line(path: Path) -> list[HostSource]:
    found = []
    for line in path.read_text("utf-8", "replace").splitlines():
        words = _without_options(line.partition("#")[0])
        if len(words) >= 3 and words[0] == "deb":
            found.append(HostSource(words[1].rstrip("/"), words[2].rstrip("/")))
    return found


def _without_options(line: str) -> list[str]:
    # "deb [signed-by=/a arch=amd64] http://…": the options may hold spaces.
    before, bracket, rest = line.partition("[")
    if bracket and before.strip() in ("deb", "deb-src"):
        line = before + rest.partition("]")[2]
    return line.split()


def _deb822(path: Path) -> list[HostSource]:
    found = []
    for entry in Deb822.iter_paragraphs(path.read_text("utf-8", "replace"), use_apt_pkg=False):
        if entry.get("Enabled", "yes").lower() in ("no", "false", "without", "off", "disable"):
            continue
        if "deb" in entry.get("Types", "").split():
            uris, suites = entry.get("URIs", "").split(), entry.get("Suites", "").split()
            found += [HostSource(u.rstrip("/"), s.rstrip("/")) for u in uris for s in suites]
    return found


def host_codename(path: Path = OS_RELEASE) -> str:
    """The host's own release, such as `bookworm`; empty where it does not say."""
    for line in path.read_text().splitlines() if path.is_file() else ():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    return ""


def host_mirror(release: str, suite: str, sources: tuple[HostSource, ...], codename: str) -> str:
    """The host's mirror for `suite` of `release`.

    A host of another Debian release has no such suite, but the mirror that serves its own
    (`trixie-security`) serves the same part of that one (`bookworm-security`).
    Raises UserError when the host's apt has neither.
    """
    twin = suite.replace(release, codename, 1) if codename else suite
    for wanted in (suite, twin):
        for source in sources:
            if source.suite == wanted:
                return source.uri
    raise UserError(
        f"images/releases/{release}.yaml: mirror: host: this host's apt has no source for "
        f"the suite '{suite}'"
        + (f" or '{twin}'" if twin != suite else "")
        + f"; write the URL of a mirror there, or add such a source to {APT_FOLDER}"
    )


def lines(release: Release) -> tuple[str, ...]:
    """The sources.list that the bake of `release` reads. Raises UserError (see `host_mirror`)."""
    return tuple(_line(release, source) for source in release.sources)


def standins_lines(release: Release, folder: Path) -> tuple[str, ...]:
    """The line for the repository of stand-ins in `folder`, for a release that has them."""
    return (f"{_OWN}{folder} ./",) if release.standins else ()


def pool_lines(release: Release, folder: Path) -> tuple[str, ...]:
    """The line for what the pool in `folder` has of `release`; none where it has nothing."""
    known = (folder / release.name / "Release").is_file()
    return (f"{_OWN}{folder} {release.name}/",) if known else ()


def heads(own: Iterable[str]) -> list[Path]:
    """The Release files of the repositories of `standins_lines` and `pool_lines`."""
    places = (line.removeprefix(_OWN).rpartition(" ") for line in own)
    return [Path(folder) / suite / "Release" for folder, _, suite in places]


def image_lines(release: Release) -> tuple[str, ...]:
    """The image's own sources.list, without options: old apts know none (docs/wheezy.md W1.9)."""
    chosen = release.image_sources or release.sources
    return tuple(
        f"deb {mirror_of(release, source)} {source.suite} {' '.join(source.components)}"
        for source in chosen
    )


def _line(release: Release, source: Source) -> str:
    options = [f"arch={release.architecture}", f"signed-by={release.keyring}"]
    if not release.check_valid_until:
        options.append("check-valid-until=no")
    # copy: and not file:, so that apt puts packages into the cache as it does with fetched ones.
    mirror = re.sub("^file:", "copy:", mirror_of(release, source))
    where = f"{mirror} {source.suite} {' '.join(source.components)}".rstrip()
    return f"deb [{' '.join(options)}] {where}"


def mirror_of(release: Release, source: Source) -> str:
    """The URL that `source` is read from. Raises UserError (see `host_mirror`)."""
    mirror = source.mirror or release.mirror
    if mirror == "host":
        return host_mirror(release.name, source.suite, host_sources(), host_codename())
    return mirror.rstrip("/")
