"""Load the definition of a site, or raise the list of its problems."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from golden import paths
from golden.definition import crosscheck, variables
from golden.definition.content import Content, Facts, check_layout, read_content
from golden.definition.document import Document, inherit, read
from golden.definition.models import Site
from golden.definition.problems import Problems, nearest
from golden.definition.resolve import resolve, with_packages
from golden.definition.schema import FAMILIES
from golden.definition.tree import Tree
from golden.definition.validate import validate
from golden.errors import UserError

# Of a site or release that is like another, these mappings hold the entries of both.
JOINED = {"site": ("variables", "facts", "names"), "release": ("facts", "packages", "services")}


def sites(root: Path = paths.ROOT) -> tuple[str, ...]:
    """The names of all sites, sorted."""
    return tuple(sorted(Tree(root).names["site"]))


def load(site: str, root: Path = paths.ROOT, packages: str = "") -> Site:
    """The definition of `site` and everything it uses, from the checkout at `root`, with the
    folder of `packages` in place of its own, if given.

    Raises UserError with all problems of these files, each `file:line: path: message`.
    """
    reading = _Reading(Tree(root), Problems(root))
    if site not in reading.tree.names["site"]:
        raise UserError(f"there is no site '{site}'; {nearest(site, reading.tree.names['site'])}")
    parts = _gather(site, reading)
    reading.problems.raise_any()
    found = _resolve(parts)
    if not packages:
        return found
    folder = str(Path(packages).resolve())
    return replace(found, release=with_packages(found.release, site, folder))


def load_all(root: Path = paths.ROOT) -> tuple[Site, ...]:
    """All sites, sorted by name; raises as `load` does, also for files that no site uses."""
    reading = _Reading(Tree(root), Problems(root))
    gathered = [_gather(site, reading) for site in sorted(reading.tree.names["site"])]
    every = {
        family: [reading.document(family, name) for name in sorted(reading.tree.names[family])]
        for family in FAMILIES
    }
    for release in every["release"]:
        crosscheck.check_release(release, every["role"])
    reading.problems.raise_any()
    return tuple(_resolve(parts) for parts in gathered)


@dataclass
class _Reading:
    """Reads and validates each file of a tree once."""

    tree: Tree
    problems: Problems
    _documents: dict[Path, Document] = field(default_factory=dict)

    def document(self, family: str, name: str) -> Document:
        """The validated file of the thing called `name`."""
        file = self.tree.file(family, name)
        if file not in self._documents:
            self._documents[file] = self._read(family, name, file)
        return self._documents[file]

    def named(self, family: str, source: Document, *pattern: str) -> dict[str, Document]:
        """The files of what `source` names at `pattern`, each once, in order."""
        names = dict.fromkeys(name for _, name in source.each(*pattern))
        return {name: self.document(family, name) for name in names}

    def _read(self, family: str, name: str, file: Path) -> Document:
        document = read(file, self.problems)
        if family in JOINED:
            self._inherit(family, name, document)
        if document.nodes:
            validate(document, FAMILIES[family], self.tree.names)
            for keys, own in document.each(family):
                if own != name:
                    document.problem(keys, f"must be '{name}', as the file is called")
        if family == "release":
            crosscheck.check_qcow2(document)
        if family == "role":
            variables.check_role(document)
            check_layout(document, set(self.tree.names["release"]))
        return document

    def _inherit(self, family: str, name: str, own: Document) -> None:
        """Add to a site or release that is like another what it does not specify itself."""
        other = own.data.get("like")
        if other is None:
            return
        choices = set(self.tree.names[family]) - {name}
        if str(other) not in choices:
            hint = nearest(str(other), choices)
            own.problem(("like",), f"no other {family} is called '{other}'; {hint}")
        elif "like" in (base := self.document(family, str(other))).data:
            own.problem(("like",), f"'{other}' is itself like '{base.data['like']}': name that one")
        elif not base.broken:
            inherit(own, base, JOINED[family])
            return
        # Without its base, nothing else of it can be checked.
        own.nodes.clear()
        own.data.clear()


@dataclass(frozen=True)
class _Parts:
    """The documents that make up a site; those of kinds and roles by name."""

    site: Document
    releases: dict[str, Document]
    kinds: dict[str, Document]
    contents: dict[str, Content]


def _gather(site: str, reading: _Reading) -> _Parts:
    """Read everything that `site` uses and report its problems."""
    document = reading.document("site", site)
    releases = reading.named("release", document, "release")
    kinds = reading.named("kind", document, "nodes", "*", "kind")
    roles_of = {name: reading.named("role", kind, "roles", "*") for name, kind in kinds.items()}
    roles = {name: role for carried in roles_of.values() for name, role in carried.items()}
    crosscheck.check_site(document)
    crosscheck.check_roots(document, kinds)
    crosscheck.check_bridges(document, roles.values())
    variables.check(document, roles.values())
    crosscheck.check_users(roles.values())
    crosscheck.check_names(document, "names", "packages", roles.values())
    contents: dict[str, Content] = {}
    for name, release in releases.items():
        if not release.data:
            # It could not be read: missing facts are no further problem.
            continue
        crosscheck.check_facts(document, release)
        folders = tuple(each for each in (release.data.get("like"), name) if each)
        values = {**release.mapping("facts"), **document.mapping("facts")}
        facts = Facts(folders, values, reading.problems)
        contents = {role: read_content(document, facts) for role, document in roles.items()}
        for carried in roles_of.values():
            crosscheck.check_paths([contents[role] for role in carried])
            crosscheck.check_state([contents[role] for role in carried])
    return _Parts(document, releases, kinds, contents)


def _resolve(parts: _Parts) -> Site:
    return resolve(parts.site, parts.releases, parts.kinds, parts.contents)
