"""Published layers in .cache/layers/<key>: whole or missing, never changed afterwards."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import atomic
from golden.errors import StageError, UserError
from golden.layers import content, enter
from golden.layers.content import TREE
from golden.layers.model import Layer, digest
from golden.layers.reasons import Side, Text, Texts
from golden.paths import shown

RECORD = "layer.json"
KEPT = 2  # bakes of one layer that stay in the cache, so that going back to the last one is free
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Stored:
    """A published layer: its tree and what was recorded when it was baked."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def tree(self) -> Path:
        """The files it adds, as overlayfs wants them."""
        return self.folder / TREE

    @property
    def content(self) -> str:
        """Stands for every byte of the tree (`content.record`)."""
        return str(self.record["content"])

    @property
    def epoch(self) -> int:
        """When the newest package up to this layer was built, in seconds since 1970."""
        return int(self.record.get("epoch", 0))

    @property
    def seconds(self) -> float:
        """How long its bake took."""
        return float(self.record["seconds"])


@dataclass(frozen=True)
class Last:
    """A layer's last bake: what went in, how long it took, and how large its tree was on disk."""

    side: Side
    seconds: float
    bytes: int | None


class Store:
    """The layers below the folder `cache`; layers of all sites, for equal keys are equal trees."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "layers"
        self._latest = cache / "latest"
        self._sound, self._comparing = dict[Path, Stored](), threading.Lock()

    def get(self, layer: Layer) -> Stored | None:
        """The published layer with `layer`'s key."""
        return self.find(layer.key)

    def find(self, key: str) -> Stored | None:
        """The published layer with the key `key`."""
        folder = self.folder / key
        try:
            record = json.loads((folder / RECORD).read_text())
        except (FileNotFoundError, ValueError):
            return None
        # A tree is written without waiting for the disk. One from before the host's last start
        # counts only when it was seen to be on the disk (`settle`).
        if record["boot"] != _boot() and not record["settled"]:
            return None
        return Stored(folder, record)

    def verify(self, stored: Stored, *, every_byte: bool = False) -> Stored:
        """Raise UserError naming a file unless the tree of a published layer is what was baked.

        Without `every_byte` it is read only when its stamp (`content`) is another than then, and
        once. A copied cache has other stamps. Returns the layer with its `content`.
        """
        with self._comparing:
            if stored.folder in self._sound and not every_byte:
                return self._sound[stored.folder]
            stamp = content.call("stamp", stored.folder)
            record = {**stored.record, "stamp": stamp}
            if "content" not in record:
                # Baked by a version that did not record it yet.
                record["content"] = content.call("record", stored.folder)
            elif every_byte or stamp != stored.record["stamp"]:
                _compare(stored)
            if record != stored.record:
                _write(stored.folder, record)
            return self._sound.setdefault(stored.folder, Stored(stored.folder, record))

    def discard(self, stored: Stored) -> None:
        """Let the layer be none, so that a bake makes it again."""
        (stored.folder / RECORD).unlink()

    def publish(
        self,
        site: str,
        layer: Layer,
        folder: Path,
        seconds: float,
        extra: Mapping[str, Any],
        texts: Texts | None = None,
    ) -> Stored:
        """Move `folder`, which holds the finished tree, into the store in one step; returns it.

        `texts` are those of the layer's inputs that are text.
        """
        record = {
            "name": layer.name,
            "key": layer.key,
            "parent": layer.parent.key if layer.parent else None,
            "inputs": layer.inputs,
            "seconds": round(seconds, 2),
            "bytes": enter.size(folder / TREE),
            "baked": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "boot": _boot(),
            "settled": False,
            "content": content.call("record", folder),
            "stamp": content.call("stamp", folder),
            **extra,
        }
        return self._move(site, layer, folder, record, texts)

    def take(
        self, site: str, layer: Layer, folder: Path, found: str, texts: Texts | None = None
    ) -> Stored:
        """Publish, as `publish` does, what another store has of `layer`: `folder` holds its tree
        and its record. Raises StageError unless every byte of the tree is what `found`, that one's
        `content`, stands for."""
        if content.call("record", folder) != found:
            raise StageError("layers", f"layer {layer.name} arrived with other bytes than it has")
        record = json.loads((folder / RECORD).read_text())
        own = {"boot": _boot(), "settled": False, "stamp": content.call("stamp", folder)}
        record |= {"name": layer.name, "key": layer.key, "content": found, **own}
        return self._move(site, layer, folder, record, texts)

    def _move(
        self,
        site: str,
        layer: Layer,
        folder: Path,
        record: Mapping[str, Any],
        texts: Texts | None,
    ) -> Stored:
        _write(folder, record)
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / layer.key
        if target.exists():
            enter.remove([target])
        folder.rename(target)
        self.keep(site, layer, texts)
        return Stored(target, record)

    def keep(self, site: str, layer: Layer, texts: Texts | None = None) -> None:
        """Remember `layer` as the latest of its name at `site`; `prune` spares it."""
        stored, noted = self.get(layer), self._noted(site, layer.name)
        if stored is None or (noted and noted["keys"][0] == layer.key):
            return
        older = [key for key in (noted or {"keys": []})["keys"] if key != layer.key]
        fact = {
            "keys": [layer.key, *older][:KEPT],
            "inputs": layer.inputs,
            "texts": texts or {},
            "seconds": stored.seconds,
            "bytes": stored.record.get("bytes"),
        }
        atomic.write(self._note_path(site, layer.name), json.dumps(fact))

    def settle(self, layers: Iterable[Layer]) -> None:
        """Wait until the trees are on the disk, and record that."""
        fresh = [each for each in map(self.get, layers) if each and not each.record["settled"]]
        if fresh:
            os.sync()
        for each in fresh:
            _write(each.folder, {**each.record, "settled": True})

    def last(self, site: str, name: str) -> Last | None:
        """The last bake of the layer `name` of `site`."""
        noted = self._noted(site, name)
        if noted is None:
            return None
        texts = {
            section: {entry: Text(*words) for entry, words in entries.items()}
            for section, entries in noted.get("texts", {}).items()
        }
        return Last(Side(noted["inputs"], texts), float(noted["seconds"]), noted.get("bytes"))

    def prune(self, spared: Iterable[str] = ()) -> list[str]:
        """Delete the layers that neither a site's notes nor `spared` name; returns their keys."""
        kept = {key for path in self._latest.glob("*/*.json") for key in _read(path)["keys"]}
        kept |= set(spared)
        old = [path for path in self.folder.glob("*") if path.name not in kept]
        for path in old:
            # Without its record it is no layer any more, even if this is cut short.
            (path / RECORD).unlink(missing_ok=True)
        enter.remove(old)
        return [path.name for path in old]

    def _noted(self, site: str, name: str) -> dict[str, Any] | None:
        path = self._note_path(site, name)
        return _read(path) if path.is_file() else None

    def _note_path(self, site: str, name: str) -> Path:
        return self._latest / site / f"{name}.json"


def _compare(stored: Stored) -> None:
    sums = stored.folder / content.SUMS
    known = sums.is_file() and digest(sums.read_bytes()) == stored.content
    if changed := content.call("compare", stored.folder) if known else sums.name:
        place = stored.tree / changed if known else sums
        raise UserError(
            f"{shown(place)}: not what was baked into the layer {stored.record['name']}; have it "
            "made again with: ./inv bake --paranoid"
        )


def _write(folder: Path, record: Mapping[str, Any]) -> None:
    atomic.write(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _read(path: Path) -> dict[str, Any]:
    noted: dict[str, Any] = json.loads(path.read_text())
    return noted


def _boot() -> str:
    return _BOOT_ID.read_text().strip()
