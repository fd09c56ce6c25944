"""The bake scripts that unpack downloads, run on folders of their own."""

from __future__ import annotations

import os
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from golden.definition import load
from golden.paths import ROOT
from golden.render import render

UPSTREAM = "http://cdn.synnefo.org/snf_image_helper_image-0.18.1.tar.xz"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image's folder: /run/bake of a bake, snf-image's version, and programs that do nothing."""
    for folder in ("run/bake/input", "run/bake/pool", "usr/share/ganeti/os/snf-image", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    common = tmp_path / "usr/share/ganeti/os/snf-image/common.sh"
    common.write_text('# version\nSNF_IMAGE_VERSION="0.18.1"\n')
    program = tmp_path / "bin/debconf-set-selections"
    program.write_text(f"#!/bin/sh\ncat >> {tmp_path}/answers\n")
    program.chmod(0o755)
    return tmp_path


def bake(image: Path, script: str, *rows: str) -> subprocess.CompletedProcess[str]:
    (image / "run/bake/input/downloads.tsv").write_text("".join(f"{row}\n" for row in rows))
    text = (ROOT / "scripts/bake" / script).read_text()
    for folder in ("/run/bake", "/usr/share", "/var/lib", "/srv/images"):
        text = text.replace(folder, f"{image}{folder}")
    env = {"PATH": f"{image}/bin:{os.environ['PATH']}"}
    return subprocess.run(["sh", "-c", text], env=env, capture_output=True, text=True, check=False)


def helper(image: Path, version: str, *names: str) -> str:
    """The row of a helper of these files in the pool."""
    for name in names:
        (image / name).write_text(f"{version}\n")
    with tarfile.open(image / "run/bake/pool/helper.deb", "w:xz") as tar:
        for name in names:
            tar.add(image / name, name)
    return f"snf-image-helper.tar.xz\t{UPSTREAM}\thelper.deb"


ALL = ("kernel", "initrd", "image", "version", "packages")


def test_the_helper_is_in_the_image(image: Path) -> None:
    done = bake(image, "snf-image-helper.sh", helper(image, "0.18.1", *ALL))
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (image / "var/lib/snf-image/helper").iterdir()} == set(ALL)
    assert (image / "answers").read_text() == (
        "snf-image snf-image/dlurl string http://cdn.synnefo.org\n"
    )


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (lambda image: helper(image, "0.18.1", "kernel", "version"), "has no 'initrd'"),
        (lambda image: helper(image, "0.17", *ALL), "of version 0.17, and snf-image of 0.18.1"),
        (lambda _: "snf-image-helper.tar.xz\tsmall\t", "'small' is neither an URL"),
    ],
)
def test_a_bake_that_would_lack_its_helper_ends(image: Path, row: object, told: str) -> None:
    assert callable(row)
    done = bake(image, "snf-image-helper.sh", row(image))
    assert done.returncode == 1 and told in done.stderr, done.stderr


def test_the_base_image_is_where_first_boot_and_snf_image_look(image: Path) -> None:
    for name in ("one", "two"):
        (image / "run/bake/pool" / name).write_text(name)
    url = "https://far.example/debian.diskdump"
    rows = (f"base-image\t{url}\tone", f"base-image.meta\t{url}.meta\ttwo")
    assert bake(image, "base-image.sh", *rows).returncode == 0
    assert (image / "srv/images/debian.diskdump.meta").read_text() == "two"
    assert (image / "var/lib/snf-image/debian.diskdump").read_text() == "one"


def test_the_tiny_base_image_is_first_boot_s(image: Path) -> None:
    rows = ("snf-image-helper.tar.xz\ttiny\t", "base-image\ttiny\t", "base-image.meta\ttiny.meta\t")
    assert bake(image, "base-image.sh", *rows).returncode == 0
    assert not (image / "srv").exists()


@pytest.mark.parametrize(
    ("source", "lines"),
    [(UPSTREAM, [f"HELPER_URL={UPSTREAM}"]), ("/srv/golden/helper.tar.xz", []), ("tiny", [])],
)
def test_the_package_finds_its_own_line_in_its_settings(source: str, lines: list[str]) -> None:
    plain = load("example")
    site = replace(plain, variables={**plain.variables, "snf_image_helper_url": source})
    for kind in render(site).kinds.values():
        text = kind.files["/etc/default/snf-image-update-helper"].content.decode().splitlines()
        assert text[0] == "###DEBCONF###"
        assert [line for line in text if line.startswith("HELPER_URL=")] == lines
