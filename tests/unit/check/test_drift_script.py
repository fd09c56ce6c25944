"""What scripts/check/drift.py finds on made-up files, with a made-up list of the image."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from golden.paths import SCRIPTS

FOLDER = SCRIPTS / "check"
TEXT = b"as baked\n"


@pytest.fixture
def script() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield importlib.import_module("drift")
    for name in ("drift", "guest"):
        del sys.modules[name]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    path.chmod(0o644)
    return path


def looked(script: Any, path: Path, state: tuple[str, ...] = (), known: bool = True) -> Any:
    """The findings about `path`, which the image has with TEXT and mode 0644 if it is `known`."""
    script.image = lambda: ({}, {})
    drift, name = script.Drift(list(state)), os.fsencode(path)
    if known:
        drift.entries[name] = (b"f", 0o644, os.geteuid(), os.getegid(), b"")
        drift.digests[name] = hashlib.sha256(TEXT).hexdigest()
    drift.look(name, path.parent.stat().st_dev)
    return {what: found for what, found in drift.found.items() if found}


def test_what_is_as_baked_is_not_told(script: Any, file: Path) -> None:
    assert looked(script, file) == {}


def test_another_content_is_told(script: Any, file: Path) -> None:
    file.write_bytes(b"as edited")
    assert looked(script, file) == {"changed": [f"{file}: another content"]}
    assert looked(script, file, (str(file),)) == {}


def test_another_mode_is_told_of_state_too(script: Any, file: Path) -> None:
    file.chmod(0o666)
    told = {"changed": [f"{file}: mode 0666 instead of 0644"]}
    assert looked(script, file) == looked(script, file, (str(file),)) == told
    file.chmod(0o600)
    assert looked(script, file, (f"{file.parent}/",)) == {}


def test_another_type_is_told(script: Any, file: Path) -> None:
    file.unlink()
    file.symlink_to("/bin/sh")
    assert looked(script, file) == {"changed": [f"{file}: another type or target"]}


def test_what_nobody_brought_is_told(script: Any, file: Path) -> None:
    assert looked(script, file, known=False) == {"added": [str(file)]}
    assert looked(script, file, (f"{file.parent}/*",), known=False) == {}


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o666])
def test_an_open_file_is_told_wherever_it_is(script: Any, file: Path, mode: int) -> None:
    file.chmod(mode)
    told = {"opened": [f"{file}: mode {mode:04o}"]}
    assert looked(script, file, (f"{file.parent}/",), known=False) == told


def test_what_was_written_since_first_boot_must_be_kept_or_spared(script: Any, file: Path) -> None:
    def told(finished: float, *patterns: str) -> list[str]:
        script.image = lambda: ({}, {})
        drift = script.Drift(["*"], spared=patterns)
        drift.finished = finished
        drift.look(os.fsencode(file), file.parent.stat().st_dev)
        found: list[str] = drift.found["perishable"]
        return found

    written = file.stat().st_ctime
    assert told(written - 1) == [str(file)]
    assert told(written + 1) == [], "first boot writes it again on a new system disk"
    assert told(written - 1, f"{file.parent}/") == []
    assert told(written - 1, f"{file.parent}/*") == []
    file.chmod(0o600)
    assert told(written) == [str(file)], "a mode that was changed by hand is lost, too"


def test_what_is_as_baked_is_in_the_next_image_too(script: Any, file: Path) -> None:
    sums = {os.fsencode(file): script.digest(file)}
    script.image = lambda: ({}, sums)
    drift = script.Drift(["*"])
    drift.finished = 0.0
    for content, told in (("", []), ("changed", [str(file)])):
        file.write_text(file.read_text() + content)
        drift.look(os.fsencode(file), file.parent.stat().st_dev)
        assert drift.found["perishable"] == told


def test_what_is_bound_from_a_state_volume_is_looked_at_too(script: Any, file: Path) -> None:
    file.chmod(0o4755)
    script.image = lambda: ({}, {})
    drift = script.Drift([f"{file.parent}/"], kept=[str(file.parent)])
    another = file.parent.stat().st_dev + 1
    assert drift.look(os.fsencode(file.parent), another), "what is below is walked"
    drift.look(os.fsencode(file), another)
    assert drift.found["opened"] == [f"{file}: mode 4755"] and drift.mounts == []


@pytest.mark.parametrize("has_volume", (True, False))
def test_a_node_without_a_state_volume_is_not_asked_what_it_would_lose(
    script: Any, file: Path, has_volume: bool
) -> None:
    script.image = lambda: ({b"/": ()}, {})
    script.MARK = os.fsencode(file if has_volume else file.with_name("none"))
    script.Drift.walk = lambda drift: drift.note("perishable", b"/srv/mine")
    told = script.main({"state": [], "services": []})
    assert told["perishable"] == (["/srv/mine"] if has_volume else None)


def test_a_list_is_read(script: Any, tmp_path: Path) -> None:
    lines = [
        b"d\t755\t0\t0\t/\t",
        b"f\t4711\t0\t8\t/lib/system\\x2dx.slice\t" + b"0" * 64,
        b"l\t777\t0\t0\t/caf\xe9\tlib",
    ]
    script.INVENTORY = os.fsencode(tmp_path / "inventory")
    (tmp_path / "inventory").write_bytes(b"".join(line + b"\n" for line in lines))
    name = rb"/lib/system\x2dx.slice"
    entries = {
        b"/": (b"d", 0o755, 0, 0, b""),
        name: (b"f", 0o4711, 0, 8, b""),
        b"/caf\xe9": (b"l", 0o777, 0, 0, b"lib"),
    }
    assert script.image() == (entries, {name: "0" * 64})
