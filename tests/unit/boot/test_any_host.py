"""Other people's hosts: programs that warn on stderr, and checkouts of any name."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from golden import daemon, run, rundir
from golden.boot import accelerator, consoles, login
from golden.boot.accelerator import Accelerator
from golden.boot.container import options
from golden.boot.container import target as container
from golden.boot.libvirt import uri, volumes
from golden.boot.libvirt.virsh import Virsh
from golden.boot.metal import dhcp, following, rehearsal
from golden.errors import StageError, UserError
from golden.host import Host
from golden.installer import bundle, probe, stick
from golden.keys import secrets
from golden.rundir import NodeDir, State
from tests.unit.small_site import small_site

SITE = small_site()
NAMES = ["my images", "x#y", "it's", "a%20b", 'a"b', "a,b", "a\\b", "ü", "%h"]


class Programs:
    """Programs that print what a test says, after a warning on stderr."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def add(self, name: str, out: str) -> None:
        file = self._folder / name
        file.write_text(f"#!/bin/sh\necho warning: banner >&2\nprintf %s {shlex.quote(out)}\n")
        file.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return Programs(tmp_path / "bin")


PROBE = {"golden-probe": 1, "machine": "M"}


def test_a_banner_of_ssh_is_no_part_of_a_probe(
    programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.add("ssh", "Welcome!\n" + json.dumps(PROBE))
    probe.probe_host("root@machine")
    assert json.loads(capsys.readouterr().out) == PROBE


def test_an_answer_that_is_no_probe_is_an_error(programs: Programs) -> None:
    programs.add("ssh", "This account is disabled.\n")
    with pytest.raises(StageError, match="did not answer with a probe"):
        probe.probe_host("root@machine")


def test_a_warning_of_ssh_is_no_part_of_a_status(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("ssh", '{"state": "ready"}')
    monkeypatch.setattr(following.login, "command", lambda *_: ["ssh", "n1"])
    assert following._ask("small", "n1") == {"state": "ready"}


def test_a_warning_of_virsh_is_no_answer(programs: Programs) -> None:
    programs.add("virsh", "n1\n")
    assert Virsh("qemu:///system").domains() == ["n1"]


def test_a_warning_of_qemu_is_no_part_of_its_json(programs: Programs, tmp_path: Path) -> None:
    programs.add("qemu-img", '{"virtual-size": 5}')
    assert volumes.virtual_size(tmp_path / "disk.qcow2") == 5


def test_a_warning_of_ip_is_no_part_of_its_json(programs: Programs) -> None:
    info = [{"addr_info": [{"local": "198.51.100.250", "prefixlen": 24}]}]
    programs.add("ip", json.dumps(info))
    subnet = str(SITE.network.subnet)
    assert dhcp.interface("eth1", SITE.nodes, subnet).address.network.prefixlen == 24


def test_a_warning_is_no_answer_of_the_host(programs: Programs) -> None:
    programs.add("docker", "20.10.24")
    assert Host().says("docker", "version") == "20.10.24"


# ---- a checkout of any name


@pytest.fixture(params=NAMES)
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / str(request.param)
    path.mkdir()
    monkeypatch.setattr(rundir, "CACHE", path)
    monkeypatch.setattr(secrets, "SECRETS", path / "secrets")
    return path


def test_ssh_reads_the_paths_of_its_configuration(folder: Path) -> None:
    kept = secrets.ensure(SITE)
    me = daemon.identify(os.getpid())
    NodeDir("small", "n1").remember(
        State(me.pid, me.started, me.boot_id, 0, 2201, "tcg", 1, "/x", [], "qemu")
    )
    config = login.write_config(SITE)
    shown = run.run(["ssh", "-G", "-F", config, "n1"], apart=True).out.splitlines()
    found = dict(line.split(" ", 1) for line in shown if " " in line)
    # It shows a %% of the file before it is expanded (ssh_config(5), TOKENS).
    assert found["identityfile"].replace("%%", "%") == str(kept.operator_key)
    assert found["userknownhostsfile"].replace("%%", "%") == str(
        rundir.site_dir("small") / "known_hosts"
    )


def test_dnsmasq_takes_its_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if run.which("dnsmasq") is None:
        pytest.fail("dnsmasq is not installed: apt-get install dnsmasq-base")
    monkeypatch.setattr(dhcp, "program", lambda: run.which("dnsmasq"))
    import ipaddress

    served = dhcp.Interface("lo", ipaddress.IPv4Interface("198.51.100.250/24"))
    words = dhcp.prepare(served, SITE.nodes, "http://198.51.100.250:8080", folder)
    assert "OK" in run.run([*words, "--test"], cwd=folder).out
    assert str(folder) not in (folder / dhcp.CONFIG).read_text()


def test_qemu_finds_its_disks(folder: Path) -> None:
    words = rehearsal.argv(
        SITE.nodes[0], "port0", NodeDir("small", "n1"), Accelerator("tcg", "", 1)
    )
    drives = [word for word in words if "file=" in word and "if=none" in word]
    # As QEMU splits a list of options (docs/tools/qemu-storage-daemon, "key=value,…").
    files = [drive.partition(",file=")[2].replace(",,", ",") for drive in drives]
    path = NodeDir("small", "n1").path
    assert files == [str(path / "disk.qcow2"), str(path / "data.qcow2")]
    assert all(drive.count(",") % 2 == drives[0].count(",") % 2 for drive in drives)


def test_the_probe_guest_is_found_in_any_temporary_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerator.tempfile, "tempdir", str(folder))
    if run.which(accelerator.QEMU) is None:
        pytest.fail("QEMU is not installed: apt-get install qemu-system-x86")
    seconds, why = accelerator.run_guest(["-accel", "tcg", "-cpu", "qemu64"], 60)
    assert seconds is not None, why


def test_libvirt_gets_a_uri(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.parse import parse_qs, urlsplit

    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)
    monkeypatch.setattr(uri, "OWN", folder)
    assert parse_qs(urlsplit(uri.default()).query) == {"socket": [str(folder)]}


def test_compose_gets_its_values_literally(folder: Path) -> None:
    quoted = container._literal(str(folder))
    assert quoted.startswith("'") and quoted.endswith("'")
    assert quoted[1:-1].replace("\\'", "'") == str(folder)


def test_a_colon_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder with a colon"):
        options.check_folder(tmp_path / "a:b")
    assert list(tmp_path.iterdir()) == []


# ---- relative paths are the caller's


def test_a_probe_is_read_from_the_callers_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"firmware": "bios", "memory_kib": 1, "pci": [], "disks": [], "nics": []}
    (tmp_path / "probe.json").write_text(json.dumps(PROBE | found))
    monkeypatch.chdir(tmp_path)
    assert probe.read(Path("probe.json")).machine == "M"


def test_a_stick_is_written_into_the_callers_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    made = bundle.Bundle("small", tmp_path, (), (), {})
    monkeypatch.setattr(stick.bundle, "make", lambda *_: made)
    monkeypatch.setattr(stick.definition, "load", lambda _: SITE)
    monkeypatch.setattr(stick, "make", lambda _, out: seen.append(out) or out.touch() or out)
    monkeypatch.setattr(stick.signing, "sign", seen.append)
    monkeypatch.chdir(tmp_path)
    stick.usb("small", (), "stick.img")
    assert seen == [tmp_path / "stick.img"] * 2


def test_servers_start_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A console's server is `python -m golden…`, which only the checkout has."""
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    monkeypatch.chdir("/")
    files = NodeDir("small", "n1")
    files.path.mkdir(parents=True)
    with pytest.raises(StageError, match="console of n1 ended") as caught:
        consoles.serve("golden.boot.container.console", [str(tmp_path / "no"), "c", "0"], files)
    # It came as far as the engine's socket, which is not there.
    assert "FileNotFoundError" in caught.value.tail[-1]
