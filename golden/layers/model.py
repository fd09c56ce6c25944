"""A layer by what goes into it; its key is the hash of all of that."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Raise it when the same inputs come to mean another tree.
FORMAT = 1

# What a layer is made from, by section: packages, scripts, files, settings, tools, order. An entry
# is a name and a text (a version, a hash, a mode with owner and hash) that changes with the thing.
Inputs = Mapping[str, Mapping[str, str]]


def digest(content: bytes) -> str:
    """The hash that stands for `content` in a layer's inputs."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of a bake: `base`, `initramfs`, `node1.platform`, … on top of its parent."""

    name: str
    parent: Layer | None
    inputs: Inputs

    @functools.cached_property
    def key(self) -> str:
        """The hash of everything that goes in, the parent's key included."""
        parent = self.parent.key if self.parent else ""
        facts = {"format": FORMAT, "parent": parent, "inputs": self.inputs}
        return digest(json.dumps(facts, sort_keys=True).encode())[:32]

    def chain(self) -> Iterator[Layer]:
        """This layer and those below it, top first."""
        layer: Layer | None = self
        while layer is not None:
            yield layer
            layer = layer.parent
