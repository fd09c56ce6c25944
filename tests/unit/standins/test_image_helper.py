"""The stand-in of snf-image works on a new disk in a helper machine, as the real one does; the bake
makes the tiny one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from golden import run
from golden.paths import ROOT, SCRIPTS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not run.which("qemu-system-x86_64"), reason="needs QEMU"),
]
FILES = ROOT / "images/standins/snf-image/files"
LIBRARY = ROOT / "images/standins/snf-pithos-backend/files/usr/lib/python3/dist-packages"
OS = "usr/share/ganeti/os/snf-image"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A node's folder with an image, a disk, and snf-image's programs that know no other place."""
    (tmp_path / "default").write_text(
        f'IMAGE_DIR="{tmp_path}"\nHELPER_DIR="{tmp_path}/helper"\nHELPER_USER="nobody"\n'
        'KVM="qemu-system-x86_64 -machine pc,accel=kvm:tcg"\n'
    )
    (tmp_path / "tiny.diskdump").write_bytes(b"an image" * 1000)
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    places = {
        "/etc/default/snf-image": f"{tmp_path}/default",
        "/var/lib/snf-image/helper": f"{tmp_path}/helper",
        "/usr/share/ganeti": f"{FILES}/usr/share/ganeti",
    }
    (tmp_path / "downloads.tsv").write_text("snf-image-helper.tar.xz\ttiny\t\n")
    places["/run/bake/input"] = str(tmp_path)
    for path in (FILES / OS / "create", SCRIPTS / "bake/snf-image-helper.sh"):
        text = path.read_text()
        for old, new in places.items():
            text = text.replace(old, new)
        (tmp_path / path.name).write_text(text)
    return tmp_path


def call(node: Path, program: str) -> subprocess.CompletedProcess[str]:
    parameters = {"IMG_ID": "tiny", "IMG_FORMAT": "diskdump", "IMG_PASSWD": "x"}
    env = {f"OSP_{name}": value for name, value in parameters.items()}
    env["OSP_IMG_PROPERTIES"] = '{"OSFAMILY": "linux", "ROOT_PARTITION": "1"}'
    env |= {"DISK_0_PATH": str(node / "disk"), "DISK_0_SIZE": "1", "INSTANCE_NAME": "snf-1"}
    argv = ["/usr/bin/python3", str(node / program)]
    return subprocess.run(
        argv,
        env={**env, "PYTHONPATH": str(LIBRARY), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_a_disk_is_written_and_worked_on(node: Path) -> None:
    run.run(["sh", node / "snf-image-helper.sh"])
    made = call(node, "create")
    assert made.returncode == 0, made.stderr
    assert (node / "disk").read_bytes().startswith(b"an image")


def test_without_a_helper_no_machine_is_made(node: Path) -> None:
    made = call(node, "create")
    assert made.returncode == 1
    assert "Customization VM died unexpectedly (return code 1)" in made.stderr
