"""What the HTTP server of a netboot gives to whom."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from golden import daemon, rundir
from golden.boot import status
from golden.boot.metal.keeper import Apart, Keeper, answer
from golden.boot.metal.register import Record, Register
from golden.boot.metal.server import Server
from golden.installer.bundle import Bundle
from golden.paths import ROOT

MAC = "02:00:00:00:00:01"
SEED = b"the seed of n1"
PIECE = bytes(range(256)) * 10


class Site:
    """A server of a small bundle, with its machine n1."""

    def __init__(self, folder: Path) -> None:
        bundle = Bundle("small", folder / "bundle", (), (), {})
        for name, content in {
            "vmlinuz": b"kernel",
            "manifest": b"golden-installer 1\n",
            "master/00000.gz": PIECE,
            "master.torrent": b"a torrent",
            "seed/n1.iso": SEED,
            "seed/n2.iso": b"not served",
        }.items():
            (bundle.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (bundle.folder / name).write_bytes(content)
        self.register = Register(folder / "nodes")
        self.register.write(Record("n1", MAC))
        self.followed: list[str] = []
        self.keeper = Keeper(bundle, self.register, self.followed.append)
        self.server = Server(("127.0.0.1", 0), self.keeper)

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and content."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._ask(urllib.request.Request(f"{self.server.url}/{path}", headers=named))

    def report(self, node: str, body: bytes, token: str = "", length: str | None = None) -> int:
        """The status of a report, which may lie about its length."""
        link = HTTPConnection(*self.server.server_address[:2], timeout=10)
        headers = {"X-Golden-Token": token.encode(), "Content-Length": length or str(len(body))}
        if length == "":
            link.putrequest("POST", f"/report/{node}")
            link.putheader("X-Golden-Token", token)
            link.endheaders()
        else:
            link.request("POST", f"/report/{node}", body, headers)
        status = link.getresponse().status
        link.close()
        return status

    def token(self) -> str:
        """The token in the boot script that n1 gets now."""
        words = self.get(f"boot/{MAC.replace(':', '-')}.ipxe")[1].decode().split()
        return next(word.partition("=")[2] for word in words if word.startswith("golden.token="))

    def followed_until(self, count: int) -> list[str]:
        """Who was followed, once there are that many."""
        deadline = time.monotonic() + 30
        while len(self.followed) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.followed

    def _ask(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""


@pytest.fixture(params=["in one process", "as two processes talk"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    made = Site(tmp_path)
    if request.param == "as two processes talk":
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        threading.Thread(target=answer, args=(made.keeper, ours), daemon=True).start()
        made.server.keeper = Apart(theirs)
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_machine_of_ours_gets_the_installer(site: Site) -> None:
    script = site.get("boot/02-00-00-00-00-01.ipxe")[1].decode()
    url = site.server.url
    assert script.startswith("#!ipxe\n")
    assert f"kernel {url}/vmlinuz boot=golden golden.site=small golden.source={url}" in script
    assert "golden.node=n1 golden.token=" in script
    assert "BOOTIF=01-02-00-00-00-00-01" in script
    assert "golden.reinstall" not in script
    fetch, _, again = script.partition("boot\n:again\n")
    assert fetch.endswith(f" || goto again\ninitrd {url}/initrd || goto again\n")
    # What cannot be fetched is fetched again, not left for the disk.
    assert "\n:fetch\nkernel " in fetch and again.endswith("goto fetch\n")
    assert "exit" not in script


def test_a_strange_machine_is_told_so_and_goes_to_its_disk(site: Site) -> None:
    script = site.get("boot/02:00:00:00:00:99.ipxe")[1].decode()
    assert "02:00:00:00:00:99 is no machine of the site small" in script
    assert script.endswith("exit\n")
    assert "kernel" not in script


def test_the_seed_leaves_once_for_a_token(site: Site) -> None:
    token = site.token()
    assert site.get("seed/n1", X_Golden_Token="0" * 32)[0] == 403
    assert site.get("seed/n1")[0] == 403
    assert site.get("seed/n1", X_Golden_Token=token) == (200, SEED)
    assert site.get("seed/n1", X_Golden_Token=token)[0] == 403
    # Power was lost: the machine boots again, with a token of its own.
    again = site.token()
    assert again != token
    assert site.get("seed/n1", X_Golden_Token=token)[0] == 403
    assert site.get("seed/n1", X_Golden_Token=again) == (200, SEED)


def test_nothing_else_is_served(site: Site) -> None:
    for path in (
        "seed/n1.iso",
        "seed/n2",
        "seed/../seed/n1.iso",
        "master/../seed/n1.iso",
        "",
        "nodes/n1.json",
        "%2e%2e/nodes/n1.json",
    ):
        assert site.get(path)[0] in (403, 404), path


def test_files_are_served_whole(site: Site) -> None:
    assert site.get("master/00000.gz") == (200, PIECE)


def test_parts_are_served_to_machines_that_share(site: Site) -> None:
    assert site.get("master.torrent") == (200, b"a torrent")
    piece = "master/00000.gz"
    assert site.get(piece, Range="bytes=3-9") == (206, PIECE[3:10])
    assert site.get(piece, Range=f"bytes={len(PIECE) - 2}-{len(PIECE) + 9}") == (206, PIECE[-2:])
    for beyond in (f"bytes={len(PIECE)}-{len(PIECE) + 1}", "bytes=9-3"):
        assert site.get(piece, Range=beyond)[0] == 416
    # What is none, or more than one, may be answered with all of it (RFC 9110, 14.2).
    for other in ("bytes=3-", "bytes=-3", "bytes=0-1,3-4", "lines=1-2"):
        assert site.get(piece, Range=other) == (200, PIECE)


def test_reports_become_the_console_and_the_end_leads_to_the_disk(site: Site) -> None:
    line = {"node": "n1", "step": "image", "state": "running", "detail": "45 %"}
    token = site.token()
    assert site.report("n1", json.dumps(line).encode(), token) == 200
    console = rundir.NodeDir("small", "n1").console
    assert "45 %" in console.read_text()
    assert site.followed == []
    done = json.dumps({"node": "n1", "step": "installed", "state": "done"}).encode()
    assert site.report("n1", done, token) == 200
    assert site.report("n1", done, token) == 200
    script = site.get("boot/02-00-00-00-00-01.ipxe")[1].decode()
    assert "n1 is installed" in script
    assert script.endswith("exit\n")
    assert site.followed_until(1) == ["n1"]
    # Ended and served anew, for the same process: it is followed again.
    site.register.write(Record("n1", MAC))
    assert site.report("n1", done, site.token()) == 200
    assert site.followed_until(2) == ["n1", "n1"]


def test_what_may_be_overwritten_is_told_to_the_installer(site: Site) -> None:
    site.register.write(Record("n1", MAC, reinstall=True, force="S1,S2", wipe="S3"))
    words = site.get("boot/02-00-00-00-00-01.ipxe")[1].decode().split()
    assert "golden.reinstall=yes" in words
    assert {"golden.force=S1,S2", "golden.wipe=S3"} <= set(words)


def test_a_machine_started_by_uefi_is_told_how_it_starts(site: Site) -> None:
    script = site.get("uefi/02-00-00-00-00-01.ipxe")[1].decode()
    assert "switch its firmware to legacy (CSM)" in script
    assert "kernel" not in script
    console = rundir.NodeDir("small", "n1").console.read_text()
    trouble = status.status(console).trouble
    assert trouble is not None
    assert trouble[0] == "installer"
    assert "started by UEFI" in trouble[1]
    # Others go to their disks, as by BIOS.
    strange = site.get("uefi/02:00:00:00:00:99.ipxe")[1].decode()
    assert "is no machine of the site small" in strange
    site.register.finish("n1")
    assert "n1 is installed" in site.get("uefi/02-00-00-00-00-01.ipxe")[1].decode()


def test_reports_that_are_none_are_refused(site: Site) -> None:
    token = site.token()
    assert site.report("n1", b"nonsense", token) == 400
    assert site.report("n1", b"[]", token) == 400
    assert site.report("n2", b"{}", token) == 404


@pytest.mark.parametrize("length", ["-1", "+1", "1e3", "99999", ""])
def test_a_report_of_no_sensible_length_is_not_read(site: Site, length: str) -> None:
    assert site.report("n1", b"{}", site.token(), length) == 413


def test_a_report_without_the_token_of_the_last_netboot_is_refused(site: Site) -> None:
    done = json.dumps({"node": "n1", "step": "installed", "state": "done"}).encode()
    old = site.token()
    site.token()
    for token in ("", "0" * 32, "\u00e4", old):
        assert site.report("n1", done, token) == 403
    assert not site.register.is_installed("n1")
    assert not rundir.NodeDir("small", "n1").console.exists()


def test_what_reads_requests_is_not_root_and_ends_with_its_keeper(tmp_path: Path) -> None:
    made = Site(tmp_path)
    made.server.server_close()
    place = f"127.0.0.1 {made.server.server_address[1]}"
    folders = [str(made.keeper.bundle.folder), str(tmp_path)]
    argv = [sys.executable, "-m", "golden.boot.metal.server", "small", *folders, *place.split()]
    process = daemon.start(
        argv,
        name="the server",
        log=tmp_path / "log",
        cwd=ROOT,
        env={"GOLDEN_HOME": str(tmp_path)},
        ready=daemon.settled(3),
    )
    try:
        assert made.get("seed/n1", X_Golden_Token=made.token()) == (200, SEED)
        assert made.get("master/00000.gz") == (200, PIECE)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        (front,) = (daemon.identify(int(pid)) for pid in children)
        if os.geteuid() == 0:
            status = Path(f"/proc/{front.pid}/status").read_text()
            assert "Uid:\t65534\t65534\t65534\t65534\n" in status
            assert "Groups:\t \n" in status
    finally:
        process.end()
    front.wait(10)
    assert not front.is_alive()


@pytest.mark.parametrize("name", ["follow", "register", "_report", "__class__"])
def test_the_half_that_reads_requests_can_have_nothing_else_done(name: str, site: Site) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.send(json.dumps([name, "n1"]).encode())
    with pytest.raises(ValueError):
        answer(site.keeper, ours)
    assert site.followed == []
