"""A raw disk as qcow2: QEMU's own tools find in it what the disk had, and nothing to mend."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from golden import run
from golden.disk import qcow2
from golden.disk.qcow2 import CLUSTER

OPTIONS = [("1.1", "zstd"), ("1.1", "zlib"), ("0.10", "zlib")]


def disk(place: Path, content: dict[int, bytes], clusters: int) -> Path:
    """A sparse file of so many clusters, with `content` by offset in bytes."""
    with place.open("wb") as file:
        file.truncate(clusters * CLUSTER)
        for at, data in content.items():
            file.seek(at)
            file.write(data)
    return place


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


DISKS = {
    "nothing": ({}, 3),
    "one byte": ({5: b"x"}, 1),
    "across a border": ({CLUSTER - 3: b"border"}, 4),
    "zeros that are written": ({CLUSTER: bytes(CLUSTER), 3 * CLUSTER: b"end"}, 5),
    "what no compression makes shorter": ({CLUSTER: noise(2 * CLUSTER)}, 7),
    "both by turns": (
        {n * CLUSTER: noise(CLUSTER) if n % 3 else b"word " * 13107 for n in range(40)},
        64,
    ),
    "the last byte of several tables": ({2**30 - 1: b"z", 2**29: b"y", 7: b"x"}, 2**30 // CLUSTER),
    "a tail that no table is whole of": ({2**29: b"y" * 100}, 2**29 // CLUSTER + 1),
}


@pytest.mark.parametrize("name", DISKS)
@pytest.mark.parametrize(("compat", "compression"), OPTIONS)
def test_qemu_reads_what_was_written(
    tmp_path: Path, name: str, compat: str, compression: str
) -> None:
    raw, out = disk(tmp_path / "raw", *DISKS[name]), tmp_path / "disk.qcow2"
    qcow2.write(raw, out, compat, compression)
    # It exits 3 for what is allocated and not used, too.
    run.run(["qemu-img", "check", "-q", "-f", "qcow2", out])
    run.run(["qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", raw, out])
    info = json.loads(run.run(["qemu-img", "info", "--output=json", out]).out)
    assert info["virtual-size"] == raw.stat().st_size
    data = info["format-specific"]["data"]
    assert (data["compat"], data.get("compression-type", "zlib")) == (compat, compression)
    assert not info.get("dirty-flag") and not data.get("corrupt")


def test_equal_disks_give_equal_bytes_on_any_number_of_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = disk(tmp_path / "raw", *DISKS["both by turns"])
    written = []
    for processors in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda count=processors: count)
        qcow2.write(raw, tmp_path / f"{processors}", "1.1", "zstd")
        written.append((tmp_path / f"{processors}").read_bytes())
    assert written[0] == written[1] == written[2]


def test_it_takes_little_more_room_than_that_of_qemu_img(tmp_path: Path) -> None:
    words = b"".join(b"%d is a number of this disk\n" % n for n in range(300_000))
    raw = disk(tmp_path / "raw", {CLUSTER: words}, 256)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    qcow2.write(raw, ours, "1.1", "zstd")
    options = ["-c", "-O", "qcow2", "-o", "compression_type=zstd"]
    run.run(["qemu-img", "convert", "-f", "raw", *options, raw, theirs])
    assert ours.stat().st_size < 1.1 * theirs.stat().st_size + CLUSTER


def test_half_a_cluster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"x" * (CLUSTER + 512))
    with pytest.raises(ValueError, match="no whole number of clusters"):
        qcow2.write(tmp_path / "raw", tmp_path / "disk.qcow2", "1.1", "zstd")
