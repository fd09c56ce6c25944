"""A folder of .debs as a source: what is refused of it, and what its index says."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from golden.errors import UserError
from golden.packages import folder
from tests.unit.wheezy.packages import Deb, File

TOOL = Deb("tool", "1.0-1", "own", files={"/usr/bin/tool": File(b"#!/bin/sh\n", 0o755)})
HOLLOW = replace(TOOL, files={"/usr/share/doc/tool/copyright": File(b"ours\n")})


def put(place: Path, deb: Deb) -> Path:
    """`deb` as a file."""
    place.mkdir(parents=True, exist_ok=True)
    path = place / deb.file
    path.write_bytes(deb.bytes())
    return path


class Foreign(Deb):
    """Of another architecture."""

    def control(self) -> str:
        return super().control().replace("amd64", "i386")


class Documentation(Deb):
    """Meant to have nothing else."""

    def control(self) -> str:
        return super().control().replace("Section: misc", "Section: doc")


class Dummy(Deb):
    """Meant to have no files."""

    def control(self) -> str:
        return super().control().replace("tiny package", "dummy")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_the_index_has_the_control_file_and_the_hash(tmp_path: Path, place: Path) -> None:
    put(tmp_path / "debs", TOOL)
    (deb,) = folder.index(tmp_path / "debs", place, "amd64")
    text = (place / "packages/Packages").read_text()
    assert text.startswith("Package: tool\nVersion: 1.0-1\n")
    assert f"SHA256: {deb.sha256}\n" in text and f"Size: {deb.size}\n" in text
    assert deb.named == "tool 1.0-1"


def test_a_file_is_read_once_until_it_is_written_again(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path / "debs", TOOL)
    first = folder.index(tmp_path / "debs", place, "amd64")
    head = (place / "packages/Release").stat().st_mtime_ns
    with monkeypatch.context() as patched:
        patched.setattr(folder, "DebFile", None)
        assert folder.index(tmp_path / "debs", place, "amd64") == first
    assert (place / "packages/Release").stat().st_mtime_ns == head
    put(tmp_path / "debs", replace(TOOL, depends=("other",)))
    os.utime(file)
    (changed,) = folder.index(tmp_path / "debs", place, "amd64")
    assert changed.sha256 != first[0].sha256


def wrong_architecture(debs: Path) -> None:
    put(debs, Foreign(TOOL.name, TOOL.version, TOOL.suite, files=TOOL.files))


def two_versions(debs: Path) -> None:
    put(debs, TOOL)
    put(debs, replace(TOOL, version="2.0-1"))


def empties_itself(debs: Path) -> None:
    put(debs, HOLLOW)


def cut_short(debs: Path) -> None:
    file = put(debs, TOOL)
    file.write_bytes(file.read_bytes()[:300])


def not_there(debs: Path) -> None:
    pass


def no_deb(debs: Path) -> None:
    debs.mkdir()
    (debs / "README").write_text("nothing yet")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (wrong_architecture, r"tool_1\.0-1_amd64\.deb is for i386, the images are amd64: build it"),
        (two_versions, r"tool is there more than once \(tool_1\S+, tool_2\S+\): leave one"),
        (empties_itself, r"has no file but its documentation: its build failed.*W17\.18.*dummy"),
        (cut_short, r"tool_1\.0-1_amd64\.deb: not a whole \.deb .*copy or build it again"),
        (not_there, r"debs: no such folder; name the one"),
        (no_deb, r"there is no \.deb in it"),
    ],
)
def test_what_cannot_be_baked_is_one_sentence_and_nothing_is_made(
    spoil: object, message: str, tmp_path: Path, place: Path
) -> None:
    spoil(tmp_path / "debs")  # type: ignore[operator]
    with pytest.raises(UserError, match=message) as caught:
        folder.index(tmp_path / "debs", place, "amd64")
    assert "\n" not in str(caught.value)
    assert not place.exists()


def test_a_package_of_documentation_may_be_empty(tmp_path: Path, place: Path) -> None:
    put(tmp_path / "debs", Documentation("manpages", "3.44-1", "own"))
    assert [deb.empty for deb in folder.index(tmp_path / "debs", place, "amd64")] == [True]


def test_a_folder_may_have_folders_as_an_archives_pool_has(tmp_path: Path, place: Path) -> None:
    put(tmp_path / "debs/pool/t/tool", TOOL)
    (deb,) = folder.index(tmp_path / "debs", place, "amd64")
    assert deb.file == "pool/t/tool/tool_1.0-1_amd64.deb"


def test_a_package_that_says_it_is_a_dummy_may_be_empty(tmp_path: Path, place: Path) -> None:
    put(tmp_path / "debs", Dummy("tool", "1.0-1", "own"))
    assert [deb.empty for deb in folder.index(tmp_path / "debs", place, "amd64")] == [True]
