"""The record beside an artifact, and finding artifacts by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from golden import manifest
from golden.errors import UserError


@pytest.fixture(autouse=True)
def home(own_home: Path) -> None:
    """Each test has its own."""


def baked(fmt: str = "qcow2", key: str = "k", tree: str = "t") -> None:
    path = manifest.disk_path("lab", "master", fmt)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"disk")
    record: dict[str, Any] = {
        "file": path.name,
        "key": key,
        "length": 4,
        "bytes": 8,
        "sha256": "ab",
    }
    manifest.write("lab", "master", fmt, record, {"tree": tree, "packages": {"web": "1"}})


def test_an_artifact_is_found_with_its_manifest_beside_it() -> None:
    baked()
    found = manifest.artifact("lab", "master")
    assert (found.bytes, found.sha256, found.fresh) == (8, "ab", False)
    assert found.manifest == found.path.parent / "manifest.json"
    assert found.manifest.is_file()


def test_only_the_asked_key_counts() -> None:
    baked(key="k")
    assert manifest.find("lab", "master", "qcow2", "k") is not None
    assert manifest.find("lab", "master", "qcow2", "other") is None


def test_a_disk_that_was_cut_is_not_there() -> None:
    baked()
    manifest.disk_path("lab", "master", "qcow2").write_bytes(b"di")
    assert manifest.find("lab", "master", "qcow2", "k") is None


def test_what_was_not_baked_is_said_with_the_command_that_bakes_it() -> None:
    with pytest.raises(UserError, match=r"\./inv bake --site lab"):
        manifest.artifact("lab", "master")


def test_a_damaged_manifest_is_none() -> None:
    baked()
    (manifest.folder("lab", "master") / "manifest.json").write_text("{")
    assert manifest.read("lab", "master") is None


def test_both_formats_of_one_tree_stand_in_one_manifest() -> None:
    baked("qcow2")
    baked("raw")
    record = manifest.read("lab", "master")
    assert record is not None and sorted(record["artifacts"]) == ["qcow2", "raw"]
    assert record["packages"] == {"web": "1"}


def test_a_disk_of_an_older_tree_leaves_the_manifest() -> None:
    baked("qcow2", tree="old")
    baked("raw", tree="new")
    record = manifest.read("lab", "master")
    assert record is not None and sorted(record["artifacts"]) == ["raw"]
