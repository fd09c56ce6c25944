"""The records beside the files of a kind: for the bake, for first boot, for reviewers.

Keys and lists have a fixed order, so that a change of the definition is a small diff in rendered/.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from golden import guide, seed
from golden.definition import Directory, Kind, Node, Release, Site
from golden.definition.models import LAYERS
from golden.definition.tree import Tree
from golden.render.rendering import RenderedFile


def image(site: Site, kind: Kind, secret_files: Collection[str]) -> bytes:
    """/etc/golden/image.json: what this image is, and what first boot has to do.

    `services` maps a role's name of a service to its init script, in the order of the roles;
    `secret_files` are the paths of the files that hold placeholders of secrets.
    """
    return _json(
        {
            "site": site.name,
            "release": site.release.name,
            "kind": kind.name,
            "first_boot": kind.first_boot,
            "services": {
                logical: script
                for role in kind.roles
                for logical, script in site.release.scripts(role.services).items()
            },
            "python": site.release.python,
            "secret_files": sorted(secret_files),
            "state": kind.state,
            "versions": versions(site.release),
        }
    )


def versions(release: Release) -> dict[str, str]:
    """What a node's state is of: state of newer versions is nothing that an image can serve."""
    found = {"debian": str(release.debian), "synnefo": release.synnefo}
    if database := release.facts.get("postgresql_version"):
        found["postgresql"] = str(database)
    return found


def bake(site: Site, kind: Kind) -> bytes:
    """bake.json: what images of `kind` are baked from besides their files.

    For people: a review sees here what a change of a role means for each layer. The bake takes the
    same from the definition.
    """
    release = site.release
    return _json(
        {
            "site": site.name,
            "release": release.name,
            "suite": release.suite,
            "architecture": release.architecture,
            "kind": kind.name,
            "kernel": release.kernel,
            "python": release.python,
            "packages": {layer: site.packages(kind, layer) for layer in LAYERS},
            "bake_scripts": {layer: site.bake_scripts(kind, layer) for layer in LAYERS},
            "services": kind.services(release),
            "users": [asdict(user) for user in site.users()],
        }
    )


def ownership(files: Mapping[str, RenderedFile], directories: Mapping[str, Directory]) -> bytes:
    """files.tsv: mode, owner, group and path of each file and directory, sorted by path.

    The path of a directory ends in a slash.
    """
    rows = {f"{path}/": entry for path, entry in directories.items()} | dict(files)
    return "".join(
        f"{entry.mode}\t{entry.owner}\t{entry.group}\t{path}\n"
        for path, entry in sorted(rows.items())
    ).encode()


def guide_map(kind: Kind, root: Path) -> bytes:
    """guide.json: the ids of the guide that images of `kind` carry out, and the files that do."""
    homes: dict[str, list[str]] = {}
    tree = Tree(root)
    for role in kind.roles:
        for id in role.guide:
            homes.setdefault(id, []).append(str(role.source.relative_to(root)))
    for step in kind.first_boot:
        file = tree.step(step)
        for id in guide.step_ids(file):
            homes.setdefault(id, []).append(str(file.relative_to(root)))
    # An id a line, so that a diff of it reads as a list.
    rows = [f"  {json.dumps(id)}: {json.dumps(files)}" for id, files in sorted(homes.items())]
    return ("{\n" + ",\n".join(rows) + "\n}\n").encode()


def seed_data(site: Site, node: Node) -> bytes:
    """seed/<node>.json: the node's seed data, without its secrets."""
    return _json(seed.data(site, node))


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
