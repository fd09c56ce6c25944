"""Cached file system layers: what they are made from, where they lie, how one gets inside.

Read in this order: `model` (a layer and its key), `texts` and `reasons` (why a layer is
stale), `store` (published layers), `workspace` (where they are made), `enter` and `inside`
(namespaces and mounts).
"""

from golden.layers.enter import View
from golden.layers.model import Inputs, Layer
from golden.layers.store import Store, Stored
from golden.layers.workspace import Workspace, working

__all__ = ["Inputs", "Layer", "Store", "Stored", "View", "Workspace", "working"]
