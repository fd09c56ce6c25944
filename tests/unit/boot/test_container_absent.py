"""What a container lacks is found out, and each has its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import run
from golden.boot.container import absent

ALWAYS = {"nfsd", "lvm", "drbd", "kvm", "clock", "ptrace", "forwarding"}


def place(monkeypatch: pytest.MonkeyPatch, *, rich: bool) -> dict[str, str]:
    """`absent` on a host whose kernel has everything, or nothing."""
    systems = "nodev\tnfs\nnodev\tnfsd\n" if rich else "nodev\ttmpfs\n"
    monkeypatch.setattr(absent.Path, "read_text", lambda path: systems)
    monkeypatch.setattr(absent.Path, "exists", lambda path: rich)
    monkeypatch.setattr(absent.run, "run", lambda argv, **_: run.Result(0 if rich else 2, "", 0.1))
    return absent.absent()


def test_some_things_no_container_has(monkeypatch: pytest.MonkeyPatch) -> None:
    found = place(monkeypatch, rich=True)
    assert set(found) == ALWAYS
    assert "is the host's kernel's" in found["nfsd"]


def test_others_depend_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    found = place(monkeypatch, rich=False)
    assert set(found) == ALWAYS | {"nfs", "vlan", "sysrq", "nfqueue"}
    assert found["nfsd"] == "this host's kernel has no NFS server"
    assert all("\n" not in reason and reason for reason in found.values())


def test_every_feature_that_a_step_asks_for_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).parents[3] / "scripts/firstboot"
    texts = [path.read_text() for path in folder.rglob("*.py")]
    asked = {part.partition('"')[0] for text in texts for part in text.split('absent("')[1:]}
    assert asked and asked <= set(place(monkeypatch, rich=False))
