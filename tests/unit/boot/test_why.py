"""Why a node is not READY, by recorded and written consoles."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from golden import rundir
from golden.boot import causes, why
from golden.errors import UserError
from golden.rundir import NodeDir
from tests.unit.small_site import small_site

CONSOLES = Path(__file__).parent / "consoles"


def console(detail: str, state: str = "failed", step: str = "ganeti_node_add") -> str:
    event = {"node": "n1", "step": step, "n": 34, "of": 46, "state": state, "detail": detail}
    lines = [event | {"seconds": 12.0, "uptime": 99.0}]
    if state == "failed":
        lines.append(
            lines[0] | {"step": "ready", "detail": f"step {step}: {detail}; resume with: x"}
        )
    return "".join("\r\n@firstboot " + json.dumps(line) + "\r\n" for line in lines)


def said(text: str) -> str:
    return "\n".join(why.lines("small", "n1", text))


def test_step_command_output_causes_and_how_to_resume() -> None:
    text = said(console("command `gnt-node add n2` exit 1: ssh: no route to n2 | Failure"))
    assert text.splitlines()[1:] == [
        "step: ganeti_node_add, 34 of 46, failed for 12 s",
        "command: gnt-node add n2 (exit 1)",
        "it said: ssh: no route to n2",
        "it said: Failure",
        "likely cause 1: the other node is off or still boots",
        "likely cause 2: the LAN between the nodes is down, or an address is another's",
        "when it is mended: ./inv resume n1 --site small",
    ]


def test_a_node_without_its_seed_is_powered_off_and_on() -> None:
    text = said(console("no seed: looked for a disk", step="seed").replace('"of": 46', '"of": 0'))
    wanted = "when it is mended: ./inv down --cut --node n1 --site small, then ./inv boot"
    assert wanted in text and "inv resume" not in text


@pytest.mark.parametrize(
    ("detail", "wanted"),
    [
        ("no space left on /: 3 MiB free of 100 MiB; command `initdb` exit 1", "too small"),
        ("waiting for node1 nfs, 42 s of 600 s", "node1 is off"),
        ("waiting for gunicorn (which needs node1), 42 s of 600 s", "./inv why node1"),
        (
            "tried again in 15 s: command `gnt-node add node2.small.example` exit 1: -oPort=22 -4 "
            "root@node2.small.example '/bin/sh -c ...' failed: exited with exit code 255",
            "node2 is off or restarts",
        ),
        ("no seed: looked for a disk labelled CIDATA", "./inv seed wrote is not attached"),
        ("the seed names node n2 but was written for another one", "of another node"),
        ("command `x` exit 127: x is not installed", "the image lacks the program"),
        ("KeyError: 'x'", "a fault of the step itself"),
        ("gave up waiting for Apache on port 443 after 60 s", "far slower"),
    ],
)
def test_known_words_have_their_cause(detail: str, wanted: str) -> None:
    state = "waiting" if detail.startswith("waiting") else "failed"
    found = [line for line in said(console(detail, state)).splitlines() if "likely cause" in line]
    assert 1 <= len(found) <= 2 and wanted in found[0], found


def test_every_pattern_of_the_table_can_be_met_and_fills_its_words() -> None:
    for _, meant in causes._KNOWN:
        assert 1 <= len(meant) <= 2
        assert all("{" not in each.format("node1") for each in meant)
    assert causes.likely("something else") == []
    assert "none is known" in said(console("something else"))


def test_recorded_consoles_are_explained() -> None:
    for path in sorted(CONSOLES.glob("*.txt")):
        text = said(path.read_text(errors="replace"))
        assert ("likely cause" in text) == (path.stem != "ready"), path
    assert "step: rabbitmq_start, 12 of 23" in said((CONSOLES / "failed-step.txt").read_text())


def test_any_bytes_are_explained_and_none_reaches_the_terminal() -> None:
    some, whole = random.Random(1), console("command `x` exit 1: \x1b[31mred | \x07bell")
    for length in range(len(whole)):
        noise = bytes(some.randrange(256) for _ in range(9)).decode("latin-1")
        for text in (whole[:length], whole[:length] + noise + whole[length:]):
            assert all(line.isprintable() for line in said(text).splitlines())


def test_a_node_without_a_console_is_a_user_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    site = small_site()
    node = site.nodes[0].name
    with pytest.raises(UserError, match="no console here; boot it"):
        why.explain(site, node)
    files = NodeDir(site.name, node)
    files.path.mkdir(parents=True)
    files.console.write_text(console("waiting for x", "waiting"))
    why.explain(site, node)
    assert "waiting for x" in capsys.readouterr().out
