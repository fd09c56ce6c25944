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


@pytest.fixture(scope="module")
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


def test_a_list_is_read_back(script: Any) -> None:
    line = b"0" * 64 + rb" *./lib/systemd/system\x2dx.slice"
    assert script.hashed(line) == ("0" * 64, rb"./lib/systemd/system\x2dx.slice")
    assert script.absolute(b".") == b"/"
    assert script.absolute(b"./etc") == b"/etc"


def test_links_are_told_by_what_they_start(script: Any) -> None:
    pairs = [("2", "S03cron"), ("3", "S04cron"), ("2", "K01drbd"), ("2", "README")]
    assert script.starts(pairs) == {"cron": "23"}
