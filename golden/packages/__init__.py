"""Which packages, in which exact versions, go into a layer, and their files in the cache.

Read in this order: `sources` (what the release says and what the host's apt knows), `state` (an apt
of our own that touches nothing of the host's), `resolve` (names to versions and dpkg's order of
work), `fetch` (the .deb files).
"""

from golden.packages.fetch import fetch, to_fetch
from golden.packages.model import Package, Resolution, Step
from golden.packages.resolve import Resolver
from golden.packages.state import AptState

__all__ = ["AptState", "Package", "Resolution", "Resolver", "Step", "fetch", "to_fetch"]
