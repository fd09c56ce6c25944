"""The packages of a site that no source in reach serves: who wants which version, and where its
source is public. The latter are facts of docs/wheezy.md, section 17."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from golden import log, paths
from golden.definition import Release, Site
from golden.errors import StageError
from golden.host import Finding
from golden.packages import AptState
from golden.packages.pins import candidates

FACTS = paths.ROOT / "docs" / "wheezy.md"
_ROW = re.compile(
    r"^\| \*\*W17\.\d+\*\* \| (?P<names>[^|]+) \| (?P<version>[^|]*) \| (?P<place>[^|]*) \|"
    r"(?P<tag>[^|]*)\|$",
    re.MULTILINE,
)
NAME = "packages"
NEEDED_BY_THOSE = "if those need it"


@dataclass(frozen=True)
class Unserved:
    """One package: the version that is pinned or known, the roles that ask for it, and the public
    source (empty where none is known)."""

    name: str
    version: str
    roles: tuple[str, ...]
    source: str


def public(text: str) -> dict[str, tuple[str, str]]:
    """{package: (version, where its source is)} of section 17 of docs/wheezy.md."""
    found = {}
    for row in _ROW.finditer(text):
        source = ", ".join(
            filter(None, [row["place"].strip(), row["tag"].partition(";")[0].strip()])
        )
        for name in row["names"].split(", "):
            # "snf-common, -webproject": the first part is that of the first.
            whole = f"snf{name}" if name.startswith("-") else name.strip()
            found[whole] = re.split("[,;]", row["version"])[0].strip(), source
    return found


def unserved(
    site: Site,
    candidates: Mapping[str, str] | None,
    given: Collection[str],
    facts: Mapping[str, tuple[str, str]],
) -> list[Unserved]:
    """What is missing, by source and name.

    `candidates` are what apt would install of each name; None where it has no index, so that only
    what never was Debian's (`facts`) is known to be missing. `given` are those of the site's
    folder.
    """
    asked = _asked(site)
    there = {*given, *site.release.standins}
    if candidates is None:
        lost = {name for name in asked if name in facts}
    else:
        pins = site.release.pins
        lost = {n for n in {*asked, *pins} if not _serves(candidates.get(n), pins.get(n))}
    if lost - there:
        # What those depend on, as nobody asks for it by name.
        nothing = {name for name, real in site.release.packages.items() if not real}
        lost |= {name for name in facts if name not in (candidates or asked)} - nothing
    found = [_one(site.release, name, asked, facts) for name in lost - there]
    return sorted(found, key=lambda one: (one.source, one.name))


def _serves(candidate: str | None, pin: str | None) -> bool:
    return candidate is not None and pin in (None, candidate)


def _asked(site: Site) -> dict[str, tuple[str, ...]]:
    """{real name: roles} of every package that a role of the site asks for."""
    found: dict[str, set[str]] = defaultdict(set)
    for role in {role.name: role for kind in site.kinds for role in kind.roles}.values():
        for logical in role.packages:
            for name in site.release.real_packages(logical):
                found[name].add(role.name)
    return {name: tuple(sorted(roles)) for name, roles in found.items()}


def _one(
    release: Release,
    name: str,
    asked: Mapping[str, tuple[str, ...]],
    facts: Mapping[str, tuple[str, str]],
) -> Unserved:
    version, source = facts.get(name, ("", ""))
    roles = asked.get(name, (NEEDED_BY_THOSE,))
    return Unserved(name, release.pins.get(name, version), roles, source)


def look(site: Site, state: AptState | None = None) -> list[Unserved]:
    """As `unserved`, of what apt knows by now. Raises UserError for an unusable folder."""
    state = state or AptState(site.release)
    state.index_folder()
    given = [deb.field("Package") for deb in state.debs_given.values()]
    facts = public(FACTS.read_text())
    names = sorted({*_asked(site), *site.release.pins, *facts})
    return unserved(site, _candidates(state, names), given, facts)


def _candidates(state: AptState, names: list[str]) -> dict[str, str] | None:
    if not state.index_files():
        return None
    try:
        return candidates(state.cache("policy", names))
    except StageError:
        return None


def finding(site: str, lost: list[Unserved]) -> Finding:
    """Whether everything is served."""
    if not lost:
        return Finding(NAME, True, True, "no source in reach is known to lack one")
    detail = f"no source in reach has {len(lost)} of them, such as {lost[0].name}: see the table"
    return Finding(NAME, False, True, detail, f"./inv bake --site {site} --packages DIR")


def show(site: Site, lost: list[Unserved]) -> None:
    """Print the table, a line for each package."""
    rows = [(one.name, one.version, ", ".join(one.roles), one.source) for one in lost]
    title = (
        f"No source in reach serves these to site {site.name}; whoever has built them names the "
        "folder of the .debs: --packages DIR"
    )
    log.table(("package", "version", "wanted by", "public source, on GitHub"), rows, title=title)
