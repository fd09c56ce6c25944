"""What differs between two images, each kind of difference made by hand."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import golden.diff
from golden import manifest, paths
from golden.diff import compare, document, origin, sides, text
from golden.errors import UserError
from golden.layers import overlay

PASSWD = "root:x:0:0:root:/root:/bin/bash\n"
GROUP = "root:x:0:\n"
Make = Callable[[str, dict[str, str]], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A folder of the given name with files: {path: content}."""

    def made(name: str, files: dict[str, str]) -> Path:
        for path, content in {"etc/passwd": PASSWD, "etc/group": GROUP, **files}.items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
            target.chmod(0o644)
        return tmp_path / name

    return made


def compared(a: Path, b: Path) -> dict[str, Any]:
    return document.make(sides.find(str(a), "rehearsal"), sides.find(str(b), "rehearsal"))


def test_equal_images_have_no_difference(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = make("a", {"etc/motd": "hello\n"}), make("b", {"etc/motd": "hello\n"})
    os.utime(b / "etc/motd", (1, 1))
    golden.diff.diff(str(a), str(b), "rehearsal")
    assert "no difference" in capsys.readouterr().out


def test_a_time_stamp_is_told_to_who_asks(make: Make) -> None:
    a, b = make("a", {"etc/motd": "hello\n"}), make("b", {"etc/motd": "hello\n"})
    for folder in (a, b):
        for path in [folder / "etc", *(folder / "etc").iterdir()]:
            os.utime(path, (1, 1))
    os.utime(b / "etc/motd", ns=(0, 2))
    trees = overlay.merged([a]), overlay.merged([b])
    (change,) = compare.changes(*trees, times=True)
    assert (change.path, change.what) == ("/etc/motd", "changed")
    assert change.facts == (
        ("time", "1970-01-01 00:00:01.000000000", "1970-01-01 00:00:00.000000002"),
    )
    assert not list(compare.changes(*trees))


def test_a_text_is_told_line_by_line(make: Make) -> None:
    found = compared(make("a", {"etc/motd": "one\ntwo\n"}), make("b", {"etc/motd": "one\n2\n"}))
    (file,) = found["files"]
    assert (file["path"], file["what"]) == ("/etc/motd", "changed")
    assert {"-two", "+2"} <= set(file["lines"])


def test_new_and_gone(make: Make) -> None:
    found = compared(make("a", {"etc/old": ""}), make("b", {"etc/new": ""}))
    assert [(file["path"], file["what"]) for file in found["files"]] == [
        ("/etc/new", "new"),
        ("/etc/old", "gone"),
    ]


def test_bytes_of_one_size_differ_too(make: Make) -> None:
    a, b = make("a", {"bin/x": ""}), make("b", {"bin/x": ""})
    (a / "bin/x").write_bytes(b"\x7fELF\0\1")
    (b / "bin/x").write_bytes(b"\x7fELF\0\2")
    (file,) = compared(a, b)["files"]
    assert file["facts"] == (("content", "", "other bytes of the same size"),)


def test_mode_owner_and_target(make: Make) -> None:
    a, b = make("a", {"etc/x": ""}), make("b", {"etc/x": "", "etc/group": GROUP + "adm:x:4:\n"})
    (b / "etc/x").chmod(0o600)
    if os.geteuid() == 0:
        os.chown(b / "etc/x", 0, 4)
    (a / "etc/link").symlink_to("here")
    (b / "etc/link").symlink_to("there")
    files = {file["path"]: file for file in compared(a, b)["files"]}
    assert ("mode", "0644", "0600") in files["/etc/x"]["facts"]
    if os.geteuid() == 0:
        assert ("group", "root", "adm") in files["/etc/x"]["facts"]
    assert files["/etc/link"]["facts"] == (("target", "here", "there"),)


def status(version: str) -> str:
    return f"Package: snf-common\nStatus: install ok installed\nVersion: {version}\n\n"


def test_subjects(make: Make) -> None:
    a = make("a", {"var/lib/dpkg/status": status("0.16.1"), "etc/ports.conf": "Listen 80\n"})
    b = make(
        "b",
        {
            "var/lib/dpkg/status": status("0.16.2"),
            "etc/passwd": PASSWD + "synnefo:x:200:200::/:/bin/false\n",
            "etc/ports.conf": "Listen 8080\n",
            "etc/rc2.d/S01gunicorn": "",
            "usr/bin/su": "x",
        },
    )
    (b / "usr/bin/su").chmod(0o4755)
    found = compared(a, b)
    assert found["packages"] == [("snf-common", "0.16.1", "0.16.2")]
    assert found["services"] == [("gunicorn", "", "2")]
    assert found["ports"] == [
        ("/etc/ports.conf 80", "yes", ""),
        ("/etc/ports.conf 8080", "", "yes"),
    ]
    assert found["accounts"] == [("user synnefo", "", "200:200::/:/bin/false")]
    assert found["privileged"] == [("/usr/bin/su", "", "4755")]
    assert ("/usr/bin", 0, 1) in found["sizes"]


def test_what_every_bake_writes_anew_is_counted_and_not_told(make: Make) -> None:
    names = ["etc/golden/inventory", "etc/golden/release.json"]
    a, b = (make(side, dict.fromkeys(names, side)) for side in ("a", "b"))
    found = compared(a, b)
    assert (found["files"], found["noise"]) == ([], [f"/{name}" for name in names])


def test_a_line_leads_to_its_template(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    template = tmp_path / "images/x.conf.j2"
    template.write_text("{% if a %}\nname = {{ name }}\n{% endif %}\nport = 80\n{{ rest }}\n")
    head = "# Generated by `inv render` from images/x.conf.j2: edit that file.\n"
    assert origin.source(head + "port = 80\n") == "images/x.conf.j2"
    assert origin.source("port = 80\n") == ""
    lines = ["name = node1", "port = 80", "nothing of it"]
    found = origin.template_lines("images/x.conf.j2", lines, tmp_path)
    assert found == {"name = node1": 2, "port = 80": 4}


def layers(tmp_path: Path, *names: str) -> list[Path]:
    found = [tmp_path / name for name in names]
    for folder in found:
        folder.mkdir()
    return found


def test_layers_are_merged_as_overlayfs_does(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may make a whiteout")
    low, high = layers(tmp_path, "low", "high")
    for path in ("kept", "gone", "folder/old", "emptied/old", "replaced/old"):
        (low / path).parent.mkdir(exist_ok=True)
        (low / path).write_text("low")
    (high / "kept").write_text("high")
    os.mknod(high / "gone", 0o20000, 0)
    os.mknod(high / "folder", 0o20000, 0)
    (high / "emptied").mkdir()
    os.setxattr(high / "emptied", "trusted.overlay.opaque", b"y")
    (high / "emptied/new").write_text("high")
    (high / "replaced").write_text("high")
    found = overlay.merged([low, high])
    assert sorted(found) == ["/emptied", "/emptied/new", "/kept", "/replaced"]
    assert found["/kept"].content() == b"high"


@pytest.fixture
def baked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two images of one site: they share a layer, and each has one of its own."""
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path / "artifacts")
    contents = {"base": "hello\n", "own1": "one\n", "own2": "two\n"}
    for key, content in contents.items():
        folder = tmp_path / "cache/layers" / key / "tree/etc"
        folder.mkdir(parents=True)
        (folder / ("motd" if key == "base" else "own")).write_text(content)
    for number, kind in enumerate(("node1", "node2"), 1):
        chain = [("base", "base"), (f"{kind}.site", f"own{number}")]
        record = [{"name": name, "key": key, "seconds": number} for name, key in chain]
        facts = {"tree": f"tree{number}", "layers": record}
        disk = {"file": "disk.raw", "key": "k", "length": 1, "bytes": 1, "sha256": "0"}
        manifest.write("rehearsal", kind, "raw", {**disk, "seconds": {"all": 2.0}}, facts)
    return tmp_path


def test_baked_images_are_read_from_their_layers(baked: Path) -> None:
    a, b = sides.find("node1", "rehearsal"), sides.find("rehearsal/node2", "example")
    found = document.make(a, b)
    assert [file["path"] for file in found["files"]] == ["/etc/own"]
    assert ("base", "1.0", "2.0") in found["seconds"]
    assert json.loads(json.dumps(found))["a"]["name"] == "node1"


def test_the_page_stands_alone_and_escapes(make: Make, tmp_path: Path) -> None:
    a, b = make("a", {"etc/motd": "<b>one\n"}), make("b", {"etc/motd": "<b>two\n"})
    page = text.page(compared(a, b))
    assert "+&lt;b&gt;two" in page
    assert "http" not in page


def test_a_layer_that_is_gone_is_named(baked: Path) -> None:
    (baked / "cache/layers/own2/tree").rename(baked / "elsewhere")
    with pytest.raises(
        UserError, match=r"node2: its layers node2\.site are no longer in the cache"
    ):
        sides.find("node2", "rehearsal")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("node9", r"node9: no image of that name is baked; valid are KIND, SITE/KIND"),
        ("nosuch/node1", r"site rehearsal has no release yet"),
    ],
)
def test_a_name_of_nothing(baked: Path, word: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        sides.find(word, "rehearsal")


def test_a_folder_that_cannot_be_read(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As /proc of a running system."""
    a, b = make("a", {}), make("b", {})
    scan = os.scandir

    def refuse(folder: str) -> Iterator[os.DirEntry[str]]:
        if folder.endswith("/etc"):
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match=r"a/etc: Permission denied; compare images, or folders"):
        compared(a, b)


def test_a_file_that_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"layers": []}')
    with pytest.raises(UserError, match=r"x\.json: not the manifest of an image"):
        sides.find(str(tmp_path / "x.json"), "rehearsal")
