"""The two sides of a comparison: baked images, those of image releases, or folders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import manifest, paths, releases
from golden.definition import load
from golden.errors import MALFORMED, UserError
from golden.layers.content import TREE

FORMS = "KIND, SITE/KIND, RELEASE/KIND (./inv release.list), a manifest.json, or a folder"


@dataclass(frozen=True)
class Side:
    """One image: `layers` are the folders whose files make it up, the lowest first; `manifest` is
    its record, empty for a folder that no bake made."""

    name: str
    layers: tuple[Path, ...]
    manifest: Mapping[str, Any]


def find(word: str, site: str) -> Side:
    """The image that `word` names; a KIND or RELEASE without a site is looked up in `site`.

    Raises UserError when there is none, or when a layer of it is no longer in the cache.
    """
    path = Path(word)
    if path.is_dir() and not (path / manifest.NAME).is_file():
        return Side(word, (path.absolute(),), {})
    file = path / manifest.NAME if path.is_dir() else path
    return baked(word, _read(file) if file.is_file() else _named(word, site), paths.CACHE)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        found["layers"][0]["key"]
    except MALFORMED:
        raise UserError(f"{path}: not the manifest of an image; valid are {FORMS}") from None
    return found


def _named(word: str, site: str) -> dict[str, Any]:
    where, _, kind = word.rpartition("/")
    if not where or (paths.IMAGES / "sites" / f"{where}.yaml").is_file():
        found = manifest.read(where or site, kind)
        if found is None:
            raise UserError(
                f"{word}: no image of that name is baked; valid are {FORMS}; kinds of site "
                f"{where or site}: {', '.join(each.name for each in load(where or site).kinds)}"
            )
        return found
    release = releases.find(site, where)
    if kind not in release.images:
        raise UserError(
            f"{word}: release {release.id} has no image of '{kind}'; it has "
            f"{', '.join(release.images)}"
        )
    return release.images[kind].manifest()


def baked(word: str, record: Mapping[str, Any], cache: Path) -> Side:
    """The image of the manifest `record`, called `word`, with its layers in the folder `cache`.

    Raises UserError when one of them is no longer there.
    """
    folders = tuple(cache / "layers" / layer["key"] / TREE for layer in record["layers"])
    gone = [
        layer["name"]
        for layer, folder in zip(record["layers"], folders, strict=True)
        if not folder.is_dir()
    ]
    if gone:
        raise UserError(
            f"{word}: its layers {', '.join(gone)} are no longer in the cache, so its files cannot "
            "be read; bake it again (./inv bake), or compare two that were baked later"
        )
    return Side(word, folders, record)
