from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pycdlib
import pytest

from golden import run, seed
from golden.keys import secrets
from golden.layers import enter
from golden.paths import ROOT
from tests.unit.small_site import small_site

SITE = small_site()
NODE = SITE.nodes[0]
MANAGEMENT = seed.Interface("eth1", "10.0.2.15/24", gateway="10.0.2.2")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / ".secrets")


def read(path: Path, facet: str) -> dict[str, bytes]:
    iso = pycdlib.PyCdlib()
    iso.open(str(path))
    found = {}
    for name in ("meta-data", "user-data"):
        content = io.BytesIO()
        iso.get_file_from_iso_fp(content, **{facet: f"/{name}"})
        found[name] = content.getvalue()
    iso.close()
    return found


def golden(path: Path) -> dict[str, Any]:
    first, _, rest = read(path, "joliet_path")["user-data"].partition(b"\n")
    assert first == b"#cloud-config"
    data: dict[str, Any] = json.loads(rest)["golden"]
    return data


def test_the_disk_is_found_by_label_and_is_private(tmp_path: Path) -> None:
    path = seed.write(SITE, NODE, tmp_path / "run" / "seed.iso")
    image = path.read_bytes()
    assert image[0x8001:0x8006] == b"CD001"
    assert image[0x8028:0x8048].rstrip() == b"CIDATA"
    assert path.stat().st_mode & 0o7777 == 0o600
    assert len(image) < 512 * 1024


def test_joliet_and_rock_ridge_hold_the_same_files(tmp_path: Path) -> None:
    path = seed.write(SITE, NODE, tmp_path / "seed.iso")
    assert read(path, "joliet_path") == read(path, "rr_path")


def test_contents_are_what_the_node_needs(tmp_path: Path) -> None:
    told = golden(seed.write(SITE, NODE, tmp_path / "seed.iso", (MANAGEMENT,)))
    kept = secrets.load(SITE)
    assert told["node"] == {
        "name": "n1",
        "fqdn": "n1.small.example",
        "kind": "master",
        "address": "198.51.100.1",
        "mac": "02:00:00:00:00:01",
    }
    assert told["network"]["nameserver"] == "198.51.100.1"
    assert told["network"]["interfaces"] == [
        {
            "name": "eth0",
            "mac": "02:00:00:00:00:01",
            "address": "198.51.100.1/24",
            "gateway": None,
        },
        {"name": "eth1", "mac": None, "address": "10.0.2.15/24", "gateway": "10.0.2.2"},
    ]
    assert told["volume_group"] == {"name": "ganeti", "device": "/dev/vdb"}
    assert told["variables"] == {"disk_templates": ["drbd", "plain"], "debug": False}
    assert told["secrets"] == dict(kept.values)
    assert set(told["ssh"]["host_keys"]) == {"rsa", "ecdsa"}
    assert len(told["ssh"]["known_hosts"]) == 4
    assert told["tls"]["key"].startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_a_node_never_gets_the_keys_of_ca_operator_or_other_nodes(tmp_path: Path) -> None:
    text = read(seed.write(SITE, NODE, tmp_path / "seed.iso"), "joliet_path")["user-data"]
    kept = secrets.load(SITE)
    for name in ("ca.key", "operator_key", "n2.host_rsa", "n2.host_ecdsa"):
        body = (kept.folder / name).read_text().splitlines()[1]
        assert body.encode() not in text, name


def test_data_for_rendered_has_no_secret(tmp_path: Path) -> None:
    seed.write(SITE, NODE, tmp_path / "seed.iso")
    shown = json.dumps(seed.data(SITE, NODE))
    assert not [value for value in secrets.load(SITE).values.values() if value in shown]
    assert {"tls", "ssh", "secrets"}.isdisjoint(seed.data(SITE, NODE))


def test_instance_id_and_serial_are_stable(tmp_path: Path) -> None:
    first = seed.write(SITE, NODE, tmp_path / "1.iso")
    second = seed.write(SITE, NODE, tmp_path / "2.iso")
    meta = json.loads(read(first, "joliet_path")["meta-data"])
    assert meta["local-hostname"] == "n1"
    assert meta["instance-id"] == f"small-n1-{secrets.load(SITE).generation}"
    assert golden(first) == golden(second)
    other = seed.write(SITE, NODE, tmp_path / "3.iso", (MANAGEMENT,))
    assert golden(other)["serial"] != golden(first)["serial"]
    assert json.loads(read(other, "joliet_path")["meta-data"]) == meta


@pytest.mark.parametrize("size", ["4k", "200k"])
def test_a_full_disk_is_named_and_the_next_run_goes_on(tmp_path: Path, size: str) -> None:
    work = f"{shlex.quote(sys.executable)} -m invoke seed"
    script = (
        f"mount -t tmpfs -o size={size} none {tmp_path}; {work}; echo code $?; "
        f"mount -o remount,size=1m {tmp_path} && {work} && find {tmp_path} -type f"
    )
    argv = [*enter.namespaces(), "sh", "-c", script]
    said = run.run(argv, cwd=ROOT, env={"GOLDEN_HOME": str(tmp_path)}).out
    first, _, rest = said.partition("code 2\n")
    (error,) = [line for line in first.splitlines() if line.startswith("error: ")]
    assert error.startswith(f"error: {tmp_path}/.") and ": No space left on device: make" in error
    names = {Path(line).name for line in rest.splitlines() if line.startswith("/")}
    assert {"node1.iso", "node2.iso", "secrets.json"} <= names
    assert [name for name in names if name.startswith(".") and not name.endswith(".lock")] == []


def leaves(value: Any, place: str = "") -> dict[str, Any]:
    """{place: value} of all texts and numbers in a seed."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found: dict[str, Any] = {}
    for key, item in pairs:
        where = f"{place}/{key}"
        found |= leaves(item, where) if isinstance(item, (dict, list)) else {where: item}
    return found


def shared(one: dict[str, Any], other: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The places at which both have the same, and those at which they differ."""
    mine, theirs = leaves(one), leaves(other)
    same = {place for place in mine if mine[place] == theirs.get(place)}
    return same, (mine.keys() | theirs.keys()) - same


def test_two_clones_share_what_the_definition_says_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clones = []
    for name in ("one", "other"):
        monkeypatch.setattr(secrets, "SECRETS", tmp_path / name)
        path = seed.write(SITE, NODE, tmp_path / f"{name}.iso")
        meta = json.loads(read(path, "joliet_path")["meta-data"])
        clones.append(golden(path) | {"instance-id": meta["instance-id"]})
    same, differing = shared(*clones)
    public = leaves(seed.data(SITE, NODE))
    # Made at the same time, perhaps, and as often anew.
    chance = {"/not_before", "/rotation"}
    assert same - chance == public.keys()
    assert differing - chance == leaves(clones[0]).keys() - public.keys() - chance
    assert {"/instance-id", "/serial", "/tls/ca", "/tls/key", "/ssh/private_key"} < differing
    assert {f"/secrets/{name}" for name in secrets.LENGTHS} < differing


def test_two_nodes_of_a_site_share_what_the_site_has_once(tmp_path: Path) -> None:
    one, other = (golden(seed.write(SITE, node, tmp_path / node.name)) for node in SITE.nodes)
    same, differing = shared(one, other)
    own = {place for place in differing if place.startswith(("/tls", "/ssh", "/secrets", "/node/"))}
    assert own >= {"/tls/key", "/tls/certificate", "/ssh/host_keys/rsa/private", "/node/name"}
    once = {place for place in leaves(one) if place.startswith(("/secrets", "/ssh"))} - own
    assert {"/tls/ca", "/ssh/private_key", *once} <= same
    assert {f"/secrets/{name}" for name in secrets.LENGTHS} <= same
    assert {place for place in own if place.startswith("/ssh")} == {
        f"/ssh/host_keys/{kind}/{half}"
        for kind in secrets.HOST_KEY_TYPES
        for half in ("private", "public")
    }
