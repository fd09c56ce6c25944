"""A secret anew on nodes that run: all have it or nothing changed, and it is said who has which."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from golden import rotation, run
from golden.check.connection import UnreachableError
from golden.definition import load
from golden.errors import StageError, UserError
from golden.keys import secrets
from golden.keys.secrets import LENGTHS

SITE = load("rehearsal")
NODES = [node.name for node in SITE.nodes]
HAND_OVER = "firstboot rotate"


class Nodes:
    """The nodes of a site, and what was done with them in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.given: dict[str, Any] = {}
        self.codes: dict[tuple[str, str], int] = {}
        self.unreachable = ""
        self.trouble: dict[str, StageError] = {}

    def run(self, node: str, command: str, *, stdin: str | None = None) -> run.Result:
        """As Connection does."""
        what = HAND_OVER if command == HAND_OVER else "ready?"
        self.calls.append(f"{node}: {what}")
        if node == self.unreachable:
            raise UnreachableError(f"{node}: Connection refused")
        code = self.codes.get((node, what), 0)
        if what == HAND_OVER and code == 0:
            self.given[node] = json.loads(stdin or "")
        return run.Result(code, "No space left", 0.1)

    def then(self, what: str) -> None:
        """A stage that follows."""
        self.calls.append(what)
        if what in self.trouble:
            raise self.trouble[what]


@pytest.fixture
def nodes(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Nodes:
    found = Nodes()

    def resume(site: object, names: Sequence[str], words: str) -> None:
        assert words == rotation.APPLY
        found.then(f"resume {' '.join(names)}")

    monkeypatch.setattr(secrets, "SECRETS", own_home / "secrets")
    monkeypatch.setattr(rotation, "_are_booted", lambda _: True)
    monkeypatch.setattr(rotation.Connection, "to", lambda _: found)
    monkeypatch.setattr(rotation.resuming, "resume", resume)
    monkeypatch.setattr(rotation, "check", lambda site: found.then("check"))
    return found


def rotated(name: str = "database_password") -> None:
    rotation.rotate(SITE.name, name)


def test_all_nodes_have_it_before_one_applies_it(
    nodes: Nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    old = secrets.ensure(SITE)
    rotated()
    assert nodes.calls == [
        *(f"{name}: ready?" for name in NODES),
        *(f"{name}: {HAND_OVER}" for name in NODES),
        f"resume {' '.join(NODES)}",
        "check",
    ]
    kept = secrets.load(SITE)
    assert kept.values["database_password"] != old.values["database_password"]
    for name in NODES:
        assert nodes.given[name]["secrets"] == dict(kept.values)
        assert nodes.given[name]["rotation"] == 1
        assert nodes.given[name]["instance"] == f"rehearsal-{name}-{old.generation}"
    said = capsys.readouterr()
    assert "step postgresql" in said.out
    assert "/etc/synnefo/10-snf-webproject-database.conf" in said.out
    assert kept.values["database_password"] not in said.out + said.err


@pytest.mark.parametrize("name", [*rotation.LASTING, "rapi_pasword"])
def test_what_cannot_be_made_anew_is_said_and_nothing_changes(nodes: Nodes, name: str) -> None:
    with pytest.raises(UserError, match=rf"^--rotate {name}: [^\n]*$"):
        rotated(name)
    assert nodes.calls == [] and not (secrets.SECRETS / SITE.name).exists()


def test_a_node_that_is_not_ready_or_away_changes_nothing(nodes: Nodes) -> None:
    old = secrets.ensure(SITE)
    nodes.codes[NODES[1], "ready?"] = 1
    with pytest.raises(UserError, match=rf"{NODES[1]} cannot take .* nothing is changed; see"):
        rotated()
    nodes.unreachable = NODES[0]
    with pytest.raises(UserError, match=r"Connection refused; nothing is changed; see"):
        rotated()
    assert secrets.load(SITE) == old and not nodes.given


@pytest.mark.parametrize("at", NODES)
def test_a_node_that_does_not_take_it_is_named_with_those_that_did(nodes: Nodes, at: str) -> None:
    nodes.codes[at, HAND_OVER] = 1
    with pytest.raises(StageError) as caught:
        rotated()
    has = "none" if at == NODES[0] else NODES[0]
    assert f"{at} did not take the new database_password" in caught.value.message
    assert "the old one is in force on all nodes" in caught.value.message
    assert f"and {has} will change at the next boot" in caught.value.message
    assert "./inv secrets --rotate database_password" in caught.value.hint
    assert not any(call.startswith(("resume", "check")) for call in nodes.calls)
    nodes.codes.clear()
    rotated()
    assert {nodes.given[name]["rotation"] for name in NODES} == {2}


def test_a_step_that_fails_names_the_way_on(nodes: Nodes) -> None:
    failed = StageError("resume", "node2: first boot failed again", hint="./inv resume node2")
    nodes.trouble[f"resume {' '.join(NODES)}"] = failed
    with pytest.raises(StageError) as caught:
        rotated()
    assert "every node has the new database_password" in caught.value.message
    assert caught.value.hint == "./inv resume node2" and "check" not in nodes.calls


def test_without_nodes_it_is_for_the_next_seed(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rotation, "_are_booted", lambda _: False)
    rotated("vnc_password")
    assert nodes.calls == [] and secrets.load(SITE).rotation == 1
    assert "no node is booted" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted({*LENGTHS} - {*rotation.LASTING}))
def test_every_other_secret_of_the_rehearsal_has_users(name: str) -> None:
    optional = {"collectd_password", "stats_secret", "smtp_password", "recaptcha_private_key"}
    found = {user for node in SITE.nodes for user in rotation.users(SITE, node, name)}
    assert found or name in optional


def test_nodes_that_are_off_would_keep_the_old_one(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = dict.fromkeys(NODES, "")
    monkeypatch.setattr(rotation.NodeDir, "target", lambda self: places[self.node])
    monkeypatch.setattr(rotation.NodeDir, "running", lambda self: places[self.node] == "qemu")
    assert not rotation._are_booted(SITE)
    places[NODES[0]] = "qemu"
    with pytest.raises(UserError, match=rf"{NODES[1]} of site rehearsal is not running"):
        rotation._are_booted(SITE)
    places |= dict.fromkeys(NODES, "qemu")
    assert rotation._are_booted(SITE)
