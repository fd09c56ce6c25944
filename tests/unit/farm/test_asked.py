"""What an operator types of a farm, as far as dask."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
import yaml
from invoke.program import Program

import golden.bake
from golden import farm, menu, paths, run
from golden.definition import Site
from golden.errors import UserError
from golden.paths import ROOT


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], object]]:
    """The sites that are to be baked, and by what."""
    calls: list[tuple[tuple[str, ...], object]] = []

    def bake_all(sites: list[Site], *_: object, make: object, **__: object) -> None:
        calls.append((tuple(site.name for site in sites), make))

    monkeypatch.setattr(golden.bake, "bake_all", bake_all)
    return calls


def typed(line: str) -> None:
    Program(namespace=menu.namespace()).run(["inv", *line.split()])


def test_several_sites_are_one_bake(asked: list[tuple[tuple[str, ...], object]]) -> None:
    line = "bake --site rehearsal --site rehearsal-four --site rehearsal"
    for words in (line, "bake"):
        typed(words)
    assert asked == [(("rehearsal", "rehearsal-four"), None), (("rehearsal",), None)]


def test_a_farm_is_what_makes_it(
    asked: list[tuple[tuple[str, ...], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farm, "maker", lambda address: f"on {address}")
    typed("bake --farm local:2")
    assert asked == [(("rehearsal",), "on local:2")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("bake --farm host:8786", "--farm host:8786: give its scheduler as tcp://HOST:PORT, or"),
        ("bake --farm local:0", "--farm local:0: give its scheduler as"),
        ("bake --site rehearsal --site example --node node1", "--node names nodes of one site"),
    ],
)
def test_a_slip_is_one_sentence(
    asked: list[tuple[tuple[str, ...], object]],
    capsys: pytest.CaptureFixture[str],
    line: str,
    words: str,
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(line)
    assert ended.value.code == 2 and words in capsys.readouterr().err
    assert asked == []


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farm, "find_spec", lambda name: None)
    for call in (lambda: farm.maker("local:2"), lambda: farm.write_keys("farm.yaml")):
        with pytest.raises(UserError, match=r"needs dask\.distributed, the extra 'farm'") as told:
            call()
        assert "\n" not in str(told.value)


def test_a_bake_without_a_farm_loads_none_of_it() -> None:
    program = (
        "import sys, golden.bake, golden.menu.baking, golden.menu.farm\n"
        "assert not {'distributed', 'dask', 'golden.farm'} & sys.modules.keys()"
    )
    run.run([sys.executable, "-c", program], cwd=ROOT)


@pytest.fixture
def keys(own_home: Path) -> Path:
    farm.write_keys(str(own_home / "farm.yaml"))
    return own_home / "farm.yaml"


def test_the_hosts_get_one_file_that_is_secret(keys: Path) -> None:
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    told = yaml.safe_load(keys.read_text())["distributed"]
    assert told["comm"]["require-encryption"] is True
    assert told["comm"]["tls"]["worker"]["cert"].startswith("-----BEGIN CERTIFICATE")
    # The CA's key stays here.
    own = (paths.SECRETS / "farm.tls" / "ca.key").read_text()
    assert own.splitlines()[1] not in keys.read_text()


def test_openssl_takes_it_for_both_sides(keys: Path) -> None:
    folder = paths.SECRETS / "farm.tls"
    for purpose in ("sslserver", "sslclient"):
        words = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile"]
        run.run([*words, folder / "ca.pem", folder / "member.tls.pem"])


def test_a_place_that_cannot_be_written_is_one_sentence(own_home: Path) -> None:
    (own_home / "file").touch()
    with pytest.raises(UserError, match=r"--out .*file/farm\.yaml: .*; name a file elsewhere"):
        farm.write_keys(str(own_home / "file" / "farm.yaml"))
