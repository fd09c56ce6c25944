"""`inv pool` on a disk that gets full, in a mount namespace of its own; see test_lock_pool_faults.

Usage: python -m tests.unit.wheezy.full_disk ARCHIVE ROOT    (ROOT: a host's, with cache and lock)
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from golden import lock
from golden.errors import FullDiskError
from golden.lock import making
from golden.lock import pool as fill
from golden.packages import store
from tests.unit.wheezy.archive import Archive
from tests.unit.wheezy.checkout import example
from tests.unit.wheezy.hosts import Host, at


def main(archive: Path, root: Path) -> None:
    site, host = example(Archive(archive)), Host(root, root / "cache")
    held = lock.load(site.release, root)
    assert held is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making.definition, "load_all", lambda _: [site])
        patch.setattr(lock, "load", lambda _: held)
        at(host.cache, patch)
        try:
            fill.fill(site)
        except FullDiskError as error:
            sys.stdout.write(f"{error}\n")
        files = set(host.files())
        there = {str(store.pooled(Path(), each.sha256)) for each in held.packages}
        assert files <= there, files - there
        for each in held.packages:
            path = store.pooled(host.cache / "pool", each.sha256)
            assert not path.exists() or store.is_whole(path, each.size, each.sha256)
    sys.stdout.write("nothing that counts is left\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
