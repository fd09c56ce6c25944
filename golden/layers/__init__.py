"""Cached file system layers: their inputs, where they lie, how to enter one.

Read in this order: `model` (a layer and its key), `reasons` (why a layer is stale), `store`
(published layers), `workspace` (where they are made), `enter` and `inside` (namespaces and mounts),
`overlay` (stacked layers, read without mounting), `layertar` (a layer for a container image).
"""

from golden.layers.enter import View
from golden.layers.model import Inputs, Layer
from golden.layers.store import Store, Stored
from golden.layers.workspace import Workspace, working

__all__ = ["Inputs", "Layer", "Store", "Stored", "View", "Workspace", "working"]
