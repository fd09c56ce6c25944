"""How facts are read where reading takes some thought."""

from __future__ import annotations

import pytest

from golden.check.facts import Facts, scope

SUBNET = "198.51.100.0/24"


def facts(**system: object) -> Facts:
    document = {"system": system, "hygiene": {}, "reach": {}, "files": {}, "clock_offset": [0, 0]}
    return Facts("node1", document)


@pytest.mark.parametrize(
    ("listeners", "seen"),
    [
        (set(), "nowhere"),
        ({"0.0.0.0"}, "any"),
        ({"::", "127.0.0.1"}, "any"),
        ({"127.0.0.1", "::1", "::ffff:127.0.0.1"}, "loopback"),
        ({"198.51.100.1", "127.0.0.1"}, "site"),
        ({"198.51.100.1", "198.51.100.100"}, "site"),
        ({"198.51.100.1", "10.0.2.15"}, "10.0.2.15, 198.51.100.1"),
        ({"fe80::1"}, "fe80::1"),
    ],
)
def test_scope_of_listeners(listeners: set[str], seen: str) -> None:
    assert scope(listeners, SUBNET) == seen


@pytest.mark.parametrize(
    ("clock", "source"),
    [
        ({"chrony": "C6336401,198.51.100.1,11,1", "ntpq": []}, "198.51.100.1"),
        ({"chrony": "7F7F0101,,10,1", "ntpq": []}, ""),
        (
            {"chrony": "", "ntpq": ["remote refid", "====", "*203.0.113.1 .LOCL. 6 u"]},
            "203.0.113.1",
        ),
        ({"chrony": "", "ntpq": ["remote refid", "====", " 203.0.113.1 .INIT. 16 u"]}, ""),
    ],
)
def test_time_source_of_either_daemon(clock: dict[str, object], source: str) -> None:
    assert facts(clock=clock).time_source() == source


def test_a_node_lacks_only_what_its_seed_says_with_the_reason() -> None:
    found = facts(absent={"nfsd": "this host's kernel has no NFS server"})
    assert found.lacks("nfsd").endswith(": this host's kernel has no NFS server")
    assert found.lacks("drbd") == found.lacks("") == ""


def test_a_process_is_known_by_what_the_kernel_keeps_of_its_name() -> None:
    found = facts(processes=["a-daemon-with-a", "sshd"])
    assert found.has_process("a-daemon-with-a-long-name") and found.has_process("sshd")
    assert not found.has_process("ssh")
