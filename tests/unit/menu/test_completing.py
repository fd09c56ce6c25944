"""What a shell is offered for the beginning of a command line."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from invoke.program import Program

from golden import menu, releases, run
from golden.paths import ROOT


def offered(line: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    Program(namespace=menu.namespace()).run(f"inv --complete -- {line}", exit=False)
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("line", "some", "none"),
    [
        ("inv", ["boot", "release.promote", "pool"], ["rehearsal"]),
        ("./inv bo", ["boot"], []),
        ("inv --", ["--list", "--help"], ["boot"]),
        ("inv boot --site", ["rehearsal", "example"], ["boot"]),
        ("inv boot --site reh", ["rehearsal-four"], ["boot"]),
        ("inv boot -s", ["rehearsal"], []),
        ("inv boot --ta", ["--target", "--as-baked"], ["boot"]),
        ("inv boot --target", ["qemu", "metal"], []),
        ("inv boot --site rehearsal-four --node", ["node1", "node4"], ["rehearsal"]),
        ("inv ssh", ["node1", "node2"], ["boot"]),
        ("inv console --site rehearsal-four no", ["node3"], []),
        ("inv resume no", ["node1"], []),
        ("inv help", ["bake", "pool.fill"], []),
        ("inv check --site nosuch --node", [], ["node1"]),
        ("inv bake", [], ["bake", "node1"]),
        ("inv bake --node", ["node1"], ["node3"]),
        ("inv bake --site rehearsal-four --node", ["node3"], []),
        ("inv ssh node1 --command 'gnt", [], ["boot", "node1"]),
    ],
)
def test_names_of_this_checkout_are_offered(
    line: str, some: list[str], none: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = offered(line, capsys)
    assert [word for word in some if word not in found] == []
    assert [word for word in none if word in found] == []


def test_releases_and_their_images_are_offered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = (SimpleNamespace(id="a52f", images={"node1": None}),)
    monkeypatch.setattr(releases, "every", lambda site: kept)
    assert offered("inv release.promote", capsys) == ["a52f"]
    assert "a52f/node1" in offered("inv diff a5", capsys)


def test_bash_completes_a_name(tmp_path: Path) -> None:
    (tmp_path / "invoke").write_text(f'#!/bin/sh\nexec {sys.executable} -m invoke "$@"\n')
    (tmp_path / "invoke").chmod(0o755)
    script = run.run([sys.executable, "-m", "invoke", "--print-completion-script", "bash"]).out
    typed = "COMP_WORDS=(inv boot --site rehearsal-f); _complete_invoke inv rehearsal-f --site"
    words = ["bash", "-c", f"{script}\n{typed}\necho ${{COMPREPLY[*]}}"]
    path = f"{tmp_path}:/usr/bin:/bin"
    assert shlex.split(run.run(words, cwd=ROOT, env={"PATH": path}).out) == ["rehearsal-four"]
