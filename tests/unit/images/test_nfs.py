"""The NFS of the images, as the programs of their release want it."""

from __future__ import annotations

import pytest

from golden.definition import load
from golden.render import render

# PIPEFS_MOUNTPOINT in /etc/init.d/nfs-common of 1:1.2.6-4 and 1:2.6.2-4.
PIPEFS = {"example": "/var/lib/nfs/rpc_pipefs", "rehearsal": "/run/rpc_pipefs"}


@pytest.mark.parametrize(("site", "folder"), PIPEFS.items(), ids=PIPEFS)
def test_idmapd_looks_where_nfs_common_mounts(site: str, folder: str) -> None:
    for kind in render(load(site)).kinds.values():
        lines = kind.files["/etc/idmapd.conf"].content.decode().splitlines()
        assert f"Pipefs-Directory = {folder}" in lines
