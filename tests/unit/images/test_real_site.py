"""The site `real`: Synnefo's own packages on Debian 11, where all but eventd's is real."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from golden import run
from golden.definition import load
from golden.render import render

LOOPBACK6 = "00000000000000000000000000000001 01 80 10 80       lo\n"


def test_only_eventd_is_played() -> None:
    site = load("real")
    assert site.release.standins == ("snf-cyclades-gtools",)
    assert site.release.lock_name == "bullseye.real"
    asked = {name for kind in site.kinds for name in site.packages(kind, "synnefo")}
    assert {"snf-common", "kamaki", "archipelago"} <= asked
    assert not {"blktap-dkms", "python3-gevent"} & asked


@pytest.mark.parametrize(("name", "mode"), [("real", "django"), ("rehearsal-11", "wsgi")])
def test_gunicorn_runs_what_the_packages_have(name: str, mode: str, tmp_path: Path) -> None:
    """Synnefo 0.16.2 has no WSGI module, its stand-in has."""
    for kind in render(load(name)).kinds.values():
        (tmp_path / "synnefo").write_bytes(kind.files["/etc/gunicorn.d/synnefo"].content)
        config = runpy.run_path(str(tmp_path / "synnefo"))["CONFIG"]
        assert config["mode"] == mode
        assert (config["args"][-1] == "synnefo.webproject.wsgi:application") == (mode == "wsgi")


@pytest.mark.parametrize("name", ["real", "rehearsal-11"])
def test_what_runs_in_a_node_is_run_by_python_2_7(name: str) -> None:
    for kind in render(load(name)).kinds.values():
        assert kind.files["/usr/sbin/gunicorn-debian"].content.startswith(b"#!/usr/bin/python2.7\n")
    assert load(name).release.python == "/usr/bin/python2.7"


@pytest.mark.parametrize(("addresses", "told"), [(LOOPBACK6, "127.0.0.1"), ("", "none")])
def test_epmd_is_told_an_address_only_where_it_can_bind_ipv6(
    addresses: str, told: str, tmp_path: Path
) -> None:
    """Erlang 23's ends with "Cannot assign requested address" where a node has no ::1."""
    (tmp_path / "if_inet6").write_text(addresses)
    node1 = render(load("real")).kinds["node1"]
    text = node1.files["/etc/rabbitmq/rabbitmq-env.conf"].content.decode()
    assert "/proc/net/if_inet6" in text
    script = text.replace("/proc/net/if_inet6", str(tmp_path / "if_inet6"))
    ask = 'echo "${ERL_EPMD_ADDRESS:-none}"'
    assert run.run(["sh", "-euc", f"{script}\n{ask}"]).out.split()[-1] == told
