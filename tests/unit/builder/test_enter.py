"""What the image does when it starts, as far as that needs no container; and how it is started."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from golden import builder, run
from golden.paths import ROOT
from golden.recipe import builder_image

FOLDER = str(ROOT / "scripts" / "builder")


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The program, with a checkout at `tmp_path`."""
    monkeypatch.syspath_prepend(FOLDER)
    module = import_module("enter")
    monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    monkeypatch.setattr(module, "CACHE", tmp_path / ".cache")
    return module


def test_places_are_those_of_the_image_and_of_compose(enter: Any) -> None:
    service = yaml.safe_load((ROOT / "compose/builder.yaml").read_text())["services"][builder.NAME]
    assert service["image"] == f"{builder.NAME}:latest"
    assert service["volumes"] == [f"..:{builder.CONFIG['WorkingDir']}", f"cache:{enter.VOLUME}"]
    # No more than a bake needs, and nothing that outlives the container but the volume.
    assert service["cap_add"] == ["NET_ADMIN", "SYS_ADMIN"] and "privileged" not in service
    assert service["network_mode"] == "bridge"
    assert str(enter.VENV) == builder_image.VENV
    assert f"venv={enter.VENV}\n" in (ROOT / "scripts/bake/venv.sh").read_text()


def test_why_nothing_can_run_is_said(
    enter: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ids = tmp_path / "ids"
    assert "the checkout must be mounted" in enter.unfit(ids)
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    assert "is no checkout: it has no requirements.lock" in enter.unfit(ids)
    (tmp_path / "requirements.lock").touch()
    ids.write_text("         0       1000          1\n")
    assert "an engine that runs as root" in enter.unfit(ids)
    ids.write_text("         0          0 4294967295\n")
    assert enter.unfit(ids) == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: only root gives files away")
def test_what_root_wrote_is_the_owner_s_but_layers_keep_theirs(enter: Any, tmp_path: Path) -> None:
    for name in (".artifacts/disk", ".cache/log/bake.log", ".cache/layers/key", "theirs"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("nowhere")
    os.chown(tmp_path, 1234, 1235)
    os.chown(tmp_path / "theirs", 99, 99)
    enter.give_back()
    owners = {str(p.relative_to(tmp_path)): p.lstat().st_uid for p in tmp_path.rglob("*")}
    kept = {name: owner for name, owner in owners.items() if owner != 1234}
    assert kept == {".cache/layers": 0, ".cache/layers/key": 0, "theirs": 99}


@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("kill -9 $$", 137)])
def test_the_exit_code_is_the_command_s(script: str, code: int) -> None:
    program = f"import sys; sys.path.insert(0, {FOLDER!r}); import enter; sys.exit(enter.run"
    argv = [sys.executable, "-B", "-c", f"{program}({['sh', '-c', script]!r}))"]
    assert run.run(argv, check=False).code == code
