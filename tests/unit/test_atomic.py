from __future__ import annotations

import os
from pathlib import Path

import pytest

from golden import atomic, run


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "new" / "note"
    atomic.write(path, "one\n")
    with path.open() as opened_before:
        atomic.write(path, b"two\n")
        assert opened_before.read() == "one\n"
    assert path.read_text() == "two\n"
    assert [each.name for each in path.parent.iterdir()] == ["note"]


def test_what_a_killed_writer_left_goes_and_nothing_else(tmp_path: Path) -> None:
    gone = run.start(["true"])
    gone.wait()
    left = tmp_path / f".note.{gone.pid}.1.new"
    others = [f".note.{os.getpid()}.1.new", ".note.swp", f".notes.{gone.pid}.1.new", ".note.7"]
    for path in (left, *(tmp_path / name for name in others)):
        path.touch()
    atomic.write(tmp_path / "note", "text")
    assert {path.name for path in tmp_path.iterdir()} == {"note", *others}


def test_others_never_see_a_private_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def renamed(self: Path, target: Path) -> None:
        seen.append(self.stat().st_mode & 0o777)

    monkeypatch.setattr(Path, "replace", renamed)
    atomic.write(tmp_path / "key", b"secret", mode=0o600)
    assert seen == [0o600]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "note"
    atomic.write(path, "old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write(path, "new", durable=True)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["note"]


def test_two_paths_change_their_names_in_one_step(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    atomic.exchange(tmp_path / "folder", tmp_path / "link")
    assert (tmp_path / "folder").is_symlink() and (tmp_path / "link").is_dir()


def test_an_exchange_with_nothing_names_what_failed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="one"):
        atomic.exchange(tmp_path / "one", tmp_path / "other")


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    atomic.put(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.rglob("*")] == ["old", "new"]
