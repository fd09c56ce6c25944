"""Whatever a file holds that a task reads, the outcome is one sentence, never a crash.

`GOLDEN_FUZZ` is how many times as many inputs are tried as in every run, for the night.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from golden import paths
from golden.bake import planfile
from golden.errors import UserError
from golden.installer import probe
from golden.keys import signing
from golden.lock import bundle
from golden.lock.model import Locked, parse
from golden.releases import model
from tests.unit.definition.test_any_input import places, replaced, values

TIMES = int(os.environ.get("GOLDEN_FUZZ", "1"))
EXAMPLES = settings(
    max_examples=60 * TIMES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STEP = {"name": "node1.site", "inputs": {"key": "k"}}
PLAN = {"plan": planfile.FORMAT, "site": "lab", "nodes": ["n1"], "format": "raw", "items": [STEP]}
DISK = {"name": "sda", "bytes": 9, "serial": "S", "wwn": "", "model": "M"}
PROBE = {
    "golden-probe": probe.FORMAT,
    "machine": "M",
    "firmware": "bios",
    "memory_kib": 1024,
    "pci": [{"slot": "0", "modalias": "pci:v0"}],
    "disks": [DISK],
    "nics": [{"name": "eth0", "mac": "AA:BB"}],
}
RELEASE = {
    "release": model.FORMAT,
    "id": "abc",
    "site": "lab",
    "baked": "2026-01-01T00:00:00Z",
    "synnefo": "0.16",
    "lock": "l",
    "kinds": {"node1": {"disk.qcow2": ["ab", 4]}},
}
LOCK = {
    "lock": 1,
    "release": "bookworm",
    "checksum": "c",
    "packages": [dict.fromkeys(Locked.__dataclass_fields__, "x") | {"size": 1}],
}


def _release(path: Path) -> object:
    place = path.parent / "abc"
    place.mkdir(exist_ok=True)
    (place / model.RECORD).write_bytes(path.read_bytes())
    return model.read(place, "lab")


# What is read, a sound file of it, and who reads it.
KINDS: dict[str, tuple[Any, Callable[[Path], object]]] = {
    "plan": (PLAN, planfile.read),
    "probe": (PROBE, probe.read),
    "release": (RELEASE, _release),
    "lock": (LOCK, lambda path: parse(path.read_text(errors="replace"), path)),
}


def outcome(read: Callable[[Path], object], path: Path, content: bytes) -> None:
    """One sentence about the file, or what it says."""
    path.write_bytes(content)
    try:
        assert read(path) is not None
    except UserError as error:
        assert str(path.parent) in str(error) and "\n" not in str(error)


@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(data=st.data(), value=values)
def test_any_value_anywhere(
    tmp_path: Path, own_home: Path, kind: str, data: st.DataObject, value: Any
) -> None:
    sound, read = KINDS[kind]
    keys = data.draw(st.sampled_from(places(sound)))
    text = json.dumps(replaced(sound, keys, value), default=str)
    outcome(read, tmp_path / "file", text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(start=st.integers(0, 400), cut=st.integers(0, 40), junk=st.binary(max_size=20))
def test_any_bytes_anywhere(
    tmp_path: Path, own_home: Path, kind: str, start: int, cut: int, junk: bytes
) -> None:
    sound, read = KINDS[kind]
    content = json.dumps(sound).encode()
    outcome(read, tmp_path / "file", content[:start] + junk + content[start + cut :])


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, "9" * 10_000, "1e999", "null"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_parser_gives_up_on(tmp_path: Path, own_home: Path, kind: str, deep: str) -> None:
    outcome(KINDS[kind][1], tmp_path / "file", deep.encode())


def pool() -> bytes:
    """A signed pool of one file, as `inv pool.export` writes it."""
    index = b"Package: web\n"
    facts = {"size": len(index), "sha256": bundle._digest(index)}
    record = {"pool": bundle.FORMAT, "release": "bookworm", "files": {"bookworm/Packages": facts}}
    manifest = json.dumps(record).encode()
    members = {
        bundle.MANIFEST: manifest,
        bundle.SIGNATURE: signing.signature(manifest),
        "bookworm/Packages": index,
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@EXAMPLES
@given(at=st.floats(0, 1, exclude_max=True), cut=st.integers(0, 2000), junk=st.binary(max_size=600))
def test_any_bytes_in_a_pool(
    tmp_path: Path, own_home: Path, at: float, cut: int, junk: bytes
) -> None:
    sound, file = pool(), tmp_path / "pool.tar"
    start = int(at * len(sound))
    file.write_bytes(sound[:start] + junk + sound[start + cut :])
    before = set((paths.CACHE / "pool").rglob("*"))
    try:
        bundle.unpack(file)
    except UserError as error:
        assert str(file) in str(error) and "\n" not in str(error)
        assert set((paths.CACHE / "pool").rglob("*")) - before <= {paths.CACHE / "pool/.lock"}
