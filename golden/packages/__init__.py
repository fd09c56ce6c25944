"""The exact packages of a layer, and their files in the cache.

Read in this order: `sources` (where they come from), `state` (an isolated apt), `apt_conf` (its
settings), `narrow` (its index of locked packages alone), `resolve` (from names to versions and
dpkg's order of work), `fetch` (the .deb files), `mirror` (what can go wrong), `store` (files under
their hash), `standins` and `synnefo` (Synnefo's own packages).
"""

from golden.packages.fetch import fetch, to_fetch
from golden.packages.model import Package, Resolution, Step
from golden.packages.resolve import Resolver
from golden.packages.state import AptState

__all__ = ["AptState", "Package", "Resolution", "Resolver", "Step", "fetch", "to_fetch"]
