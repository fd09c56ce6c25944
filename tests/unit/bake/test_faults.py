"""A full disk, a missing tool, a wrong word: one clear message each, and nothing half-made."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from golden import bake as module
from golden import run
from golden.bake import packer
from golden.definition import load
from golden.errors import StageError, UserError, explain_full_disk
from golden.layers import enter
from golden.paths import ROOT


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, tiny: Path) -> None:
    program = [sys.executable, "-m", "tests.unit.bake.full_disk", str(tmp_path), str(tiny)]
    script = f"mount -t tmpfs -o size=32m full {tmp_path} && exec {shlex.join(program)}"
    told = run.run([*enter.namespaces(), "sh", "-c", script], cwd=ROOT)
    assert "bake top: no space left on the disk" in told.out
    assert "command: dd if=/dev/zero of=/big" in told.out
    assert "resumes at layer top" in told.out
    assert told.out.endswith("nothing half-made is left\n")


def test_a_full_disk_outside_of_a_script_is_said_too() -> None:
    with (
        pytest.raises(StageError, match="no space left"),
        explain_full_disk("bake", "here", "make room"),
    ):
        raise OSError(28, "No space left on device")
    with pytest.raises(PermissionError), explain_full_disk("bake", "here", "make room"):
        raise PermissionError(13, "not a matter of space")


def test_a_missing_tool_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StageError) as caught:
        packer.build("base", "null.tree", {}, tmp_path, tmp_path / "log", lambda _: None)
    assert "packer is not installed" in str(caught.value)
    assert "inv doctor" in str(caught.value)


@pytest.mark.parametrize(
    ("nodes", "fmt", "words"),
    [
        ([], "vmdk", ["--format vmdk", "qcow2, raw"]),
        (["node9"], "qcow2", ["site 'rehearsal' has no node 'node9'"]),
    ],
)
def test_a_wrong_word_is_refused_before_anything_is_written(
    nodes: list[str], fmt: str, words: list[str], home: Path
) -> None:
    with pytest.raises(UserError) as caught:
        module.bake(load("rehearsal"), nodes, fmt)
    assert [word for word in words if word not in str(caught.value)] == []
    assert list(home.iterdir()) == []
