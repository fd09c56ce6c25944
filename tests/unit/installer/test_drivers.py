"""Which drivers a kernel has for a device, from lists as depmod writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden.errors import StageError
from golden.installer import drivers

# Lines of the real lists: Debian's 6.1.0-56-amd64, and what 3.2 has (docs/wheezy.md W6.1 to W6.5).
OLD = """\
# Aliases extracted from modules themselves.
alias pci:v*d*sv*sd*bc01sc06i01* ahci
alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci
alias virtio:d00000001v* virtio_net
alias virtio:d00000002v* virtio_blk
alias pci:v00008086d0000100Esv*sd*bc*sc*i* e1000
"""
NEW = f"{OLD}alias pci:v*d*sv*sd*bc01sc08i02* nvme\n"

AHCI = "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01"
NVME = "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02"
E1000 = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00"
VIRTIO_OLD_DISK = "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00"
VIRTIO_NEW_DISK = "pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00"
VIRTIO_CONSOLE = "pci:v00001AF4d00001043sv00001AF4sd00001100bc07sc80i00"


def kernel(folder: Path, name: str, text: str, built_in: bytes = b"") -> drivers.Drivers:
    place = folder / name
    place.mkdir()
    (place / "modules.alias").write_text(text)
    if built_in:
        (place / "modules.builtin.modinfo").write_bytes(built_in)
    return drivers.read(place)


@pytest.fixture
def wheezy(tmp_path: Path) -> drivers.Drivers:
    return kernel(tmp_path, "3.2.0-4-amd64", OLD)


@pytest.fixture
def bookworm(tmp_path: Path) -> drivers.Drivers:
    return kernel(tmp_path, "6.1.0-56-amd64", NEW)


def test_ids_and_classes_find_the_module(wheezy: drivers.Drivers) -> None:
    assert wheezy.modules(E1000) == ("e1000",)
    assert wheezy.modules(AHCI) == ("ahci",)


def test_nvme_came_later(wheezy: drivers.Drivers, bookworm: drivers.Drivers) -> None:
    assert wheezy.modules(NVME) == ()
    assert bookworm.modules(NVME) == ("nvme",)


def test_virtio_needs_transport_and_device(
    wheezy: drivers.Drivers, bookworm: drivers.Drivers
) -> None:
    assert wheezy.modules(VIRTIO_OLD_DISK) == ("virtio_pci", "virtio_blk")
    assert bookworm.modules(VIRTIO_NEW_DISK) == ("virtio_pci", "virtio_blk")
    # 3.2 has a matching alias, and cannot start a device without the old interface.
    assert wheezy.modules(VIRTIO_NEW_DISK) == ()
    assert bookworm.modules(VIRTIO_CONSOLE) == ()


def test_a_driver_inside_the_kernel_counts(tmp_path: Path) -> None:
    told = b"nvme.license=GPL\0nvme.alias=pci:v*d*sv*sd*bc01sc08i02*\0"
    assert kernel(tmp_path, "6.1.0", OLD, told).modules(NVME) == ("nvme (built in)",)


def test_without_a_list_nothing_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"no modules\.alias"):
        drivers.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "numbers"), [("3.2.0-4-amd64", (3, 2)), ("6.12", (6, 12)), ("7.0-rc1", (7, 0))]
)
def test_version(name: str, numbers: tuple[int, int]) -> None:
    assert drivers.version(name) == numbers
