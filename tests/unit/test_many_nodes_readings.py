"""What scripts/host/record-many-nodes reads of a boot: consoles, the master's journal, its jobs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bench.nodes import meter, readings
from bench.nodes.meter import Meter, Sample, Used
from bench.nodes.once import JOURNAL
from bench.nodes.readings import ADD, Adding, Command
from golden import run
from golden.errors import StageError
from golden.paths import ROOT

FIRST_BOOT = ROOT / "scripts" / "firstboot"


def said(node: str, step: str, state: str, uptime: float) -> str:
    event = {"node": node, "step": step, "n": 1, "of": 1, "state": state, "detail": ""}
    return f"\r\n@firstboot {json.dumps(event | {'seconds': 0, 'uptime': uptime})}\r\n"


def test_a_node_is_ready_when_it_says_so() -> None:
    consoles = {
        node: said(node, "services", "done", 5.0) + said(node, "ready", "done", uptime)
        for node, uptime in (("node1", 90.5), ("node2", 91.0))
    }
    assert readings.ready(consoles) == {"node1": 90.5, "node2": 91.0}
    consoles |= {"node3": said("node3", "ready", "failed", 9.0), "node4": ""}
    with pytest.raises(StageError, match="node3, node4: never said to be READY"):
        readings.ready(consoles)


JOURNAL_TEXT = """\
[     1.00] + hostname node1
[     1.10] = exit 0 after 0.1 s
[     1.20] hostname done: already so
[    10.00] ganeti_node_add running:\x20
[    10.10] + gnt-node add --no-ssh-key-check node2.test
[    10.20] + gnt-node add --no-ssh-key-check node3.test
[    12.00] ganeti_node_add waiting: waiting for Ganeti to add node2, node3, 2 s of 900 s
[    30.10] hostname done: so says a program
[    30.10] = exit 0 after 20.0 s
[    30.11] = exit 0 after 19.9 s
[    30.12] + daemon &
[    30.20] + ssh -o BatchMode=yes node2.test test -s a
[    30.70] = exit 1 after 0.5 s
[    31.00] ganeti_node_add done:\x20
torn line
"""


def test_the_commands_of_a_step_are_in_the_journal() -> None:
    found = readings.commands(JOURNAL_TEXT, [ADD])
    assert [(one.words.split()[0], one.span) for one in found[ADD]] == [
        ("hostname", (1.0, 1.1)),
        ("gnt-node", (10.1, 30.1)),
        ("gnt-node", (10.2, pytest.approx(30.1))),
        ("ssh", (30.2, 30.7)),
    ]
    assert [one.words for one in readings.commands(JOURNAL_TEXT, ["hostname"])["hostname"]] == [
        "hostname node1",
        *(f"gnt-node add --no-ssh-key-check {node}.test" for node in ("node2", "node3")),
    ][:1]


def test_a_command_without_an_end_is_left_out_when_its_step_is_tried_again() -> None:
    text = """\
[    10.00] + gnt-node add node2
[    10.00] + gnt-node add node3
[    12.00] = exit 1 after 2.0 s
[    12.00] ganeti_node_add waiting: tried again in 15 s: it failed
[    30.00] + gnt-node add node3
[    34.00] = exit 0 after 4.0 s
[    35.00] ganeti_node_add done:
"""
    assert [one.span for one in readings.commands(text, [ADD])[ADD]] == [(10, 12), (30, 34)]


def test_the_journal_is_as_first_boot_writes_it(tmp_path: Path) -> None:
    """By its own code: a step of programs, two of them at the same time."""
    script = f"""
from engine import command, console, report
from engine.journal import Journal
from engine.state import State
journal = Journal({str(tmp_path / "log")!r})
told = report.Report(
    console.Console({str(tmp_path / "console")!r}, 'node1'),
    State({str(tmp_path)!r}), journal, {{}}, 1, False)
told.begin({ADD!r}, 1)
told.running()
command.run(['true', 'first'], journal, 9)
command.run_all([['sleep', '0.2'], ['echo', 'done']], journal, 9, lambda _: None)
command.run(['false'], journal, 9, check=False)
told.end('done')
"""
    run.run([sys.executable, "-c", script], env={"PYTHONPATH": str(FIRST_BOOT)})
    found = readings.commands((tmp_path / "log").read_text(), [ADD])[ADD]
    assert [one.words for one in found] == ["true first", "sleep 0.2", "echo done", "false"]


def test_the_journal_is_where_first_boot_keeps_it() -> None:
    assert f'LOG = "{JOURNAL.split()[1].lstrip("/")}"' in (FIRST_BOOT / "firstboot.py").read_text()


def job(op: str, executed: list[int] | None, ended: list[int] | None) -> str:
    one = {"input": {"OP_ID": op}, "exec_timestamp": executed, "end_timestamp": ended}
    return json.dumps({"id": 1, "ops": [one]})


def test_the_jobs_that_add_nodes_are_known_by_their_files() -> None:
    files = [
        job(readings.JOB, [1020, 500000], [1024, 0]),
        job(readings.JOB, [1010, 0], [1015, 0]),
        job("OP_CLUSTER_POST_INIT", [1001, 0], [1002, 0]),
        job(readings.JOB, None, [1002, 0]),
        *('{"ops": [{"sta', "", "3", '{"ops": []}'),
    ]
    assert readings.jobs("\n".join(files), 1000.0) == [(10.0, 15.0), (20.5, 24.0)]


SAMPLES = [Sample(float(at), 2.0 * at, 1.5 * at, 0.5 * at) for at in range(0, 60, 10)]


def test_what_the_step_consists_of() -> None:
    """Two batches: 20 s in which jobs ran for 9 s, and 6 s of which 2 s; 1 s of asking."""
    spans = [("gnt-node add a", 5.0, 25.0), ("gnt-node add b", 6.0, 25.0)]
    spans += [("gnt-node add c", 30.0, 36.0), ("gnt-cluster redist-conf", 41.0, 44.0)]
    spans += [("ssh a", 40.0, 40.5), ("ssh b", 40.5, 41.0)]
    ran = [Command(words, (began, ended)) for words, began, ended in spans]
    found = readings.adding((5.0, 45.0), ran, [(10, 14), (14, 19), (33, 35)], SAMPLES)
    assert found == Adding(40.0, 15.0, (4.0, 5.0, 2.0), 1.0, 80.0, 60.0, 20.0)
    assert found.waiting == 40 - 15 - 11 - 1


def test_seconds_of_processors_are_between_samples_in_proportion() -> None:
    assert meter.spent(SAMPLES, 5, 25) == Sample(20.0, 40.0, 30.0, 10.0)
    assert meter.spent(SAMPLES, -9, 99) == Sample(50.0, 100.0, 75.0, 25.0)


def test_a_processor_is_not_busy_while_it_idles_or_waits_for_a_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sysconf", lambda _: 100)
    assert meter.busy("cpu  100 10 20 9999 9999 3 4 5 50 0\ncpu0 1 1 1 1\n") == 1.42


@pytest.mark.parametrize(
    ("details", "mib"),
    [({"total_inactive_file": 1, "inactive_file": 0}, 3.0), ({"inactive_file": 2}, 2.0), ({}, 4.0)],
    ids=["cgroup v1", "cgroup v2", "neither"],
)
def test_a_container_has_what_docker_stats_shows(details: dict[str, int], mib: float) -> None:
    inside = {name: value << 20 for name, value in details.items()}
    memory = {"usage": 4 << 20, "stats": inside}
    usage = {"cpu_stats": {"cpu_usage": {"total_usage": 2_500_000_000}}}
    assert meter.by_engine({**usage, "memory_stats": memory}) == Used(2.5, mib)
    assert meter.by_engine({**usage, "memory_stats": {}}) == Used(2.5, 0.0)


def test_a_meter_that_cannot_count_says_so() -> None:
    def broken() -> list[float]:
        raise StageError("bench", "no engine")

    with pytest.raises(StageError, match="no engine"), Meter(broken):
        pass
    with Meter(lambda: [7.0, 2.0]) as counting:
        pass
    assert (counting.samples[0].nodes, counting.samples[0].master) == (9.0, 7.0)
