"""How a release was made: an in-toto statement with SLSA's provenance as its predicate.

Formats: https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1. SHA256SUMS, which is
signed, covers the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

NAME = "provenance.json"
BUILD_TYPE = "urn:golden:bake:1"

Manifests = Mapping[str, Mapping[str, Any]]


def text(site: str, manifests: Manifests, files: Mapping[str, str]) -> str:
    """The statement about `files` ({path in the release: SHA-256}) made as `manifests` tell."""
    some = next(iter(manifests.values()))
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(files.items())
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"site": site, "kinds": sorted(manifests)},
                "internalParameters": {"sources": some.get("sources", [])},
                "resolvedDependencies": list(_dependencies(manifests)),
            },
            "runDetails": {
                "builder": {"id": "urn:golden:builder", "version": some.get("tools", {})},
                "metadata": {"finishedOn": max(each["baked"] for each in manifests.values())},
            },
        },
    }
    return json.dumps(statement, indent=1) + "\n"


def _dependencies(manifests: Manifests) -> Iterator[dict[str, Any]]:
    """The commit, every layer, and every package, each once."""
    layers, packages = dict[str, str](), dict[str, str]()
    for each in manifests.values():
        layers |= {layer["name"]: layer["content"] for layer in each["layers"]}
        packages |= each["packages"]
        git = each.get("git", {})
    yield {
        "name": "definitions",
        "digest": {"gitCommit": git.get("revision", "")},
        "annotations": {"uncommitted": git.get("dirty", True)},
    }
    for name, content in sorted(layers.items()):
        yield {"name": f"layer {name}", "digest": {"sha256": content}}
    for name, version in sorted(packages.items()):
        yield {"uri": f"pkg:deb/{name}@{version}"}
