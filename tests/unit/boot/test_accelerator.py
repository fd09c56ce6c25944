"""Which accelerator is chosen, why, and when it is asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import run
from golden.boot import accelerator as module
from golden.errors import StageError, UserError

HANGS = (None, "did not come to its end within 5 s")


class Host:
    """A host whose guests behave as `kvm` and `tcg` say; counts how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.kvm: tuple[float | None, str] = (0.3, "")
        self.tcg: tuple[float | None, str] = (0.3, "")
        self.asked: list[str] = []
        device = folder / "kvm"
        device.touch()
        monkeypatch.setattr(module, "KVM", device)
        monkeypatch.setattr(module, "CACHE", folder / "cache")
        monkeypatch.setattr(module, "run_guest", self.run_guest)
        self.device = device

    def run_guest(self, options: list[str], timeout: float = 0) -> tuple[float | None, str]:
        self.asked.append(options[1])
        return self.kvm if options[1] == "kvm" else self.tcg


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    return Host(monkeypatch, tmp_path)


def test_kvm_is_taken_when_its_guest_ends(host: Host) -> None:
    found = module.choose()
    assert (found.name, found.factor) == ("kvm", 1.0)
    assert "ran to its end in 0.3 s" in found.reason


def test_kvm_that_hangs_is_not_taken_although_the_device_opens(host: Host) -> None:
    host.kvm = HANGS
    found = module.choose()
    assert found.name == "tcg"
    assert found.reason == "/dev/kvm is there, but a guest did not come to its end within 5 s"


def test_without_the_device_kvm_is_not_even_tried(host: Host) -> None:
    host.device.unlink()
    assert str(module.choose()) == "tcg (this host has no /dev/kvm)"
    assert host.asked == ["tcg"]


@pytest.mark.parametrize(("seconds", "factor"), [(0.2, 6), (1.0, 12), (30.0, 24)])
def test_time_limits_grow_with_the_measured_slowness(
    host: Host, seconds: float, factor: float
) -> None:
    host.kvm = HANGS
    host.tcg = (seconds, "")
    assert module.choose().factor == factor


def test_a_host_that_runs_no_guest_at_all(host: Host) -> None:
    host.kvm = host.tcg = (None, "failed: out of memory")
    with pytest.raises(StageError, match=r"runs no guest at all.*out of memory"):
        module.choose()


def test_the_answer_is_kept_until_the_host_boots_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = module.choose()
    assert module.choose() == first
    assert host.asked == ["kvm"]
    monkeypatch.setattr(module.daemon, "boot_id", lambda: "another boot")
    module.choose()
    assert host.asked == ["kvm", "kvm"]


def test_an_unreadable_answer_is_asked_again(host: Host, tmp_path: Path) -> None:
    module.choose()
    (tmp_path / "cache/accelerator.json").write_text("{half")
    module.choose()
    assert host.asked == ["kvm", "kvm"]


def test_a_missing_qemu_names_the_package(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "which", lambda name: None)
    with pytest.raises(UserError, match="apt-get install qemu-system-x86"):
        module.choose()


def test_the_guest_is_the_assembled_source(tmp_path: Path) -> None:
    source = Path(__file__).with_name("probe.s")
    run.run(["as", "-o", tmp_path / "probe.o", source])
    words = ["ld", "-Ttext", "0x7c00", "--oformat", "binary", "-e", "start"]
    run.run([*words, "-o", tmp_path / "probe.bin", tmp_path / "probe.o"])
    assert (tmp_path / "probe.bin").read_bytes() == module.GUEST
