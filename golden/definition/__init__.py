"""What is to be built: images/*.yaml, validated, as frozen models with every name resolved.

Read in this order: `files` (what may be written), `schema`, `document`, `validate`, `content`,
`crosscheck`, `resolve`, `models` (what the rest of the code gets), `load`.
"""

from golden.definition.files import (
    Cluster,
    Directory,
    Disk,
    Network,
    Port,
    Source,
    User,
    VolumeGroup,
)
from golden.definition.load import load, load_all, sites
from golden.definition.models import Bridge, File, Kind, Layer, Node, Release, Role, Site

__all__ = [
    "Bridge",
    "Cluster",
    "Directory",
    "Disk",
    "File",
    "Kind",
    "Layer",
    "Network",
    "Node",
    "Port",
    "Release",
    "Role",
    "Site",
    "Source",
    "User",
    "VolumeGroup",
    "load",
    "load_all",
    "sites",
]
