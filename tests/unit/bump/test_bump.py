"""A bump in a small checkout, whose packages are a table: it goes through, or changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import golden.bump as module
from golden import lock, render
from golden.bake import planning
from golden.bump import Wanted, bump, notes, record, stage, undo, wanted
from golden.definition import Site
from golden.errors import UserError
from golden.lock import Lock, Locked
from tests.unit.small_tree import RELEASE, SmallTree

SOURCES = {
    "web": ["2.0-1", "1.0-1"],
    "snf-common": ["0.17-1", "0.16.2-1"],
    "snf-pithos-app": ["0.17-1", "0.16.2-1"],
    "libx": ["1"],
}
PINS = "pins:\n  snf-common: 0.16.2-1 # the set\n  snf-pithos-app: 0.16.2-1\n"
KEPT = {".cache", ".artifacts"}
CONF = "images/roles/web/files/etc/web/{web_version}/web.conf.j2"


class World:
    """Stands for an AptState over SOURCES."""

    def __init__(self, release: Any, locked: Any = None) -> None:
        self.release = release

    def refresh(self, max_hours: float = 6.0) -> None: ...


def resolved(site: Site, _: Path, __: World) -> Mapping[str, str]:
    """Every package in its pinned version, else the oldest."""
    return {name: site.release.pins.get(name, versions[-1]) for name, versions in SOURCES.items()}


@pytest.fixture
def checkout(tree: SmallTree, monkeypatch: pytest.MonkeyPatch) -> SmallTree:
    """A checkout whose release pins Synnefo, and shows one of the pins in a rendered file."""
    tree.edit(RELEASE, 'synnefo: "0.16.2"\n', f'synnefo: "0.16.2" # the guide\'s\n{PINS}')
    tree.edit(CONF, "Ciphers", "# {{ release.pins['snf-common'] }}\nCiphers")
    tree.write(str(notes.FILE), '"0.17":\n  - migrate first\n')
    render.write(render.render(tree.load(), tree.root), tree.root / "rendered")
    monkeypatch.setattr(module, "AptState", World)
    monkeypatch.setattr(module, "resolved", resolved)
    step = planning.Step("base", "stale", ("key",), 21.5, 0, None, (), "0" * 32, {})
    plan = planning.Plan("lab", "twelve", ("web",), "qcow2", (step,), (), {})
    monkeypatch.setattr(module, "plan", lambda _: plan)
    monkeypatch.setattr(module.paths, "ARTIFACTS", tree.root / ".artifacts")
    monkeypatch.setattr(record.pages, "write", lambda _: None)
    monkeypatch.setattr(module.planning, "show", lambda _: None)
    monkeypatch.setattr(module.paths, "CACHE", tree.root / ".cache")
    monkeypatch.setattr(stage, "offered", lambda name, _: SOURCES.get(name, []))
    return tree


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and KEPT.isdisjoint(path.parts))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_a_bump_edits_renders_tells_and_is_undone(
    checkout: SmallTree, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(checkout.root)
    bump("lab", Wanted(synnefo="0.17"), checkout.root)
    after = files(checkout.root)
    conf = "rendered/lab/master/rootfs/etc/web/2.4/web.conf"
    # A node refuses state of newer versions than its image's.
    images = {f"rendered/lab/{kind}/rootfs/etc/golden/image.json" for kind in ("master", "member")}
    assert {name for name in after if after[name] != before.get(name)} == {RELEASE, conf, *images}
    assert b"# 0.17-1\n" in after[conf]
    assert after[RELEASE].decode() == before[RELEASE].decode().replace("0.16.2", "0.17")
    told = capsys.readouterr().out
    assert "  snf-common: 0.16.2-1 → 0.17-1\n  snf-pithos-app: 0.16.2-1 → 0.17-1\n" in told
    assert "note on Synnefo 0.17: migrate first" in told
    undo("lab", checkout.root)
    assert files(checkout.root) == before


def test_the_report_has_the_last_bump_until_it_is_undone(checkout: SmallTree) -> None:
    bump("lab", Wanted(synnefo="0.17"), checkout.root)
    file = checkout.root / ".artifacts/lab/bump.json"
    found = json.loads(file.read_text())
    assert found["what"] == "release twelve: Synnefo 0.16.2 → 0.17"
    assert ["snf-common", "0.16.2-1", "0.17-1"] in found["moved"]
    assert found["notes"] == [["0.17", "migrate first"]]
    assert found["stale"] == [["base", 21.5, ["key"]]]
    bump("lab", Wanted(synnefo="0.17"), checkout.root)  # changes nothing
    assert json.loads(file.read_text()) == found
    undo("lab", checkout.root)
    assert not file.exists()


def test_a_package_is_pinned(checkout: SmallTree) -> None:
    bump("lab", Wanted(packages={"web": "2.0-1"}), checkout.root)
    assert dict(checkout.load().release.pins)["web"] == "2.0-1"


def test_going_back_must_be_meant(checkout: SmallTree) -> None:
    bump("lab", Wanted(synnefo="0.17"), checkout.root)
    before = files(checkout.root)
    with pytest.raises(UserError, match=r"0\.16\.2 is older than the current 0\.17.*--downgrade"):
        bump("lab", Wanted(synnefo="0.16.2"), checkout.root)
    assert files(checkout.root) == before
    bump("lab", Wanted(synnefo="0.16.2", downgrade=True), checkout.root)
    assert checkout.load().release.synnefo == "0.16.2"


def test_with_a_lock_apt_resolves_the_new_one_and_nothing_else(
    checkout: SmallTree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def locked(versions: Mapping[str, str]) -> Lock:
        rows = [Locked(*each, "all", 1, "a" * 64, "twelve main") for each in versions.items()]
        return Lock("twelve", tuple(rows))

    def make_from(site: Site, state: World, root: Path) -> Lock:
        asked.append(state)
        return locked(resolved(site, root, state))

    asked: list[World] = []
    file = lock.write(locked({"web": "1.0-1", "gone": "1"}), checkout.root)
    before = files(checkout.root)
    monkeypatch.setattr(module, "resolved", None)
    monkeypatch.setattr(module.making, "make_from", make_from)
    bump("lab", Wanted(packages={"web": "2.0-1"}), checkout.root)
    assert len(asked) == 1
    assert "  gone: 1 → gone\n  libx: new → 1\n" in capsys.readouterr().out
    assert lock.model.parse(file.read_text(), file).versions["web"] == "2.0-1"
    undo("lab", checkout.root)
    assert files(checkout.root) == before


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Wanted(synnefo="0.18"), r"--synnefo 0\.18: no source of release twelve has it of snf-co"),
        (Wanted(packages={"web": "3"}), r"no source of release twelve has it; they have: 2\.0-1"),
        (Wanted(packages={"wbe": "3"}), r"no image of site lab has the package; did you mean 'web"),
        (
            Wanted(packages={"snf-common": "0.17-1"}),
            "is one of Synnefo's packages, which",
        ),
    ],
)
def test_what_cannot_be_changes_nothing(checkout: SmallTree, asked: Wanted, message: str) -> None:
    before = files(checkout.root)
    with pytest.raises(UserError, match=message):
        bump("lab", asked, checkout.root)
    assert files(checkout.root) == before
    assert [path.name for path in (checkout.root / ".cache/bump").iterdir()] == [".lock"]


def test_what_fails_late_changes_nothing(
    checkout: SmallTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(checkout.root)

    def fails(*_: object) -> None:
        raise UserError("the last thing")

    monkeypatch.setattr(module, "rendered", fails)
    with pytest.raises(UserError, match="the last thing"):
        bump("lab", Wanted(synnefo="0.17"), checkout.root)
    assert files(checkout.root) == before


def test_the_same_again_is_nothing_to_undo(checkout: SmallTree) -> None:
    bump("lab", Wanted(synnefo="0.16.2"), checkout.root)
    with pytest.raises(UserError, match="no bump was made"):
        undo("lab", checkout.root)


@pytest.mark.parametrize(
    ("synnefo", "packages", "message"),
    [
        ("", [], "give --synnefo VERSION"),
        ("v2", [], "--synnefo v2: must be a version such as"),
        ("0.16.3-1", [], "must be a version such as"),
        ("", ["web"], "--package web: must be NAME=VERSION"),
        ("", ["web="], "must be NAME=VERSION"),
        ("", ["We b=1"], "must be NAME=VERSION"),
    ],
)
def test_options_in_another_form(synnefo: str, packages: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        wanted(synnefo, packages, debian_security=False, downgrade=False)


def test_options_in_their_form() -> None:
    made = wanted("0.17", ["web=1:2.0-1", "libx=3"], debian_security=True, downgrade=False)
    assert made == Wanted("0.17", {"web": "1:2.0-1", "libx": "3"}, debian_security=True)
