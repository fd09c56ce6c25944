"""The rendered packet filter in a kernel: who gets through to a node's ports, and who does not."""

from __future__ import annotations

import json
import os
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest

from golden import run
from golden.check import expected
from golden.definition import Kind, load
from golden.render import render
from tests.unit.images import filtered

SITE = load("rehearsal")
PROGRAMS = [one for one in ("iptables-nft", "iptables-legacy") if shutil.which(one)]
LISTENING = [22, 53, 80, 443, 1811, 1815, 2049, 5080, 5432, 5672, 11211, 26000]
USERS = [80, 443, 26000]


def kind(name: str) -> Kind:
    return SITE.kind(name)


@cache
def seen(program: str) -> dict[str, list[int]]:
    """{who asks whom: the TCP ports that answer} with node1's filter loaded by `program`."""
    rules = {
        family: render(SITE).kinds["node1"].files[f"/etc/packet-filter/{family}.rules"].content
        for family in ("ipv4", "ipv6")
    }
    job = {
        "program": program,
        "rules": {family: content.decode() for family, content in rules.items()},
        "ports": LISTENING,
    }
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    argv = ["unshare", *user, "--net", "--mount", "--", sys.executable, filtered.__file__]
    said = run.run(argv, stdin=json.dumps(job), timeout=120)
    found: dict[str, list[int]] = json.loads(said.out.splitlines()[-1])
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_who_reaches_what(program: str) -> None:
    found = seen(program)
    assert found["another node"] == LISTENING
    assert found["a third machine"] == [22, 53, *USERS]
    assert found["a machine, at its gateway"] == []
    assert found["a machine, at the node"] == USERS
    assert found["a machine, at the node beyond"] == USERS


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_the_rules_are_printed_as_they_are_written(program: str, family: str) -> None:
    assert seen(program)[family] == expected.packet_filter(SITE, kind("node1"), family)


def test_a_site_may_do_without() -> None:
    example = load("example")
    assert expected.packet_filter(example, example.kind("node1"), "ipv4") == [
        *("-P INPUT ACCEPT", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT")
    ]


def test_the_init_script_is_good_shell(tmp_path: Path) -> None:
    script = tmp_path / "packet-filter"
    script.write_bytes(render(SITE).kinds["node1"].files["/etc/init.d/packet-filter"].content)
    result = run.run(["shellcheck", script], check=False)
    assert result.code == 0, result.out
