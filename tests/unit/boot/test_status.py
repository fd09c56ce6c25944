"""What consoles tell; those in consoles/ were recorded from real boots, only shortened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden.boot import status
from golden.boot.events import events
from golden.boot.status import NodeStatus, Probe

CONSOLES = Path(__file__).with_name("consoles")


def console(name: str) -> str:
    return (CONSOLES / f"{name}.txt").read_bytes().decode("utf-8", "replace")


def line(step: str, state: str, *, detail: str = "", n: int = 1, uptime: float = 60.0) -> str:
    data = {"node": "node1", "step": step, "n": n, "of": 3, "state": state, "detail": detail}
    return f"\r\n@firstboot {json.dumps(data | {'seconds': 2.5, 'uptime': uptime})}\r\n"


@pytest.mark.parametrize(
    ("name", "part", "reason"),
    [
        ("no-bootable-disk", "boot loader", "cannot start the disk: not a bootable disk"),
        ("grub-prompt", "boot loader", "GRUB says: no such device: golden-root"),
        ("panic", "kernel", "kernel panic: VFS: Unable to mount root fs on unknown-block(0,0)"),
        ("no-root", "kernel", "the root file system LABEL=nosuch was not found"),
        ("maintenance", "file systems", "maintenance shell"),
        ("no-python", "first boot", "it needs /usr/bin/python2.7, which is not in the image"),
        (
            "failed-step",
            "first boot",
            "step rabbitmq_start: AttributeError: module 'engine.probe' has no attribute",
        ),
    ],
)
def test_a_failed_boot_names_its_part(name: str, part: str, reason: str) -> None:
    found = status.status(console(name))
    assert found.phase == "failed"
    assert found.trouble is not None
    assert found.trouble[0] == part
    assert reason in found.trouble[1]
    assert status.diagnose(console(name), Probe()) == found.trouble


def test_a_boot_that_succeeded() -> None:
    text = console("ready")
    assert status.status(text).phase == "ready"
    assert str(status.status(text)) == "ready"
    assert status.diagnose(text, Probe(ssh="answers")) is None


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("", "firmware"),
        ("SeaBIOS (version 1.16)\r\nBooting from Hard Disk...\r\n", "firmware"),
        ("SeaBIOS (version 1.16)\r\nGRUB loading...\r\n", "boot loader"),
        ("GRUB loading...\r\n[    0.000000] Linux version 6.1\r\n", "kernel"),
        ("Linux version 6.1\r\nINIT: version 3.06 booting\r\n", "init"),
        (line("network", "running"), "first boot"),
    ],
)
def test_how_far_a_boot_is(text: str, phase: str) -> None:
    assert status.status(text).phase == phase


def test_a_running_step_in_words() -> None:
    assert str(status.status(line("network", "running", n=2))) == "step 2 of 3, network"
    waiting = line("nfs_mount", "waiting", detail="waiting for node1, 42 s of 600 s")
    assert str(status.status(waiting)) == (
        "waits, step 1 of 3, nfs_mount: waiting for node1, 42 s of 600 s"
    )


def test_a_step_that_failed_is_named_even_without_the_last_line() -> None:
    text = line("drbd", "failed", detail="modprobe drbd: exit code 1")
    assert status.status(text).trouble == ("first-boot step drbd", "modprobe drbd: exit code 1")


def test_a_resumed_first_boot_is_no_failure_any_more() -> None:
    text = line("drbd", "failed") + line("ready", "failed") + line("drbd", "running")
    assert status.status(text).phase == "first boot"


def test_a_panic_after_first_boot_began_is_seen() -> None:
    text = line("drbd", "running") + "[   99.0] Kernel panic - not syncing: Fatal exception\r\n"
    assert status.status(text).trouble == ("kernel", "kernel panic: Fatal exception")


def test_only_the_last_boot_counts() -> None:
    text = console("ready") + "SeaBIOS (version 1.16)\r\nGRUB loading...\r\n"
    assert status.status(text) == NodeStatus("boot loader")


def test_a_boot_loader_without_a_menu() -> None:
    text = "GRUB loading...\r\nWelcome to GRUB!\r\n\r\ngrub> "
    assert "waits at its prompt" in str(status.status(text))


def test_an_error_of_some_program_is_not_the_boot_loaders() -> None:
    text = "Linux version 6.1\r\nINIT: version 3.06 booting\r\nerror: no such device.\r\n"
    assert status.status(text).phase == "init"


def test_lines_cut_by_the_kernel_are_left_out() -> None:
    good = line("drbd", "done")
    cut = good.replace('"state"', "[   70.0] drbd: loaded\r\n")
    assert [event.step for event in events(cut + good + '@firstboot {"a": 1}\n')] == ["drbd"]


def test_text_before_a_line_does_not_hide_it() -> None:
    assert events(f"login: {line('drbd', 'done').strip()}\n")[0].step == "drbd"


@pytest.mark.parametrize(
    ("text", "probe", "part", "reason"),
    [
        ("", Probe(), "kernel", "no kernel output for 99 s (reached: firmware)"),
        ("Linux version 6\n", Probe(), "kernel", "has not started init"),
        ("Linux version 6\nINIT: version 3\n", Probe(), "init", "no word of first boot for 99 s"),
        (line("dns", "running"), Probe(), "first-boot step dns", "no progress for 99 s"),
        (line("ready", "done"), Probe(ssh="closed"), "sshd", "nothing listens on port 22"),
        (line("ready", "done"), Probe(ssh="silent"), "network", "port 22 does not answer"),
    ],
)
def test_a_boot_that_says_nothing_for_too_long(
    text: str, probe: Probe, part: str, reason: str
) -> None:
    assert status.diagnose(text, probe) is None
    found = status.diagnose(text, probe, silent=99)
    assert found is not None
    assert found[0] == part
    assert reason in found[1]


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        ("off", "its process ended: qemu: out of memory"),
        ("io-error", "this host's disk is full"),
        ("guest-panicked", "its kernel panicked"),
    ],
)
def test_a_machine_that_stopped(machine: str, reason: str) -> None:
    found = status.diagnose("", Probe(machine), log="qemu: out of memory")
    assert found is not None
    assert found[0] == "machine"
    assert reason in found[1]


def test_the_tail_is_for_people() -> None:
    shown = status.tail(console("maintenance"))
    assert len(shown) == status.TAIL_LINES
    assert "failed (code 8)." in shown
    assert not any("@firstboot" in text or "\x1b" in text for text in status.tail(console("ready")))


def test_the_time_line_has_every_step_once_and_in_order() -> None:
    steps = {step.name: step for step in status.timeline(console("ready"))}
    assert list(steps)[-3:] == ["ganeti_disk_parameters", "rabbitmq", "services"]
    assert steps["ganeti_init"].seconds == 54.0
    assert steps["ganeti_init"].began == pytest.approx(315.0 - 54.0, abs=0.2)
    assert "ready" not in steps


def test_phases_come_from_when_they_were_seen() -> None:
    marks = {"firmware": 0.5, "boot loader": 2.0, "kernel": 8.0, "init": 20.0, "first boot": 70.0}
    steps = status.timeline(line("hostname", "running") + line("hostname", "done"), marks)
    assert [(step.name, step.began, step.seconds) for step in steps] == [
        ("firmware", 0.0, 2.0),
        ("boot loader", 2.0, 6.0),
        ("kernel", 8.0, 12.0),
        ("init", 20.0, 48.0),
        ("hostname", 65.5, 2.5),
    ]
