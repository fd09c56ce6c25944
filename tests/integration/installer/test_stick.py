"""The installer in real machines with blank disks: from the stick to a booted guest, and killed.

What each refusal says is proven in tests/unit/metal; here, that none of them touches the disk.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import paths, run
from golden.boot import accelerator
from golden.boot.accelerator import Accelerator
from golden.installer import stick
from golden.installer.bundle import Bundle
from golden.keys import secrets, signing
from tests.integration.installer import tiny_installer
from tests.integration.installer.tiny_installer import IMAGE_MIB, MIB, Machine
from tests.unit.installer.machine import boots, lvm_label
from tests.unit.installer.test_state import file_system

pytestmark = pytest.mark.nightly

KILLS = 10
INSTALLED = '"state": "done", "step": "installed"'
REFUSED = '"state": "refused"'


@pytest.fixture(scope="module")
def chosen() -> Accelerator:
    return accelerator.choose()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    folder = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "SECRETS", folder / "secrets")
        patch.setattr(paths, "SECRETS", folder / "secrets")
        yield tiny_installer.make(folder)


@pytest.fixture(scope="module")
def good_stick(bundle: Bundle) -> Path:
    return stick.make(bundle, bundle.folder.parent / "stick.img")


@pytest.fixture
def machine(tmp_path: Path, chosen: Accelerator) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine", chosen)
    yield made
    made.kill()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def holds_all(machine: Machine, bundle: Bundle) -> bool:
    """Whether the disk has the whole image, apart from partition table and mark."""
    image = bytearray((bundle.folder.parent / "disk.raw").read_bytes())
    found = bytearray(machine.disk.read_bytes()[: len(image)])
    for start, end in ((446, 510), (MIB - 512, MIB)):
        found[start:end] = image[start:end]
    return found == image


def test_from_the_stick_to_a_booted_node(machine: Machine, good_stick: Path) -> None:
    before = digest(good_stick)
    machine.start(stick=good_stick)
    # It restarts by itself, the stick's GRUB finds the disk, and the guest reads its seed.
    said = machine.wait(lambda text: "tiny: seed n1" in text)
    assert INSTALLED in said
    machine.kill()
    # And without the stick.
    machine.start()
    said = machine.wait(lambda text: '"step":"ready"' in text)
    assert "tiny: boots=xx" in said
    assert digest(good_stick) == before


def test_killed_at_any_moment_no_disk_boots_half_an_image(
    machine: Machine, good_stick: Path, bundle: Bundle
) -> None:
    def start() -> float:
        machine.start(stick=good_stick, boot=bundle)
        # From here on the disk is changed; before, whatever it held stays whole.
        machine.wait(lambda text: "checked 100 %" in text)
        return time.monotonic()

    began = start()
    machine.wait(lambda text: INSTALLED in text)
    takes = time.monotonic() - began
    moments = [random.uniform(0, takes) for _ in range(KILLS)]
    cut = 0
    for moment in moments:
        machine.kill()
        start()
        time.sleep(moment)
        machine.kill()
        cut += not boots(machine.disk)
        assert not boots(machine.disk) or holds_all(machine, bundle), moment
    # Half came before the end at least, else this would show nothing.
    assert cut >= KILLS / 2, (takes, moments)
    start()
    machine.wait(lambda text: INSTALLED in text)
    assert holds_all(machine, bundle)


def test_state_stays_through_a_new_install(
    tmp_path: Path, chosen: Accelerator, bundle: Bundle
) -> None:
    planned = copied(bundle, tmp_path)
    text = planned.manifest.read_text()
    assert text.count(" 0 0 i\n") == 1
    planned.manifest.write_text(text.replace(" 0 0 i\n", f" 0 {16 * MIB} i\n"))
    signing.sign(planned.manifest)
    good = stick.make(planned, tmp_path / "stick.img")
    machine, start = Machine(tmp_path / "machine", chosen, 80), 63 * MIB

    def installed(word: str) -> str:
        machine.start(stick=good, boot=planned)
        try:
            return machine.wait(lambda text: word in text)
        finally:
            machine.kill()

    def fill(instance: str) -> None:
        with machine.disk.open("r+b") as file:
            file.seek(start)
            file.write(file_system(tmp_path, instance))

    installed(INSTALLED)
    fill("i")
    before = machine.disk.read_bytes()[start : start + 16 * MIB]
    assert "the state of i stays" in installed(INSTALLED)
    assert machine.disk.read_bytes()[start : start + 16 * MIB] == before and boots(machine.disk)
    fill("another")
    whole = digest(machine.disk)
    assert "vda has the state of another, and this is i" in installed(REFUSED)
    assert digest(machine.disk) == whole


def copied(bundle: Bundle, folder: Path) -> Bundle:
    """A copy of the bundle, to be changed."""
    copy = shutil.copytree(bundle.folder, folder / "metal")
    seeds = {name: copy / "seed" / path.name for name, path in bundle.seeds.items()}
    return Bundle(bundle.site, copy, bundle.nodes, bundle.kinds, seeds)


def wrong_hash(bundle: Bundle) -> None:
    piece = sorted((bundle.folder / bundle.kinds[0]).glob("*.gz"))[-1]
    content = bytearray(piece.read_bytes())
    content[100] ^= 1
    piece.unlink()
    piece.write_bytes(content)


def wrong_signature(bundle: Bundle) -> None:
    bundle.manifest.write_text(bundle.manifest.read_text().replace("serial S1", "serial S2"))


def nothing_wrong(bundle: Bundle) -> None:
    del bundle


def too_small(disk: Path) -> None:
    with disk.open("r+b") as file:
        file.truncate(IMAGE_MIB * MIB)


def foreign_table(disk: Path) -> None:
    run.run(["sfdisk", "-q", "--no-reread", "--no-tell-kernel", disk], stdin="label: dos\n,,L\n")


def physical_volume(disk: Path) -> None:
    with disk.open("r+b") as file:
        file.write(lvm_label())


def blank(disk: Path) -> None:
    del disk


@pytest.mark.parametrize(
    ("spoil", "prepare", "words"),
    [
        (wrong_hash, blank, "is not what the manifest names"),
        (wrong_signature, blank, "signature does not fit"),
        (nothing_wrong, too_small, "vda is too small"),
        (nothing_wrong, physical_volume, "vda is part of LVM, RAID, ZFS or the like"),
        (nothing_wrong, foreign_table, "vda is not empty, it holds vda dos"),
    ],
    ids=["wrong hash", "wrong signature", "too small", "LVM", "foreign partitions"],
)
def test_refused_with_the_disk_unchanged(
    machine: Machine,
    bundle: Bundle,
    tmp_path: Path,
    spoil: Callable[[Bundle], None],
    prepare: Callable[[Path], None],
    words: str,
) -> None:
    spoiled = copied(bundle, tmp_path)
    spoil(spoiled)
    prepare(machine.disk)
    before = digest(machine.disk)
    machine.start(stick=stick.make(spoiled, tmp_path / "stick.img"), boot=bundle)
    said = machine.wait(lambda text: REFUSED in text)
    assert words in said
    machine.kill()
    assert digest(machine.disk) == before
