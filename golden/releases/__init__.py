"""Image releases: the images of a site's kinds that were baked as one, kept, signed and switched as
one.

Read in this order: `model` (what a release is, where it lies), `stages` (candidate, current,
previous), `keep` (a bake records one, and takes disks back from one), `switch` (promote, roll
back), `listing`; `push` and `pull` (to and from a `registry`, which asks for a `login`).
"""

from golden.releases.keep import Kept, record, take_back, taken_from
from golden.releases.model import Image, ImageRelease, every, find

__all__ = ["Image", "ImageRelease", "Kept", "every", "find", "record", "take_back", "taken_from"]
