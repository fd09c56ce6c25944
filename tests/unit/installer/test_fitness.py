"""Whether an image starts on a machine, from recorded probes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from golden import run
from golden.definition.files import Disk
from golden.errors import UserError
from golden.installer import fitness, probe
from golden.installer.drivers import Drivers
from tests.unit.installer.test_drivers import AHCI, E1000, NEW, NVME, OLD, kernel
from tests.unit.small_site import small_site

NODE = dataclasses.replace(small_site().nodes[0], disk=Disk(serial="S1"))
MODERN_CARD = "pci:v00008086d00001592sv00008086sd00000002bc02sc00i00"  # E810, driver ice


def told(**changes: Any) -> dict[str, Any]:
    """A server of 2011: AHCI, a gigabit card, BIOS."""
    machine = {
        "golden-probe": 1,
        "firmware": "bios",
        "memory_kib": 8000000,
        "machine": "X9",
        "pci": [
            {"slot": "0000:00:1f.2", "modalias": AHCI},
            {"slot": "0000:00:03.0", "modalias": E1000},
        ],
        "disks": [
            {"name": "sda", "bytes": 500 << 30, "serial": "S1", "wwn": "0x50A", "model": "M"}
        ],
        "nics": [{"name": "eth0", "mac": "02:00:00:00:00:01"}],
    }
    return machine | changes


def read(folder: Path, **changes: Any) -> probe.Probe:
    file = folder / "probe.json"
    file.write_text(json.dumps(told(**changes)))
    return probe.read(file)


@pytest.fixture
def wheezy(tmp_path: Path) -> Drivers:
    return kernel(tmp_path, "3.2.0-4-amd64", OLD)


def bad(rows: list[fitness.Row]) -> list[str]:
    return [f"{row.what}: {row.found}" for row in rows if row.ok is False]


def test_an_old_server_fits(tmp_path: Path, wheezy: Drivers) -> None:
    rows = fitness.judge(read(tmp_path), wheezy, [NODE])
    assert bad(rows) == []
    assert fitness.fits(rows)


def test_nvme_and_a_modern_card_do_not_fit_kernel_3_2(tmp_path: Path, wheezy: Drivers) -> None:
    pci = [{"slot": "01:00.0", "modalias": NVME}, {"slot": "02:00.0", "modalias": MODERN_CARD}]
    rows = fitness.judge(read(tmp_path, pci=pci), wheezy, [NODE])
    assert bad(rows) == [
        "storage 01:00.0: 144d:a808: no driver",
        "network 02:00.0: 8086:1592: no driver",
    ]


def test_nvme_fits_a_kernel_that_knows_it(tmp_path: Path) -> None:
    pci = [{"slot": "01:00.0", "modalias": NVME}, {"slot": "02:00.0", "modalias": E1000}]
    rows = fitness.judge(read(tmp_path, pci=pci), kernel(tmp_path, "6.1.0", NEW), [NODE])
    assert fitness.fits(rows)


def test_a_second_card_without_driver_does_not_decide(tmp_path: Path, wheezy: Drivers) -> None:
    pci = [*told()["pci"], {"slot": "02:00.0", "modalias": MODERN_CARD}]
    rows = fitness.judge(read(tmp_path, pci=pci), wheezy, [NODE])
    assert fitness.fits(rows)
    assert [row.ok for row in rows if row.what == "network 02:00.0"] == [None]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"firmware": "uefi"}, "legacy"),
        ({"memory_kib": 512 * 1024}, "512 MiB of 1024"),
        ({"disks": []}, "here: none"),
        ({"pci": []}, "no such PCI device"),
        (
            {"disks": [{"name": "sda", "bytes": 9 << 20, "serial": "S1", "wwn": "", "model": ""}]},
            "none has the",
        ),
    ],
    ids=["UEFI", "memory", "no disk", "no devices", "small disk"],
)
def test_what_is_missing_is_said(
    tmp_path: Path, wheezy: Drivers, changes: dict[str, Any], words: str
) -> None:
    rows = fitness.judge(read(tmp_path, **changes), wheezy, [NODE])
    assert words in " ".join(bad(rows))
    assert not fitness.fits(rows)


@pytest.mark.parametrize(
    "rule", [Disk(wwn="naa.50a"), Disk(size="400G..600G")], ids=["wwn", "size"]
)
def test_the_disk_is_chosen_as_the_installer_does(
    tmp_path: Path, wheezy: Drivers, rule: Disk
) -> None:
    node = dataclasses.replace(NODE, disk=rule)
    assert fitness.fits(fitness.judge(read(tmp_path), wheezy, [node]))


def test_no_probe_is_a_user_error(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("{}")
    with pytest.raises(UserError, match="this is no probe"):
        probe.read(file)
    with pytest.raises(UserError, match="No such file"):
        probe.read(tmp_path / "none")


def test_the_script_tells_of_a_machine(tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    files = {
        "proc/meminfo": "MemTotal:       4039492 kB\nMemFree: 1 kB\n",
        "sys/bus/pci/devices/0000:00:1f.2/modalias": f"{AHCI}\n",
        "sys/block/sda/size": "2048\n",
        "sys/block/sda/device/wwid": "naa.50a\n",
        "sys/block/sda/device/model": 'Disk "of\\ours"  \n',
        "sys/block/sda/serial": " S 1\n",
        "sys/block/sdb/size": "4096\n",
        "sys/block/sdb/device/vpd_pg80": "\0\x80\0\x14            WD-1234X\0",
        "sys/block/nvme0c0n1/size": "8\n",
        "sys/block/nvme0c0n1/hidden": "1\n",
        "sys/block/loop0/size": "8\n",
        "sys/class/net/lo/address": "00:00:00:00:00:00\n",
        "sys/class/net/eth0/address": "02:00:00:00:00:01\n",
        "sys/class/net/eth0/device/vendor": "0x8086\n",
        "sys/firmware/efi/runtime": "",
    }
    for name, text in files.items():
        (machine / name).parent.mkdir(parents=True, exist_ok=True)
        (machine / name).write_text(text, encoding="latin-1")
    said = run.run(["sh", probe.SCRIPT], env={"GOLDEN_ROOT": str(machine)}).out
    (tmp_path / "probe.json").write_text(said)
    assert probe.read(tmp_path / "probe.json") == probe.Probe(
        machine="",
        firmware="uefi",
        memory=4039492,
        devices=(probe.Device("0000:00:1f.2", AHCI),),
        disks=(
            probe.Disk("sda", 2048 * 512, "S 1", "naa.50a", "Disk ofours"),
            probe.Disk("sdb", 4096 * 512, "WD-1234X", "", ""),
        ),
        macs=("02:00:00:00:00:01",),
    )


def test_the_script_runs_here(tmp_path: Path) -> None:
    (tmp_path / "probe.json").write_text(run.run(["sh", probe.SCRIPT]).out)
    found = probe.read(tmp_path / "probe.json")
    assert found.memory > 0


@pytest.mark.parametrize("meant", ["S3Z8 NB0K 1234", "S3Z8NB0K1234", "S3Z8_NB0K_1234"])
def test_a_serial_number_has_the_installers_form(
    tmp_path: Path, wheezy: Drivers, meant: str
) -> None:
    node = dataclasses.replace(NODE, disk=Disk(serial=meant))
    disk = {"name": "sda", "bytes": 500 << 30, "serial": "S3Z8 NB0K 1234", "wwn": "", "model": ""}
    assert fitness.fits(fitness.judge(read(tmp_path, disks=[disk]), wheezy, [node]))
