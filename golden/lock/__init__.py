"""The exact packages of a release, in a committed file; a bake installs these and no others.

Read in this order: `model` (a lock, and its file), `locked` (a bake that obeys it), `making` (a new
lock), `pool` (its files, for a bake without a mirror), `bundle` (a pool as one signed file).
images/releases/NAME.lock.json is never edited by hand.
"""

from golden.lock.locked import Change, changes, origins, require, resolver
from golden.lock.model import Lock, Locked, load, path, pins, write

__all__ = [
    "Change",
    "Lock",
    "Locked",
    "changes",
    "load",
    "origins",
    "path",
    "pins",
    "require",
    "resolver",
    "write",
]
