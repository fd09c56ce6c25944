"""The doctor as a whole: what a bake asks first, and what `inv doctor` prints."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from golden import doctor
from golden.definition import Site
from golden.errors import UserError
from golden.host import Finding
from golden.host.require import require
from tests.unit.doctor.conftest import healthy


def test_a_host_that_has_everything_is_content(site: Site) -> None:
    require(site, healthy())


def test_everything_missing_is_told_at_once_with_one_line_for_apt(site: Site) -> None:
    gone = {"packer", "mke2fs", "sfdisk"}
    host = healthy(which=lambda name: None if name in gone else Path("/usr/bin") / name)
    with pytest.raises(UserError) as caught:
        require(site, host)
    text = str(caught.value)
    assert all(f"{name}: missing" in text for name in gone)
    assert text.count("apt-get") == 1
    assert "--no-install-recommends packer fdisk e2fsprogs" in text


def test_a_bake_does_not_ask_for_what_only_a_boot_needs(site: Site) -> None:
    host = healthy(which=lambda name: None if name.startswith("qemu-system") else Path(name))
    require(site, host)


def test_other_fixes_follow_the_packages(site: Site) -> None:
    host = healthy(which=lambda name: None if name == "packer" else Path(name), free=lambda path: 1)
    with pytest.raises(UserError, match=r"mend it with: apt-get install .* packer && GOLDEN_HOME"):
        require(site, host)


def test_the_real_host_is_asked_quickly(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not a benchmark: it fails when somebody puts a network or a VM into the quick part.
    began = time.monotonic()
    try:
        require(site)
    except UserError as error:
        assert "mend it with" in str(error)
    assert time.monotonic() - began < 2


def test_examine_looks_at_every_subject(site: Site) -> None:
    found = doctor.examine(site, healthy(), probe=lambda: "tcg")
    names = {one.name for one in found}
    assert {"packer", "python", "venv", "namespaces", "disk space", "memory", "keyring"} <= names
    assert {"vsyscall", "mirror", "subnet and routes", "accelerator", "docker engine"} <= names
    assert all(one.fix for one in found if not one.ok)
    assert not [one.name for one in found if one.needed and not one.ok]


@pytest.mark.parametrize("every", [False, True])
def test_only_what_is_wrong_is_shown_unless_all_is_asked_for(
    every: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Finding("memory", True, True, "20 GiB")
    bad = Finding("docker engine", False, False, "no answer", "dockerd start")
    monkeypatch.setattr(doctor, "examine", lambda _: [good, bad])
    doctor.doctor("rehearsal", every=every)
    said = capsys.readouterr().out
    assert "no, optional\tdocker engine\tno answer\tdockerd start\n" in said
    assert ("ok\tmemory" in said) == every
    assert "1 of 2 things are as they should be" in said
