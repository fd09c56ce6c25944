"""A blank machine boots from the network, installs itself, and starts from its disk."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from golden import run
from golden.paths import ROOT

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(os.geteuid() != 0, reason="a network of one's own needs root"),
]


def test_from_the_network_to_a_booted_node(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.integration.installer.netbooted", tmp_path]
    said = run.run(words, cwd=ROOT, env={"GOLDEN_HOME": str(tmp_path)}, timeout=1200).out
    answer = json.loads(next(line for line in said.splitlines() if line.startswith("@answer"))[8:])
    # iPXE asks the firmware's DHCP, then our script; the second time it is sent to the disk.
    assert said.count("GET /boot/02-00-00-00-00-01.ipxe") >= 2, answer["dnsmasq"]
    # What it did not get it asks for again, with the kernel.
    assert [said.count(f'"GET /initrd HTTP/1.1" {code}') for code in (503, 200)] == [1, 1]
    assert said.count('"GET /vmlinuz HTTP/1.1" 200') == 2
    assert said.count('"GET /seed/n1 HTTP/1.1" 200') == 1
    assert "tiny: seed n1" in answer["machine"]
    assert '"state": "done", "step": "installed"' in answer["console"]
    assert answer["followed"] == ["n1"]
    assert "n1 is installed" in answer["script"]
    assert answer["script"].endswith("exit\n")
    assert answer["seed again"] == 403
