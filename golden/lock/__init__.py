"""The exact packages of a release, in a committed file; a bake installs these and no others.

Read in this order: `model` (a lock, and its file), `compare` (what was resolved, held against it),
`making` (a lock made anew), `pool` (its files, for a bake without a mirror).
 images/releases/NAME.lock.json is never edited by hand.
"""

from golden.lock.compare import Change, changes, require, tell_none
from golden.lock.model import Lock, Locked, load, path, pins, write

__all__ = [
    "Change",
    "Lock",
    "Locked",
    "changes",
    "load",
    "path",
    "pins",
    "require",
    "tell_none",
    "write",
]
