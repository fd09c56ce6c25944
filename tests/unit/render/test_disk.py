from __future__ import annotations

from pathlib import Path

import pytest

from golden.errors import UserError
from golden.render import render
from golden.render.disk import differences, remove_other_sites, write
from tests.unit.small_tree import MASTER, SITE, SmallTree


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file, and when it was last written, by path."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def rendered(tree: SmallTree) -> Path:
    """Where the small site is rendered to."""
    folder = tree.root / "rendered"
    write(render(tree.load(), tree.root), folder)
    return folder


def test_what_is_written_has_no_differences(tree: SmallTree, rendered: Path) -> None:
    assert differences(render(tree.load(), tree.root), rendered) == []
    hosts = rendered / "lab/member/rootfs/etc/hosts"
    assert hosts.read_text().endswith("198.51.100.2 n2.lab.example\n")
    assert (rendered / "lab/member/seed/n2.json").is_file()


def test_writing_again_touches_nothing(tree: SmallTree, rendered: Path) -> None:
    before = snapshot(rendered)
    assert write(render(tree.load(), tree.root), rendered) == []
    assert snapshot(rendered) == before


def test_only_what_differs_is_written(tree: SmallTree, rendered: Path) -> None:
    before = snapshot(rendered)
    tree.write("images/roles/base/files.twelve/etc/motd", "Other\n")
    expected = ["lab/master/rootfs/etc/motd", "lab/member/rootfs/etc/motd"]
    rendering = render(tree.load(), tree.root)
    assert differences(rendering, rendered) == expected
    assert write(rendering, rendered) == expected
    after = snapshot(rendered)
    assert sorted(path for path in after if after[path] != before[path]) == expected


def test_stale_files_and_folders_go(tree: SmallTree, rendered: Path) -> None:
    stale = rendered / "lab/master/rootfs/opt/old"
    stale.parent.mkdir()
    stale.write_text("")
    rendering = render(tree.load(), tree.root)
    assert differences(rendering, rendered) == ["lab/master/rootfs/opt/old"]
    write(rendering, rendered)
    assert not stale.parent.exists()


def test_a_folder_may_become_a_file_and_back(tree: SmallTree, rendered: Path) -> None:
    place = rendered / "lab/member/rootfs/etc/motd"
    place.unlink()
    (place / "deep").mkdir(parents=True)
    (place / "deep" / "file").write_text("")
    (rendered / "lab/member/seed/n2.json").unlink()
    (rendered / "lab/member/seed").rmdir()
    (rendered / "lab/member/seed").write_text("a file")
    rendering = render(tree.load(), tree.root)
    write(rendering, rendered)
    assert differences(rendering, rendered) == []


def test_a_link_is_replaced_and_not_followed(tree: SmallTree, rendered: Path) -> None:
    outside = tree.write("outside", "mine\n")
    place = rendered / "lab/member/rootfs/etc/motd"
    place.unlink()
    place.symlink_to(outside)
    write(render(tree.load(), tree.root), rendered)
    assert outside.read_text() == "mine\n"
    assert not place.is_symlink()


def test_the_executable_bit_is_kept(tree: SmallTree, rendered: Path) -> None:
    tree.write("images/roles/web/files/usr/sbin/web", "#!/bin/sh\n").chmod(0o755)
    rendering = render(tree.load(), tree.root)
    write(rendering, rendered)
    program = rendered / "lab/master/rootfs/usr/sbin/web"
    assert program.stat().st_mode & 0o777 == 0o755
    program.chmod(0o644)
    assert differences(rendering, rendered) == ["lab/master/rootfs/usr/sbin/web"]


def test_a_kind_that_is_not_used_any_more_goes(tree: SmallTree, rendered: Path) -> None:
    tree.edit(SITE, "kind: member", "kind: master")
    write(render(tree.load(), tree.root), rendered)
    assert not (rendered / "lab/member").exists()
    assert (rendered / "lab/master/seed/n2.json").is_file()


def test_sites_that_do_not_exist_any_more_go(tree: SmallTree, rendered: Path) -> None:
    (rendered / "gone" / "kind").mkdir(parents=True)
    assert remove_other_sites(["lab"], rendered) == ["gone"]
    assert [folder.name for folder in rendered.iterdir()] == ["lab"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (MASTER, "memory: 2048", "memory: lots"),
        ("images/roles/base/files/etc/hosts.j2", "node.address", "node.adress"),
    ],
)
def test_invalid_input_changes_nothing(
    tree: SmallTree, rendered: Path, file: str, old: str, new: str
) -> None:
    before = snapshot(rendered)
    tree.edit(SITE, "vlan: 1", "vlan: 2")
    tree.edit(file, old, new)
    with pytest.raises(UserError):
        write(render(tree.load(), tree.root), rendered)
    assert snapshot(rendered) == before
