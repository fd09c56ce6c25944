"""What is to be built: images/*.yaml, validated, as frozen models with every name resolved.

Read in this order: `files` (what may be written), `schema`, `document`, `validate`, `content`,
`crosscheck`, `variables`, `resolve`, `models` (what the rest of the code gets), `load`.
"""

from golden.definition.files import Directory, User
from golden.definition.load import load, load_all, sites
from golden.definition.models import Bridge, File, Kind, Layer, Node, Release, Role, Site

__all__ = [
    "Bridge",
    "Directory",
    "File",
    "Kind",
    "Layer",
    "Node",
    "Release",
    "Role",
    "Site",
    "User",
    "load",
    "load_all",
    "sites",
]
