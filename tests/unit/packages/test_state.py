"""An apt state of our own: what it says to apt, and how it lives without a mirror."""

from __future__ import annotations

import functools
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from golden import run
from golden.definition import Release
from golden.errors import UserError
from golden.packages import AptState, Resolver, fetch, standins
from tests.unit.small_site import small_site


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A release whose mirror is a folder that is not there: apt fails at once, without network."""
    return replace(small_site().release, mirror=f"file://{tmp_path}/no-mirror")


def with_index(state: AptState, text: str, hours: float) -> None:
    """As if the index had been fetched `hours` ago."""
    state.lists.mkdir(parents=True, exist_ok=True)
    (state.lists / "m.example_dists_bookworm_InRelease").write_text(text)
    stamp = state.folder / "refreshed"
    stamp.touch()
    then = time.time() - hours * 3600
    os.utime(stamp, (then, then))


def test_without_mirror_and_index_one_sentence_says_what_to_do(
    release: Release, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        AptState(release, tmp_path).refresh()
    message = str(caught.value)
    assert "no package index for release 'bookworm'" in message
    assert "images/releases/bookworm.yaml" in message
    assert "\n" not in message


def test_without_mirror_an_old_index_serves_on_with_a_warning(
    release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = AptState(release, tmp_path)
    with_index(state, "old", hours=30)
    before = state.identity()
    state.refresh()
    assert state.identity() == before
    told = capsys.readouterr().err
    assert "did not answer" in told and "30 hours ago" in told


def test_a_young_index_asks_nobody(release: Release, tmp_path: Path) -> None:
    state = AptState(release, tmp_path)
    with_index(state, "young", hours=1)
    state.refresh()
    assert not state.log.exists()


def test_the_identity_follows_index_pins_and_sources(release: Release, tmp_path: Path) -> None:
    state = AptState(release, tmp_path)
    assert state.identity() == ""
    with_index(state, "one", hours=0)
    one = state.identity()
    with_index(state, "two", hours=0)
    two = state.identity()
    pinned = AptState(replace(release, pins={"web": "1.0"}), tmp_path).identity()
    assert len({one, two, pinned}) == 3


def test_two_mirrors_share_no_state(release: Release, tmp_path: Path) -> None:
    other = replace(release, mirror="http://other.example/debian")
    assert AptState(release, tmp_path).folder != AptState(other, tmp_path).folder


def test_apt_reads_only_our_own_sources(release: Release, tmp_path: Path) -> None:
    mirror = "http://mirror.example/debian"
    release = replace(release, mirror=mirror, pins={"web": "1.0"}, accept_expired_keys=True)
    state = AptState(release, tmp_path)
    state._prepare()
    env = {"APT_CONFIG": str(state.config)}
    dump = run.run(["apt-config", "dump"], env=env).out
    assert f'Dir::Etc "{state.folder}/etc";' in dump
    assert 'APT::Install-Recommends "false";' in dump
    assert "gpgv-overlook-expiry" in dump
    told = run.run(["apt-get", "update", "--print-uris"], env=env).out
    uris = [line for line in told.splitlines() if line.startswith("'")]
    assert uris and all(uri.startswith(f"'{mirror}/dists/bookworm/") for uri in uris)
    assert "Pin: version 1.0" in (state.folder / "etc" / "preferences").read_text()


HOST_CONF = """\
Acquire::HTTP::Proxy "http://user:secret@proxy.example:3128";
ACQUIRE::Retries "7";
"""


def test_options_of_the_host_count_in_any_case_and_are_for_our_eyes_only(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apt.conf").write_text(HOST_CONF)
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    state = AptState(release, tmp_path)
    state._prepare()
    env = {"APT_CONFIG": str(state.config)}
    dump = run.run(["apt-config", "dump"], env=env).out.lower()
    assert 'acquire::http::proxy "http://user:secret@proxy.example:3128";' in dump
    assert 'acquire::retries "7";' in dump
    assert state.config.stat().st_mode & 0o777 == 0o600
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    holders = {path for path in files if "secret" in path.read_text()}
    assert holders == {tmp_path / "apt.conf", state.config}


TOOL = "{package: tool, version: '1', summary: nothing, depends: []}"
ODD = ["my images", "x#y", "it's", "a%20b", "a:b", "über", "a,b", "$HOME", "a{b}", "a;b", "a=b"]


@pytest.mark.parametrize("name", ODD)
def test_a_checkout_in_a_folder_of_any_name_has_its_packages(
    name: str, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own/tool").mkdir(parents=True)
    (tmp_path / "own/tool/control.yaml").write_text(TOOL)
    build = functools.partial(standins.ensure, folder=tmp_path / "own")
    monkeypatch.setattr(standins, "ensure", build)
    release = replace(release, standins=("tool",), sources=())
    state = AptState(release, tmp_path / name)
    state.refresh()
    found = Resolver(state).resolve(["tool"])
    assert [package.name for package in found.packages] == ["tool"]
    assert state.is_standin(found.packages[0])
    fetch(Resolver(state), found, ())
    assert (state.debs / found.packages[0].file).is_file()


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "{{x}}"])
def test_a_folder_that_apt_cannot_be_told_of_is_refused(
    name: str, release: Release, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="move the checkout") as caught:
        AptState(release, tmp_path / name)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
