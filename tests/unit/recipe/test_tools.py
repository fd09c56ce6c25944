"""Whose revision a manifest bears, and why it has none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from golden import paths, run
from golden.recipe import tools
from golden.recipe.tools import Revision

AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "a"), ("EMAIL", "a@b.example"))
}


def repository(folder: Path) -> str:
    """Make `folder` a repository with one file; returns its commit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text("x")
    for words in (["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "first"]):
        run.run(["git", *words], cwd=folder, env=AUTHOR)
    return run.run(["git", "rev-parse", "HEAD"], cwd=folder).out.strip()


def revision(root: Path, monkeypatch: pytest.MonkeyPatch) -> Revision:
    monkeypatch.setattr(paths, "ROOT", root)
    return tools.git_revision.__wrapped__()


def test_a_repository_of_its_own_gives_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repository(tmp_path / "my images")
    assert revision(tmp_path / "my images", monkeypatch) == (commit, False, "")
    (tmp_path / "my images/file").write_text("y")
    found = revision(tmp_path / "my images", monkeypatch)
    assert found.to_json() == {"revision": commit, "dirty": True}


def test_a_worktree_gives_its_own_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = repository(tmp_path / "main")
    run.run(["git", "worktree", "add", "-q", tmp_path / "tree"], cwd=tmp_path / "main")
    assert revision(tmp_path / "tree", monkeypatch) == (commit, False, "")


def test_a_tarball_inside_another_repository_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path)
    (tmp_path / "golden").mkdir()
    found = revision(tmp_path / "golden", monkeypatch)
    assert found == ("", True, "the checkout is part of another git repository")
    assert found.to_json()["why"] == found.why


def test_a_tarball_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert revision(tmp_path, monkeypatch).why == "the checkout is no git repository"


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"])
def test_a_foreign_repository_in_the_environment_is_not_asked(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repository(tmp_path / "own")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "more").write_text("y")
    repository(tmp_path / "other")
    place = {"GIT_WORK_TREE": "other", "GIT_INDEX_FILE": "other/.git/index"}
    monkeypatch.setenv(name, str(tmp_path / place.get(name, "other/.git")))
    assert revision(tmp_path / "own", monkeypatch) == (commit, False, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a tree away")
def test_a_tree_of_another_user_has_none_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path / "own")
    for path in [tmp_path / "own", *(tmp_path / "own").rglob("*")]:
        shutil.chown(path, 1234)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    found = revision(tmp_path / "own", monkeypatch)
    assert (found.commit, found.why) == ("", "git does not trust its owner")


def test_a_warning_on_stderr_is_no_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repository(tmp_path / "own")
    monkeypatch.setenv("GIT_TRACE", "1")
    assert revision(tmp_path / "own", monkeypatch) == (commit, False, "")


def test_without_git_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "which", lambda name: None)
    assert revision(tmp_path, monkeypatch).why == "git is not installed"
