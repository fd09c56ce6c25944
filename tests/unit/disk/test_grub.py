"""The boot loader's two files and the menu."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from golden.disk import grub, layout
from golden.errors import StageError

BOOT_IMG = bytes(range(256)) + bytes(256)


def test_boot_code_loads_core_from_sector_one() -> None:
    code = grub.boot_code(BOOT_IMG)
    assert int.from_bytes(code[grub.KERNEL_SECTOR : grub.KERNEL_SECTOR + 8], "little") == 1


def test_boot_code_ends_before_signature_and_partition_table() -> None:
    assert len(grub.boot_code(BOOT_IMG)) == 440


def test_install_keeps_the_partition_table(tmp_path: Path) -> None:
    disk = tmp_path / "disk.raw"
    layout.partition(disk, 8, uuid.UUID(int=7))
    before = disk.read_bytes()[grub.BOOT_CODE : layout.SECTOR]
    grub.install(disk)
    after = disk.read_bytes()
    assert after[grub.BOOT_CODE : layout.SECTOR] == before
    # A GRUB boot sector jumps over its parameter block; core.img starts with diskboot.img's code.
    assert after[:1] == b"\xeb"
    assert any(after[layout.SECTOR : 2 * layout.SECTOR])
    assert not any(after[layout.PARTITION_START :])


def test_a_core_image_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk.raw"
    layout.partition(disk, 8, uuid.UUID(int=7))
    before = disk.read_bytes()
    monkeypatch.setattr(grub, "_core_image", lambda log, label: bytes(layout.MIB))
    with pytest.raises(StageError, match="before the partition fit"):
        grub.install(disk)
    assert disk.read_bytes() == before


def test_a_host_without_grub_is_told_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grub, "LIBRARY", tmp_path)
    with pytest.raises(StageError, match="apt-get install grub-pc-bin"):
        grub.install(tmp_path / "disk.raw")


def test_the_menu_finds_the_root_by_label_on_every_machine() -> None:
    files = grub.boot_files()
    menu = files["/boot/grub/grub.cfg"]
    assert f"root=LABEL={grub.LABEL} ro net.ifnames=0" in menu
    assert "console=tty0 console=ttyS0,115200n8" in menu
    assert "linux /vmlinuz $options" in menu
    assert files["/etc/fstab"].splitlines()[-1].startswith(f"LABEL={grub.LABEL} / ext4")


@pytest.mark.parametrize("missing", grub.NEEDED)
def test_a_tree_that_would_not_boot_is_refused(missing: str) -> None:
    with pytest.raises(StageError, match=f"the tree has no {missing}"):
        grub.require_bootable(lambda path: path != missing)
    grub.require_bootable(lambda path: True)
