"""Where the value of a template's name stands: in the site, in what it is like, in its release."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jinja2

from golden.definition import Kind, Role, Site
from golden.definition.document import Document, Keys, read
from golden.definition.problems import Problems
from golden.definition.tree import Tree
from golden.render.context import context

# "secret('rapi_password')", and "host_of('dns').address".
_SECRET = re.compile(r"secret\('(\w+)'\)")
_HOST = re.compile(r"host_of\('([\w-]+)'\)")


class Values:
    """The names that templates of `role` may use in images of `kind`."""

    def __init__(self, site: Site, kind: Kind, role: Role, root: Path) -> None:
        self._site, self._kind, self._role = site, kind, role
        self._problems = Problems(root)
        self._tree = Tree(root)
        self._context = context(site, kind, role)

    def told(self, name: str) -> str:
        """NAME = VALUE (FILE:LINE)."""
        return f"{name} = {self.value(name)} ({self.place(name)})"

    def value(self, name: str) -> str:
        """The value as JSON; a secret is not shown, and of nodes in turn each is."""
        if _SECRET.match(name):
            return "a secret"
        first, _, attribute = name.partition(".")
        try:
            if first == "nodes" and attribute:
                found: object = [_read(node, attribute) for node in self._site.nodes]
            else:
                found = jinja2.Environment().compile_expression(name)(self._context)
            return json.dumps(found, ensure_ascii=False)
        except (TypeError, AttributeError, jinja2.TemplateError):
            return "computed"

    def place(self, name: str) -> str:
        """The file and line at which the value is given."""
        if secret := _SECRET.match(name):
            return f".secrets/{self._site.name}, {secret[1]}: first boot fills it in"
        first, *rest = re.sub(r"\[[^]]*\]", "", name).split(".")
        if host := _HOST.match(name):
            nodes = [node.name for node in self._site.nodes]
            return self._given("site", ("nodes", nodes.index(self._site.host_of(host[1]).name)))
        match first, rest:
            case "site", ["variables", variable, *_]:
                return self._given("site", ("variables", variable))
            case (("site" | "kind"), ["ports", *_]):
                return "images/roles: the ports of each role.yaml"
            case "site", [field, *_]:
                return self._given("site", ("site" if field == "name" else field,))
            case "nodes", _:
                return self._given("site", ("nodes",))
            case "release", [fact, *_]:
                return self._fact(fact)
            case "kind", _:
                return self._shown(self._tree.file("kind", self._kind.name))
            case _:
                return self._shown(self._role.source)

    def _fact(self, name: str) -> str:
        if self._site.release.facts.get(name) is not None:
            own = self._document("site", self._site.name)
            if ("facts", name) in own.nodes:
                return own.place(("facts", name))
            return self._given("release", ("facts", name))
        return self._given("release", (name,))

    def _given(self, family: str, keys: Keys) -> str:
        """The place in the site's or release's own file, or in that of the one it is like."""
        name = self._site.name if family == "site" else self._site.release.name
        document = self._document(family, name)
        if keys not in document.nodes and (base := document.data.get("like")):
            base_document = self._document(family, str(base))
            if keys in base_document.nodes:
                return base_document.place(keys)
        return document.place(keys) if keys in document.nodes else "the default"

    def _document(self, family: str, name: str) -> Document:
        return read(self._tree.file(family, name), self._problems)

    def _shown(self, file: Path) -> str:
        return self._problems.shown(file)


def _read(thing: object, attribute: str) -> object:
    for part in attribute.split("."):
        thing = getattr(thing, part)
    return thing
