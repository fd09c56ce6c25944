"""The target metal: what it refuses, what it starts, what it ends."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from golden import daemon, rundir
from golden.boot import running, status
from golden.boot.metal import dhcp, following
from golden.boot.metal import target as target_module
from golden.boot.metal.target import Metal
from golden.boot.target import target
from golden.daemon import Process
from golden.errors import UserError
from golden.rundir import NodeDir
from tests.unit.small_site import small_site

SITE = small_site()


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)


def sleeping(log: Path) -> Process:
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    return begin(words, name="sleep", log=log, ready=lambda: True)


begin = daemon.start


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A target whose two servers only sleep; their records."""
    folder = tmp_path / "run/small/.netboot"
    records = [folder / "http.json", folder / "dhcp.json"]

    def serve(_: Any, site: Any) -> Process:
        for record in records:
            if daemon.running(record) is None:
                daemon.remember(record, sleeping(folder / "log"))
        found = daemon.running(records[0])
        assert found
        return found

    monkeypatch.setattr(Metal, "_serve", serve)
    return records


def test_the_interface_must_be_named() -> None:
    with pytest.raises(UserError, match="--interface is missing"):
        target("metal").check(SITE, SITE.nodes)


def test_root_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match="takes root"):
        Metal("eth1").check(SITE, SITE.nodes)


def test_served_until_the_last_node_is_down(served: list[Path]) -> None:
    place = Metal("eth1")
    first, second = SITE.nodes
    assert place.up(SITE, first)
    assert not place.up(SITE, first)
    assert place.up(SITE, second)
    console = NodeDir("small", "n1").console.read_text()
    assert status.status(console).phase == "power"
    assert "02:00:00:00:00:01" in str(status.status(console))
    assert place.machine_state("small", "n1") == "running"
    assert place.down("small", "n1", keep=False)
    assert place.machine_state("small", "n1") == "off"
    assert place.machine_state("small", "n2") == "running"
    assert place.down("small", "n2", keep=False)
    assert [daemon.running(record) for record in served] == [None, None]
    assert not place.down("small", "n2", keep=False)


def test_a_machine_that_was_refused_begins_anew(served: list[Path]) -> None:
    node, files = SITE.nodes[0], NodeDir("small", "n1")
    assert Metal("eth1").up(SITE, node)
    refused = {"node": "n1", "step": "disk", "n": 3, "of": 7, "state": "refused"}
    following.append(files, "installer", refused | {"detail": "no", "seconds": 0, "uptime": 9})
    again = Metal("eth1", force=("S1", "S2"), wipe_state=("S3",))
    assert again.up(SITE, node)
    assert status.status(files.console.read_text()).phase == "power"
    told = rundir.read(served[0].parent / "nodes/n1.json")
    assert isinstance(told, dict)
    assert (told["force"], told["wipe"]) == ("S1,S2", "S3")
    # While it installs, and when it is installed, it goes on.
    goes_on = refused | {"state": "running", "detail": "", "seconds": 0, "uptime": 9}
    following.append(files, "installer", goes_on)
    assert not again.up(SITE, node)
    again.down("small", "n1", keep=False)


@pytest.mark.parametrize("name", ["sda", "vdb", "nvme0n1", "S1,S2", "a b"])
@pytest.mark.parametrize("option", ["force", "wipe_state"])
def test_a_disk_is_not_forced_by_a_name_that_others_have(option: str, name: str) -> None:
    said = f"--{option.replace('_', '-')} .*: name a disk by its serial number or WWN"
    with pytest.raises(UserError, match=said):
        Metal("eth1", **{option: (name,)}).check(SITE, SITE.nodes)  # type: ignore[arg-type]


def test_there_is_no_console_to_type_at(served: list[Path]) -> None:
    place = Metal("eth1")
    place.up(SITE, SITE.nodes[0])
    with pytest.raises(UserError, match="this host does not have the machine's console"):
        running.console(SITE, "n1")
    place.down("small", "n1", keep=False)
    assert daemon.running(served[0]) is None


def test_reinstall_is_for_the_record(served: list[Path]) -> None:
    node = dataclasses.replace(SITE.nodes[0], name="n1")
    place = Metal("eth1", reinstall=True)
    place.up(SITE, node)
    told = rundir.read(served[0].parent / "nodes/n1.json")
    assert isinstance(told, dict)
    assert told["reinstall"] is True
    place.down("small", "n1", keep=False)


@pytest.fixture
def lan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A host with eth1 and eth2, and servers that only sleep; the words each was started with."""
    started: list[list[str]] = []
    has = {"eth1": "198.51.100.250/24", "eth2": "198.51.100.251/24"}

    def interface(name: str, *_: Any, **__: Any) -> dhcp.Interface:
        return dhcp.Interface(name, ipaddress.IPv4Interface(has[name]))

    def start(words: list[str], *, log: Path, **_: object) -> Process:
        started.append(words)
        return sleeping(log)

    monkeypatch.setattr(dhcp, "interface", interface)
    monkeypatch.setattr(dhcp, "program", lambda: Path("/usr/sbin/dnsmasq"))
    for rom in ("ROM", "UEFI_ROM"):
        monkeypatch.setattr(dhcp, rom, tmp_path / rom)
        (tmp_path / rom).touch()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(daemon, "start", start)
    monkeypatch.setattr(target_module, "_no_clash", lambda *_: None)
    monkeypatch.setattr(target_module.bundle, "make", lambda *_, **__: None)
    return started


def test_nobody_cuts_the_power_of_a_real_machine() -> None:
    with pytest.raises(UserError, match="the power of n1 is not in reach from here"):
        Metal("eth1").cut("small", "n1")


def test_a_site_is_served_in_one_place(lan: list[list[str]]) -> None:
    first, second = SITE.nodes
    Metal("eth1").check(SITE, SITE.nodes)
    Metal("eth1").up(SITE, first)
    with pytest.raises(UserError, match=r"served on eth1 as 198\.51\.100\.250 already.*inv down"):
        Metal("eth2").check(SITE, SITE.nodes)
    Metal("eth1").check(SITE, SITE.nodes)
    Metal("eth1").up(SITE, second)
    assert len(lan) == 2
    for node in SITE.nodes:
        Metal("eth1").down("small", node.name, keep=False)
    Metal("eth2").check(SITE, SITE.nodes)


def test_dnsmasq_learns_of_a_mac_address_that_was_wrong(lan: list[list[str]]) -> None:
    first, second = SITE.nodes
    Metal("eth1").up(SITE, second)
    config = rundir.site_dir("small") / ".netboot" / dhcp.CONFIG
    assert f"dhcp-host={first.mac}," in config.read_text()
    right = dataclasses.replace(first, mac="02:00:00:00:00:77")
    Metal("eth1").up(dataclasses.replace(SITE, nodes=(right, second)), right)
    assert "dhcp-host=02:00:00:00:00:77," in config.read_text()
    # It reads its file once; the other server runs on.
    programs = [words[0] for words in lan]
    assert programs == ["/usr/sbin/dnsmasq", sys.executable, "/usr/sbin/dnsmasq"]
    for node in SITE.nodes:
        Metal("eth1").down("small", node.name, keep=False)
