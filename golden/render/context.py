"""The variables that a template may use."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from golden.definition import Kind, Role, Site
from golden.render.quoting import secret

# The names in `context`, for hints about unknown ones.
VARIABLES = ("host_of", "kind", "nodes", "release", "role", "secret", "site")


class Named(dict[str, Any]):
    """A mapping that templates read with a dot; errors call it `name`."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.name = name


def context(site: Site, kind: Kind, role: Role) -> dict[str, Any]:
    """The variables of the templates of `role` in images of `kind`.

    `site.variables` holds only what the role's `variables` lists, so that the list stays true.
    """
    release = site.release
    declared = {name: site.variables[name] for name in role.variables}
    variables = Named(f"the list of variables in {role.name}/role.yaml", declared)
    fields = {each.name: getattr(release, each.name) for each in dataclasses.fields(release)}
    return {
        "host_of": site.host_of,
        "kind": kind,
        "nodes": site.nodes,
        "release": Named(f"release '{release.name}'", {**release.facts, **fields}),
        "role": role,
        "secret": secret,
        "site": dataclasses.replace(site, variables=variables),
    }
