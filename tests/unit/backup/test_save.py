"""Saving the state of nodes that run, and of nodes that are off; the list of what was saved."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from golden import paths
from golden.backup import listing, model, packing
from golden.backup import save as saving
from golden.backup.restore import restore
from golden.backup.save import save
from golden.boot import running
from golden.boot.qemu.target import Qemu
from golden.boot.target import target
from golden.errors import StageError, UserError
from golden.rundir import NodeDir
from tests.unit.backup.machines import (
    SITE,
    disks,
    everything,
    flip,
    turn_on,
)

Capture = pytest.CaptureFixture[str]


# ---- nodes that run


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done to nodes that run, in order."""
    told = list[str]()

    def down(site: object, nodes: list[str], keep: bool) -> None:
        told.append(f"down {' '.join(nodes)}, keep {keep}")
        for node in nodes:
            NodeDir("small", node).forget()

    copy = Qemu._write_state

    def write(self: Qemu, site: str, node: str, folder: Path) -> None:
        told.append(f"copy {node}")
        copy(self, site, node, folder)

    packed = packing.pack
    monkeypatch.setattr(running, "down", down)
    monkeypatch.setattr(Qemu, "_write_state", write)
    monkeypatch.setattr(Qemu, "starts_again", lambda *words: True)
    monkeypatch.setattr(
        running, "power_on", lambda site, nodes, at: told.append(f"on {len(nodes)} {at.name}")
    )
    monkeypatch.setattr(packing, "pack", lambda path: told.append("pack") or packed(path))
    monkeypatch.setattr(saving.watching, "follow", lambda *words: told.append("follow"))
    return told


def test_nodes_that_run_are_stopped_only_on_demand_and_start_before_the_packing(
    story: list[str], home: Path
) -> None:
    for node in SITE.nodes:
        turn_on(node.name)
    before = everything(home)
    with pytest.raises(UserError, match=r"n1, n2 run, .* \./inv state\.save --stop --site small$"):
        save(SITE, "first")
    assert everything(home) == before and story == []
    save(SITE, "first", stop=True)
    assert story == [
        *("down n1 n2, keep True", "copy n1", "copy n2", "on 2 qemu"),
        *(["pack"] * 4),
        "follow",
    ]


def test_nodes_start_again_after_a_copy_that_failed(
    story: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object) -> None:
        raise StageError("state", "command failed")

    monkeypatch.setattr(Qemu, "_write_state", full)
    turn_on("n1")
    with pytest.raises(StageError, match="command failed"):
        save(SITE, "first", stop=True)
    assert story == ["down n1, keep True", "on 1 qemu"]
    assert not list(model.folder("small").iterdir())


def test_a_second_save_waits_for_the_first(
    story: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would take away the folder that the first one fills."""
    begun, go_on, copy = threading.Event(), threading.Event(), Qemu._write_state

    def slow(self: Qemu, site: str, node: str, folder: Path) -> None:
        begun.set()
        assert go_on.wait(20)
        copy(self, site, node, folder)

    monkeypatch.setattr(Qemu, "_write_state", slow)
    with ThreadPoolExecutor() as both:
        first = both.submit(save, SITE, "same")
        assert begun.wait(20)
        second = both.submit(save, SITE, "same")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.5)
        go_on.set()
        assert first.result(20).name == "same"
        with pytest.raises(UserError, match=r"--name same: .* is there already"):
            second.result(20)
    assert model.find("small", "same").bytes() > 0


def test_nodes_that_could_not_start_again_are_not_stopped(
    story: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_on("n1")
    monkeypatch.setattr(Qemu, "starts_again", lambda *words: False)
    with pytest.raises(UserError, match=r"n1 runs from an image that is no longer in place"):
        save(SITE, "first", stop=True)
    assert story == []


# ---- what cannot be saved


def test_what_cannot_be_saved_is_refused_before_anything_is_done(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(SITE, "first")
    before = everything(home)
    for name, why in (("first", "is there already"), ("../x", "not a name of"), (".x", "not a")):
        with pytest.raises(UserError, match=rf"^--name {name}: .*{why}"):
            save(SITE, name)
    usage = shutil.disk_usage("/")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=9000))
        with pytest.raises(UserError, match=r"0 MiB are free, and saving the state needs 1 MiB"):
            save(SITE, "second")
    assert everything(home) == before
    disks("n2")[0].unlink()
    with pytest.raises(UserError, match="n2 of site small has no state apart from its system disk"):
        save(SITE, "second")
    NodeDir("small", "n2").claim("container")
    with pytest.raises(UserError, match=r"at several targets \(container, qemu\)"):
        save(SITE, "second")
    shutil.rmtree(NodeDir("small", "n2").path)
    with pytest.raises(UserError, match="n2 of site small: nothing of it is on this host"):
        save(SITE, "second")


def test_a_name_is_the_time_if_nobody_gives_one() -> None:
    assert len(save(SITE).name) == len("20261129-231500")
    with pytest.raises(UserError, match="no saved state 'x'; valid: 2"):
        model.find("small", "x")


def test_a_host_that_lacks_the_packer_says_so_before_anything_changes(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    save(SITE, "first")
    before = everything(home)
    monkeypatch.setattr(packing.run, "which", lambda name: None)
    with pytest.raises(UserError, match=r"packed as \*\.(zst|gz), .*: apt-get install (zstd|gzip)"):
        restore(SITE, "first", overwrite=True)
    assert everything(home) == before


def test_the_list_names_what_is_damaged(capsys: Capture) -> None:
    listing.show("small")
    assert "save one with: ./inv state.save --site small" in capsys.readouterr().out
    save(SITE, "first")
    flip(next(save(SITE, "second").folder.glob("n1/state*")))
    capsys.readouterr()
    listing.show("small")
    out = capsys.readouterr().out
    assert out.index("first") < out.index("second") and "n1, n2" in out
    with pytest.raises(UserError, match="not the bytes that state second is signed for"):
        listing.show("small", verify=True)
    capsys.readouterr()
    listing.show("small", as_json=True)
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == ["first", "second"]


def test_a_target_without_state_apart_says_which_have_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at target metal there is no state that can be saved"):
        target("metal").save_state("small", "n1", tmp_path / "x")
    assert paths.SECRETS.is_dir() and not (tmp_path / "x").exists()
