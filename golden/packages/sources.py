"""apt's sources for a release; `mirror: host` means the mirror that the host's own apt uses.

So the project names no mirror, and works on a host behind a company's mirror.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from debian.deb822 import Deb822

from golden.definition.files import Source
from golden.definition.models import Release
from golden.errors import UserError

APT_FOLDER = Path("/etc/apt")
APT_LISTS = Path("/var/lib/apt/lists")
OS_RELEASE = Path("/etc/os-release")
ORIGIN = "Debian"  # in Debian's own Release files
_WEB = ("http", "https")
_SIGNED_BY = re.compile(r"\bsigned-by=(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class HostSource:
    """One repository and suite that the host's apt reads; `signed_by` is its keyring, if named."""

    uri: str
    suite: str
    components: tuple[str, ...] = ("main",)
    signed_by: str = ""


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
        # "deb [signed-by=/a arch=amd64] http://…": the options may hold spaces.
        match = re.match(r"\s*deb\s+(\[[^]]*\]\s*)?([^[#].*)", line.partition("#")[0])
        words = match[2].split() if match else []
        if match and len(words) >= 2:
            signed = _SIGNED_BY.search((match[1] or "").rstrip(" ]"))
            uri, suite, *components = words
            found.append(_source(uri, suite, components, signed[1] if signed else ""))
    return found


def _deb822(path: Path) -> list[HostSource]:
    found = []
    for entry in Deb822.iter_paragraphs(path.read_text("utf-8", "replace"), use_apt_pkg=False):
        if entry.get("Enabled", "yes").lower() in ("no", "false", "without", "off", "disable"):
            continue
        if "deb" in entry.get("Types", "").split():
            components = entry.get("Components", "").split()
            signed_by = entry.get("Signed-By", "").strip()
            found += [
                _source(uri, suite, components, signed_by)
                for uri in entry.get("URIs", "").split()
                for suite in entry.get("Suites", "").split()
            ]
    return found


def _source(uri: str, suite: str, components: Sequence[str], signed_by: str) -> HostSource:
    return HostSource(uri.rstrip("/"), suite.rstrip("/"), tuple(components), signed_by)


def host_codename(path: Path = OS_RELEASE) -> str:
    """The host's own release, such as `bookworm`; empty where it does not say."""
    for line in path.read_text().splitlines() if path.is_file() else ():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    return ""


def host_mirror(
    release: Release,
    wanted: Source,
    known: Sequence[HostSource],
    codename: str,
    lists: Path = APT_LISTS,
) -> str:
    """The host's mirror of `wanted`: of those that have its suite and components, the one signed by
    the release's keyring, or whose Release file in `lists` has Debian for its origin.

    A host of another Debian release has no such suite, but the mirror that serves its own
    (`trixie-security`) serves the same part of that one (`bookworm-security`).
    Raises UserError when the host's apt has no such source, or several without such a proof.
    """
    suite = wanted.suite.rstrip("/")
    twin = suite.replace(release.name, codename, 1) if codename else suite
    for name in dict.fromkeys((suite, twin)):
        fitting = [s for s in known if s.suite == name and {*wanted.components} <= {*s.components}]
        doubts = [_doubt(source, release, lists) for source in fitting]
        least = min(doubts, default=0)
        best = [each.uri for each, doubt in zip(fitting, doubts, strict=True) if doubt == least]
        if least and len(set(best)) > 1:
            which = " or ".join(map(_bare, best))
            raise _no_mirror(release, f"which of {which} has Debian's '{name}' is not known")
        if best:
            return best[0]
    suites = f"'{suite}'" if twin == suite else f"'{suite}' or '{twin}'"
    components = " ".join(wanted.components)
    raise _no_mirror(release, f"this host's apt has no source for {components} of {suites}")


def _doubt(source: HostSource, release: Release, lists: Path) -> int:
    """0 for a proven mirror of Debian, 2 for a proven other repository, 1 without any proof."""
    place = source.uri.partition("://")[2].replace("/", "_")
    head = f"{place}_dists_{source.suite.replace('/', '_')}"
    for path in (lists / f"{head}_InRelease", lists / f"{head}_Release"):
        if path.is_file():
            origin = re.search(r"(?m)^Origin: (.*)$", path.read_text("utf-8", "replace"))
            return 0 if origin and origin[1].strip() == ORIGIN else 2
    if not source.signed_by:
        return 1
    keyrings = {Path(word).name for word in source.signed_by.replace(",", " ").split()}
    return 0 if Path(release.keyring).name in keyrings else 2


def signed_heads(lists: Path) -> dict[str, bytes]:
    """What proves the indexes in `lists`, apt's folder: InRelease, or Release and Release.gpg, of
    each signed source. The names say nothing of where it is: that may be a path of this host."""
    found = {}
    for number, head in enumerate(sorted([*lists.glob("*_InRelease"), *lists.glob("*.gpg")]), 1):
        for file in (head, head.with_suffix("")):
            if file.is_file():
                found[f"source-{number}.{file.name.rpartition('_')[2]}"] = file.read_bytes()
    return found


def _no_mirror(release: Release, why: str) -> UserError:
    return UserError(
        f"images/releases/{release.name}.yaml: mirror: host: {why}; write the URL of a mirror "
        f"there, or add such a source, with Signed-By: {release.keyring}, to {APT_FOLDER}"
    )


def lines(release: Release) -> tuple[str, ...]:
    """The sources.list that the bake of `release` reads. Raises UserError (see `mirror_of`)."""
    return tuple(_line(release, source) for source in release.sources)


def own_line(folder: Path, suite: str) -> str:
    """The line for a repository in `folder` that was made, or verified, on this host."""
    # Decoded twice: by apt's reader of sources.list, and by its method `copy`.
    return f"deb [trusted=yes] copy:{urllib.parse.quote(own_uri(folder))} {suite}"


def own_uri(folder: Path) -> str:
    """The path of `folder` as apt prints it in the address of a package."""
    return urllib.parse.quote(str(folder))


def image_lines(release: Release) -> tuple[str, ...]:
    """The image's own sources.list; without options, which old apts lack (docs/wheezy.md W1.9).

    Raises UserError for a source that only this host can read (and see `mirror_of`).
    """
    chosen = release.image_sources or release.sources
    return tuple(
        f"deb {_for_image(release, mirror_of(release, source))} {source.suite} "
        f"{' '.join(source.components)}"
        for source in chosen
    )


def _for_image(release: Release, uri: str) -> str:
    scheme, _, place = uri.partition(":")
    if scheme == "mirror+file" and (path := Path(re.sub("^//", "", place))).is_file():
        # apt-transport-mirror(1): an address a line, with options behind a tab.
        words = path.read_text().split()
        uri = next((word.rstrip("/") for word in words if word.startswith("http")), uri)
    if uri.partition(":")[0] not in _WEB:
        raise UserError(
            f"images/releases/{release.name}.yaml: image_sources: nodes cannot use {uri}, which "
            "only this host can read; list there the sources that nodes are to use"
        )
    return _without_password(release, uri)


def _line(release: Release, source: Source) -> str:
    options = [f"arch={release.architecture}", f"signed-by={release.keyring}"]
    if not release.check_valid_until:
        options.append("check-valid-until=no")
    # copy: and not file:, so that apt puts packages into the cache as it does with fetched ones.
    mirror = re.sub("^file:", "copy:", mirror_of(release, source))
    where = f"{mirror} {source.suite} {' '.join(source.components)}".rstrip()
    return f"deb [{' '.join(options)}] {where}"


def recorded(line: str) -> str:
    """A line for a manifest: without paths of the host that baked."""
    return re.sub(r"((?:^deb |\] )\S*?(?:copy|file)):\S+", r"\1:(this host)", line)


def mirror_of(release: Release, source: Source) -> str:
    """The URL that `source` is read from.

    Raises UserError for one with a password, and when the host is to name it (see `host_mirror`).
    """
    mirror = source.mirror or release.mirror
    if mirror == "host":
        mirror = host_mirror(release, source, host_sources(), host_codename())
    return _without_password(release, mirror.rstrip("/"))


def _without_password(release: Release, uri: str) -> str:
    """`uri`; UserError where it holds a password, which would end in images and logs."""
    if _bare(uri) != uri:
        raise UserError(
            f"images/releases/{release.name}.yaml: mirror: {_bare(uri)} is given with a user or "
            "password, which must not get into images and logs: take it out of the address, and "
            "put it into a file in /etc/apt/auth.conf.d (apt_auth.conf(5))"
        )
    return uri


def _bare(uri: str) -> str:
    return re.sub(r"//[^/]*@", "//", uri)
