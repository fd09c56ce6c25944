"""The rendered files of a site, with made-up secrets in them, and Synnefo's settings in those."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from unittest import mock

from golden import definition
from golden.definition import Site
from golden.keys import secrets
from golden.render import RenderedFile, quoting, render

FOLDER = "/etc/synnefo/"
# The sites that run Synnefo: all but those of a bare base.
CLOUDS = tuple(
    site.name for site in definition.load_all() if any(kind.has("cyclades") for kind in site.kinds)
)
# What the settings import; the real ones come with Synnefo.
MODULES = {
    "synnefo.lib.db.pooled_psycopg2": "monkey_patch_psycopg2",
    "synnefo.lib.db.psyco_gevent": "make_psycopg_green",
}


@functools.cache
def files(site: str, kind: str) -> Mapping[str, RenderedFile]:
    """The files of a kind of node, by path."""
    return render(definition.load(site)).kinds[kind].files


def changed(site: str, kind: str, **variables: Any) -> Mapping[str, RenderedFile]:
    """The same, where the site's variables have other values. Raises UserError."""
    loaded: Site = definition.load(site)
    values = {**loaded.variables, **variables}
    return render(dataclasses.replace(loaded, variables=values)).kinds[kind].files


def secret(name: str) -> str:
    """A value for the secret `name`, of its length."""
    return hashlib.sha256(name.encode()).hexdigest()[: secrets.LENGTHS[name]]


VALUES = {name: secret(name) for name in secrets.LENGTHS}


def filled(file: RenderedFile) -> str:
    """The text of `file` as first boot leaves it."""
    return quoting.filled(file.content, VALUES).decode()


def conf(rendered: Mapping[str, RenderedFile]) -> dict[str, str]:
    """The texts of /etc/synnefo/*.conf by name, in the order in which they are read."""
    paths = sorted(path for path in rendered if path.startswith(FOLDER) and path.endswith(".conf"))
    return {path.removeprefix(FOLDER): filled(rendered[path]) for path in paths}


def settings(rendered: Mapping[str, RenderedFile]) -> dict[str, Any]:
    """All settings, executed in one namespace and in order, as Synnefo does (docs/synnefo.md
    S3.1).

    `calls` holds the functions of Synnefo's that they called.
    """
    calls: list[str] = []
    space: dict[str, Any] = {}
    with mock.patch.dict(sys.modules, _modules(calls)):
        for name, text in conf(rendered).items():
            exec(compile(text, name, "exec"), space)
    return {"calls": calls} | {name: value for name, value in space.items() if name.isupper()}


def _modules(calls: list[str]) -> dict[str, ModuleType]:
    made: dict[str, ModuleType] = {}
    for path, function in MODULES.items():
        module = ModuleType(path)
        setattr(module, function, functools.partial(calls.append, function))
        parents = [path.rsplit(".", count)[0] for count in range(1, path.count(".") + 1)]
        made |= {path: module} | {parent: ModuleType(parent) for parent in parents}
    return made
