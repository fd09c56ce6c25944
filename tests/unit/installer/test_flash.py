"""Which devices a stick is written to, and that it is there afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from golden import run
from golden.errors import StageError, UserError
from golden.installer import flash
from golden.installer.flash import MIB, Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host that knows of no device yet."""
    made = Host(tmp_path / "sys", tmp_path / "mounts", tmp_path / "swaps")
    made.sys.mkdir()
    made.mounts.write_text("/dev/sda1 / ext4 rw 0 0\n")
    made.swaps.write_text("Filename Type Size Used Priority\n")
    return made


def add(host: Host, name: str, *, removable: str = "1") -> Path:
    """A device with a partition."""
    folder = host.sys / name
    (folder / f"{name}1/holders").mkdir(parents=True)
    (folder / "holders").mkdir()
    (folder / "removable").write_text(removable + "\n")
    return folder


def image(tmp_path: Path) -> Path:
    path = tmp_path / "stick.img"
    path.write_bytes(os.urandom(3 * MIB + 512))
    return path


def test_an_unused_removable_device_is_taken(host: Host) -> None:
    add(host, "sdb")
    flash._check_use("sdb", host)
    assert flash._is_removable("sdb", host)


def test_a_fixed_disk_is_not_removable(host: Host) -> None:
    add(host, "sdb", removable="0")
    assert not flash._is_removable("sdb", host)


@pytest.mark.parametrize("place", ["sdb/holders/dm-0", "sdb/sdb1/holders/md0"])
def test_a_device_that_something_is_made_of_is_refused(host: Host, place: str) -> None:
    add(host, "sdb")
    (host.sys / place).mkdir()
    with pytest.raises(UserError, match=r"in use, .* is made of sdb"):
        flash._check_use("sdb", host)


def test_a_mounted_device_is_refused(host: Host) -> None:
    add(host, "sda")
    with pytest.raises(UserError, match="sda1 is mounted; unmount it first"):
        flash._check_use("sda", host)


def test_swap_is_refused(host: Host) -> None:
    add(host, "sdb")
    host.swaps.write_text("Filename\n/dev/sdb1 partition 8 0 -2\n")
    with pytest.raises(UserError, match="in use, sdb1"):
        flash._check_use("sdb", host)


def test_a_partition_is_refused(host: Host) -> None:
    (add(host, "sdb1") / "partition").touch()
    with pytest.raises(UserError, match="name the whole disk"):
        flash._check_use("sdb1", host)


def test_what_is_no_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such device"):
        flash.check(tmp_path / "sdb", insist=True)
    with pytest.raises(UserError, match="neither a disk nor a file"):
        flash.check(tmp_path, insist=True)


def test_what_holds_something_must_be_named_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = tmp_path / "disk"
    device.write_bytes(bytes(8 * MIB))
    flash.check(device, insist=False)
    run.run(["mke2fs", "-q", "-F", "-L", "photos", device])
    with pytest.raises(UserError, match=f"name it twice: --device {device} --device {device}"):
        flash.check(device, insist=False)
    assert 'LABEL="photos"' in capsys.readouterr().out
    flash.check(device, insist=True)


def test_what_may_be_several_things_holds_something(tmp_path: Path) -> None:
    device = tmp_path / "disk"
    device.write_bytes(bytes(8 * MIB))
    run.run(["mke2fs", "-q", "-F", device])
    with device.open("r+b") as file:
        # The beginning of a squashfs of version 4, where ext2 leaves room for a boot loader.
        file.write(b"hsqs".ljust(28, b"\0") + b"\4\0\0\0")
    assert "ambivalent" in flash.contents(device)


def test_what_blkid_does_not_know_must_be_named_twice(tmp_path: Path) -> None:
    device = tmp_path / "backup.tar"
    device.write_bytes(b"not known to blkid")
    with pytest.raises(UserError, match=r"something unknown at its beginning; .*name it twice"):
        flash.check(device, insist=False)
    assert device.read_bytes() == b"not known to blkid"


def test_a_stick_of_ours_is_written_again_without_asking(tmp_path: Path) -> None:
    device = tmp_path / "disk"
    device.write_bytes(bytes(8 * MIB))
    run.run(["mke2fs", "-q", "-F", "-L", "golden-stick", device])
    flash.check(device, insist=False)


@pytest.mark.parametrize("devices", [(), ("/dev/a", "/dev/b"), ("/dev/a",) * 3])
def test_one_device_is_named_once_or_twice(devices: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="name one device"):
        flash.flash("rehearsal", (), devices)


def test_a_device_that_is_too_small_is_refused(tmp_path: Path) -> None:
    device = tmp_path / "disk"
    device.write_bytes(bytes(MIB))
    with pytest.raises(UserError, match="1 MB are too few, the stick needs 2 MB"):
        flash.check_size(device, 2 * MIB)


def test_the_device_holds_the_image_and_what_was_behind_it(tmp_path: Path) -> None:
    source, device = image(tmp_path), tmp_path / "disk"
    device.write_bytes(b"\1" * (8 * MIB))
    flash.write(source, device)
    content, wanted = device.read_bytes(), source.read_bytes()
    assert content[: len(wanted)] == wanted
    assert content[len(wanted) :] == b"\1" * (8 * MIB - len(wanted))


def test_nothing_starts_from_a_device_that_forgets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, device = image(tmp_path), tmp_path / "disk"
    device.write_bytes(b"\1" * (8 * MIB))
    real = os.pwrite
    monkeypatch.setattr(
        os, "pwrite", lambda file, block, at: len(block) if at >= MIB else real(file, block, at)
    )
    with pytest.raises(StageError, match="does not keep what is written"):
        flash.write(source, device)
    assert device.read_bytes()[:MIB] == bytes(MIB)
