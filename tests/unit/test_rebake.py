"""What is said of two bakes of the same: nothing, or where they differ."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from golden import manifest, paths, rebake
from golden.errors import StageError
from tests.unit.small_site import small_site

KIND = small_site().kinds[0].name
FILES = {
    "low": {
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh",
        "/etc/group": "root:x:0:",
        "/usr/bin/tool": "1",
        "/var/hidden": "below",
        "/var/lib/dpkg/info/tool.list": "/.\n/usr/bin/tool\n",
    },
    "top": {"/var/hidden": "above"},
}


def baked(home: Path, disk: str = "same") -> Path:
    """Record a bake of two layers below `home`; every time in it is 1."""
    for layer, files in FILES.items():
        tree = home / ".cache/layers" / layer / "tree"
        for name, content in files.items():
            path = tree / name[1:]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        for path in [tree, *tree.rglob("*")]:
            os.utime(path, (1, 1))
    layers = [{"name": name, "key": name} for name in FILES]
    record = {"manifest": manifest.FORMAT, "layers": layers}
    folder = home / ".artifacts/small" / KIND
    folder.mkdir(parents=True)
    text = manifest.text({**record, "artifacts": {"qcow2": {"sha256": disk}}})
    (folder / manifest.NAME).write_text(text)
    return home


@pytest.fixture
def again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Both bakes are there; what happens to the second one before they are compared is `change`."""
    site = replace(small_site(), kinds=small_site().kinds[:1])
    here = baked(tmp_path / "here")
    monkeypatch.setattr(paths, "CACHE", here / ".cache")
    monkeypatch.setattr(paths, "ARTIFACTS", here / ".artifacts")
    monkeypatch.setattr(rebake, "bake", lambda _: None)
    monkeypatch.setattr(manifest.signing, "is_valid", lambda _: True)
    monkeypatch.setattr(rebake.definition, "load", lambda _: site)
    done: dict[str, Any] = {"disk": "same", "change": lambda _: None}

    def second(_: str, home: Path) -> None:
        baked(home, done["disk"])
        done["change"](home / ".cache/layers")

    monkeypatch.setattr(rebake, "_again", second)
    return done


def difference() -> str:
    with pytest.raises(StageError) as caught:
        rebake.rebake("small", verify=True)
    assert "1 differences" in str(caught.value)
    return str(caught.value)


def test_nothing_is_said_of_the_same(again: dict[str, Any]) -> None:
    rebake.rebake("small", verify=True)


def test_a_file_is_named_with_its_package(again: dict[str, Any]) -> None:
    again["change"] = lambda layers: (layers / "low/tree/usr/bin/tool").chmod(0o600)
    assert f"{KIND}: changed /usr/bin/tool (tool): mode" in difference()


def test_a_time_stamp_is_a_difference(again: dict[str, Any]) -> None:
    again["change"] = lambda layers: os.utime(layers / "low/tree/usr/bin/tool", (1, 2))
    assert "/usr/bin/tool (tool): time 1970-01-01 00:00:01" in difference()


def test_what_a_layer_above_hides_is_a_difference(again: dict[str, Any]) -> None:
    def change(layers: Path) -> None:
        path = layers / "low/tree/var/hidden"
        path.write_text("other")
        os.utime(path, (1, 1))

    again["change"] = change
    assert "changed /var/hidden (no package)" in difference()


def test_other_bytes_of_the_disk_are_a_difference(again: dict[str, Any]) -> None:
    again["disk"] = "other"
    assert f"{KIND}: the bytes of the disk: sha256 same → other" in difference()


def test_another_key_of_a_layer_is_a_difference(again: dict[str, Any]) -> None:
    def change(layers: Path) -> None:
        (layers / "low").rename(layers / "elsewhere")
        path = layers.parent.parent / ".artifacts/small" / KIND / manifest.NAME
        path.write_text(path.read_text().replace('"key": "low"', '"key": "elsewhere"'))

    again["change"] = change
    assert f"{KIND}: layer low: key low → elsewhere" in difference()


def test_the_second_bake_is_that_of_a_checkout_of_an_odd_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    monkeypatch.setattr(rebake, "bake", lambda _: None)
    monkeypatch.setattr(rebake.run, "run", lambda argv, **_: ran.append(argv))
    rebake.rebake("rehearsal")
    home = tmp_path / "rebake/it's my images #1 50%"
    assert ran[0][-5:] == ["--search-root", str(home), "bake", "--site", "rehearsal"]
    assert (home / "golden/rebake.py").is_file() and (home / "images/sites").is_dir()
    assert (home / ".git").exists() and not (home / ".venv").exists()


def test_packages_and_pool_are_taken_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, home = tmp_path / "here/.cache", tmp_path / "again"
    pooled, deb = "pool/sha256/ab/abc.deb", "debs/web_1_all.deb"
    for name in (pooled, deb, "pool/bookworm/Release", "pool/.import-9/x", "debs/partial/half.deb"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    monkeypatch.setattr(paths, "CACHE", here)
    rebake._take_along(home)
    there = home / ".cache"
    files = {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}
    assert files == {pooled, deb, "pool/bookworm/Release"}
    assert (there / pooled).samefile(here / pooled)
