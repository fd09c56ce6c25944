"""Restoring what was saved, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from golden import run, rundir
from golden.backup import model, packing
from golden.backup.restore import restore
from golden.backup.save import save
from golden.boot import former, running
from golden.boot.former import Journal
from golden.boot.qemu.target import Qemu
from golden.errors import UserError
from golden.releases import sums
from golden.rundir import NodeDir
from tests.unit.backup.machines import (
    SITE,
    change,
    content,
    disks,
    everything,
    flip,
    generation,
    turn_on,
)

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("programs", [("zstd", "gzip"), ("gzip",)], ids=["zstd", "gzip"])
def test_what_was_saved_is_restored_to_the_last_byte(
    monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...], capsys: Capture
) -> None:
    if not all(map(run.which, programs)):
        pytest.skip("this host has no zstd")
    monkeypatch.setattr(packing.run, "which", lambda name: name in programs)
    before = content()
    saved = save(SITE, "first")
    assert saved.bytes() < sum(map(len, before)) / 10
    assert "first: the state of n1, n2, 0.0 MB, signed; it holds" in capsys.readouterr().out
    assert content() == before
    for path in (model.folder("small"), *model.folder("small").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    change()
    restore(SITE, "first", overwrite=True)
    assert content() == before
    assert not rundir.restoring("small").exists()
    assert [path.name for path in model.folder("small").iterdir()] == ["first"], "nothing is left"


def test_a_host_without_the_nodes_gets_their_state_and_the_next_boot_goes_on_with_it() -> None:
    before = content()
    save(SITE, "first")
    shutil.rmtree(rundir.site_dir("small"))
    restore(SITE, "first")
    assert content() == before
    assert all(Qemu().has_state_apart("small", node.name) for node in SITE.nodes)
    assert {NodeDir("small", node.name).target() for node in SITE.nodes} == {"qemu"}


def test_the_record_says_what_was_saved() -> None:
    saved = save(SITE, "first")
    record = json.loads((saved.folder / "state.json").read_text())
    assert (record["site"], record["name"], record["target"]) == ("small", "first", "qemu")
    assert record["versions"]["synnefo"] == SITE.release.synnefo
    assert record["parts"]["n2"]["instance"] == "small-n2-abc"
    assert record["parts"]["n2"]["bytes"] >= sum(disk.stat().st_size for disk in disks("n2"))
    signed = (saved.folder / sums.NAME).read_text()
    for part in record["parts"]:
        for name, (sha256, length) in record["parts"][part]["files"].items():
            assert f"{sha256}  {part}/{name}\n" in signed
            assert (saved.folder / part / name).stat().st_size == length


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of a disk": (
        lambda folder: flip(next(folder.glob("n2/data*"))),
        r"n2/data.*not the bytes that state first is signed for; take it from another copy",
    ),
    "a byte of the record": (
        # Still a record: another release.
        lambda folder: (folder / "state.json").write_text(
            (folder / "state.json").read_text().replace('"release": ""', '"release": "x"')
        ),
        r"state\.json: not the bytes that state first is signed for",
    ),
    "a byte of the sums": (
        lambda folder: flip(folder / "SHA256SUMS"),
        "SHA256SUMS: its signature does not fit: it was changed, or signed by another checkout",
    ),
    "a byte of the signature": (
        lambda folder: flip(folder / "SHA256SUMS.sig"),
        "SHA256SUMS: its signature does not fit",
    ),
    "a disk is missing": (
        lambda folder: next(folder.glob("n1/state*")).unlink(),
        r"n1/state.*not the bytes",
    ),
    "the record is missing": (
        lambda folder: (folder / "state.json").unlink(),
        "no saved state 'first'; save one with: ./inv state.save --site small",
    ),
    "the sums are missing": (
        lambda folder: (folder / "SHA256SUMS").unlink(),
        "SHA256SUMS: missing, so nothing is proven",
    ),
    "it is not signed": (
        lambda folder: (folder / "SHA256SUMS.sig").unlink(),
        "not signed: SHA256SUMS.sig is missing beside it; take it from another copy",
    ),
    "something was added": (
        lambda folder: (folder / "n1/more.zst").touch(),
        r"more\.zst: no part of the signed state; remove it",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_not_as_it_was_signed_is_refused_and_changes_nothing(
    home: Path, damage: str
) -> None:
    act, why = DAMAGE[damage]
    act(save(SITE, "first").folder)
    change()
    before = everything(home)
    with pytest.raises(UserError, match=why):
        restore(SITE, "first", overwrite=True)
    assert everything(home) == before


def test_a_state_of_another_site_or_of_other_secrets_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(SITE, "first").folder
    other = dataclasses.replace(SITE, name="other")
    model.folder("other").mkdir()
    shutil.copytree(folder, model.folder("other") / "first")
    shutil.copytree(folder, model.folder("small") / "second")
    before = everything(home)
    with pytest.raises(
        UserError, match="the state first of site small, not first of other; move it "
    ):
        restore(other, "first", overwrite=True)
    with pytest.raises(
        UserError,
        match=r"the state first of site small, not second of small; .*/small\.state/first$",
    ):
        restore(SITE, "second", overwrite=True)
    generation("new", monkeypatch)
    with pytest.raises(UserError, match="small-n1-abc, and n1 is small-n1-new since the site's"):
        restore(SITE, "first", overwrite=True)
    fewer = dataclasses.replace(SITE, nodes=SITE.nodes[:1])
    with pytest.raises(UserError, match="it has the node n2, which site small has not"):
        generation("abc", monkeypatch)
        restore(fewer, "first", overwrite=True)
    assert everything(home) == before


def test_nothing_is_restored_over_what_nobody_gave_up(home: Path) -> None:
    save(SITE, "first")
    before, kept = everything(home), content()
    with pytest.raises(UserError, match=r"n1, n2 of site small have a state that would be lost"):
        restore(SITE, "first")
    assert everything(home) == before
    turn_on("n2")
    with pytest.raises(UserError, match=r"n2 runs: shut all nodes down first, with: \./inv down"):
        restore(SITE, "first", overwrite=True)
    NodeDir("small", "n2").forget()
    NodeDir("small", "n2").claim("libvirt")
    with pytest.raises(UserError, match="n2 is kept at target libvirt, and the state is of one at"):
        restore(SITE, "first", overwrite=True)
    assert content() == kept


def test_until_a_restoration_that_was_killed_is_repeated_nothing_boots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = content()
    save(SITE, "first")
    change()
    whole = Qemu.restore_state

    def killed(self: Qemu, site: str, node: str, folder: Path) -> None:
        if node == "n2":
            raise KeyboardInterrupt
        whole(self, site, node, folder)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Qemu, "restore_state", killed)
        restore(SITE, "first", overwrite=True)
    assert content() not in (before, [b"later"] * 4)
    for act in (lambda: running.power_on(SITE, SITE.nodes, Qemu()), lambda: save(SITE, "second")):
        with pytest.raises(UserError, match=r"first .*is only half restored: ./inv state\.restore"):
            act()
    restore(SITE, "first")
    assert content() == before
    monkeypatch.setattr(Qemu, "check", lambda *words: None)
    monkeypatch.setattr(Qemu, "up", lambda *words: False)
    monkeypatch.setattr(running.login, "write_config", lambda site: None)
    running.power_on(SITE, SITE.nodes, Qemu())


def test_what_was_thrown_away_after_a_killed_restoration_boots_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rundir.restoring("small").write_text("first")
    running.down(SITE)
    monkeypatch.setattr(Qemu, "check", lambda *words: None)
    monkeypatch.setattr(Qemu, "up", lambda *words: False)
    monkeypatch.setattr(running.login, "write_config", lambda site: None)
    running.power_on(SITE, SITE.nodes, Qemu())
    assert not rundir.restoring("small").exists()


@pytest.mark.parametrize("stage", ["leaving", "arriving", "returning"])
def test_while_an_upgrade_was_cut_nothing_is_saved_or_restored(
    home: Path, stage: former.Stage
) -> None:
    save(SITE, "first")
    former.write("small", Journal(stage, "a" * 12, "b" * 12, "qemu"))
    before = everything(home)
    for act in (lambda: save(SITE, "second"), lambda: restore(SITE, "first", overwrite=True)):
        with pytest.raises(UserError, match="has not ended: go on with"):
            act()
    assert everything(home) == before
    former.write("small", Journal("done", "a" * 12, "b" * 12, "qemu"))
    restore(SITE, "first", overwrite=True)


def test_a_system_disk_that_was_kept_goes_with_the_state_that_it_knew() -> None:
    save(SITE, "first")
    NodeDir("small", "n1").overlay.touch()
    restore(SITE, "first", overwrite=True)
    assert not NodeDir("small", "n1").overlay.exists()
