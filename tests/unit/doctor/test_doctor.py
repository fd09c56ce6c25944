"""The doctor as a whole: what a bake asks first, and what `inv doctor` prints."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from golden import doctor, run
from golden.definition import Site
from golden.errors import UserError
from golden.host.packages import host_packages
from golden.host.require import require
from golden.paths import ROOT
from tests.unit.doctor.conftest import healthy


def test_a_host_that_has_everything_is_content(site: Site) -> None:
    for purpose in ("bake", "boot", "test"):
        require(site, purpose, healthy())


def test_everything_missing_is_told_at_once_with_one_line_for_apt(site: Site) -> None:
    gone = {"packer", "mke2fs", "qemu-img"}
    host = healthy(which=lambda name: None if name in gone else Path("/usr/bin") / name)
    with pytest.raises(UserError) as caught:
        require(site, "bake", host)
    text = str(caught.value)
    assert all(f"{name}: missing" in text for name in gone)
    assert text.count("apt-get") == 1
    assert "--no-install-recommends packer e2fsprogs qemu-utils" in text


def test_a_bake_does_not_ask_for_what_only_a_boot_needs(site: Site) -> None:
    host = healthy(which=lambda name: None if name.startswith("qemu-system") else Path(name))
    require(site, "bake", host)
    with pytest.raises(UserError, match="qemu-system-x86_64"):
        require(site, "boot", host)


def test_other_fixes_follow_the_packages(site: Site) -> None:
    host = healthy(which=lambda name: None if name == "packer" else Path(name), free=lambda path: 1)
    with pytest.raises(UserError, match=r"mend it with: apt-get install .* packer && GOLDEN_HOME"):
        require(site, "bake", host)


def test_an_old_glibc_baked_natively_needs_vsyscall(site: Site) -> None:
    host = healthy(text=lambda path: "builder:1:65536" if path.parent == Path("/etc") else "")
    facts = {**site.release.facts, doctor.OLD_GLIBC: True}
    native = replace(site, release=replace(site.release, facts=facts, builder="tree"))
    with pytest.raises(UserError, match="vsyscall"):
        require(native, "bake", host)
    require(replace(native, release=replace(native.release, builder="disk")), "bake", host)


def test_the_real_host_is_asked_quickly(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not a benchmark: it fails when somebody puts a network or a VM into the quick part.
    began = time.monotonic()
    try:
        require(site, "bake")
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


def test_the_wrapper_and_the_doctor_read_one_list() -> None:
    rows = host_packages()
    assert all(re.fullmatch(r"[a-z0-9.+-]+", row.package) for row in rows)
    assert {row.purpose for row in rows} == {"bake", "boot", "test"}
    assert all(row.why for row in rows)
    assert "golden/host/host-packages.txt" in (ROOT / "inv").read_text()


def test_the_wrapper_misses_a_program_that_only_a_folder_is_called_like(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for program in ("bash", "dirname", "id"):
        (tmp_path / "bin" / program).symlink_to(str(run.which(program)))
    clone = tmp_path / "clone"
    (clone / "golden/host").mkdir(parents=True)
    (clone / "golden/host/host-packages.txt").write_text("packer packer bake it\nsh /bin/sh x y\n")
    (clone / "packer").mkdir()
    (clone / "inv").write_text((ROOT / "inv").read_text())
    # Not as root, who would have it installed.
    (tmp_path / "bin/id").unlink()
    (tmp_path / "bin/id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "bin/id").chmod(0o755)
    said = run.run(
        [str(run.which("bash")), "inv"],
        cwd=clone,
        env={"PATH": str(tmp_path / "bin")},
        check=False,
    )
    assert said.code == 2
    assert re.search(r"install --yes --no-install-recommends packer *$", said.out, re.MULTILINE)
