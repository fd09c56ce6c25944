"""What the scripts find in /run/bake/input."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from golden.definition import Directory, User
from golden.packages import Package, Resolution, Step
from golden.recipe import payload
from golden.recipe.payload import ImageFile
from golden.render import RenderedFile, RenderedKind
from tests.unit.small_site import small_site


def package(name: str, *, asked: bool = True, arch: str = "all") -> Package:
    file = f"{name}_1_{arch}.deb"
    return Package(name, "1", arch, file, f"http://m.example/{file}", 9, "a" * 64, asked)


RESOLUTION = Resolution(
    (package("lib", asked=False), package("web")),
    (Step("unpack", ("lib", "web")), Step("configure", ("lib", "web"))),
)


def rendered() -> RenderedKind:
    kind = small_site().kinds[0]
    file = RenderedFile(b"listen 80\n", Path("web.conf.j2"), "0640", "root", "web")
    return RenderedKind(
        kind=kind,
        files={"/etc/web.conf": file},
        directories={"/srv/web": Directory(mode="2750", owner="web", group="adm")},
        records={},
    )


def test_steps_name_archives_to_unpack_and_packages_to_configure() -> None:
    files = payload.packages("amd64", RESOLUTION)
    assert files["packages.steps"] == b"unpack lib_1_all.deb web_1_all.deb\nconfigure lib web\n"


def test_only_what_nobody_asked_for_is_marked_as_automatic() -> None:
    files = payload.packages("amd64", RESOLUTION, [package("libc", asked=False)])
    marked = files["packages.auto"].decode()
    assert marked.count("Auto-Installed: 1") == 2
    assert "Package: libc\nArchitecture: amd64\n" in marked
    assert "Package: web\n" not in marked


def test_users_are_rows_of_name_uid_group_gid() -> None:
    user = User(name="synnefo", uid=200, group="synnefo", gid=200)
    assert payload.users([user]) == {"users.tsv": b"synnefo\t200\tsynnefo\t200\n"}


def test_the_archive_keeps_content_mode_and_owners_by_name() -> None:
    files = {"/etc/web.conf": ImageFile(b"x\n", "0640", "root", "web")}
    with tarfile.open(fileobj=io.BytesIO(payload.archive(files))) as tar:
        (member,) = tar.getmembers()
        content = tar.extractfile(member)
        assert content is not None and content.read() == b"x\n"
    assert (member.name, member.mode) == ("etc/web.conf", 0o640)
    assert (member.uname, member.gname) == ("root", "web")


def test_a_site_layer_holds_rendered_files_boot_files_and_first_boot() -> None:
    files = payload.site_files(rendered(), _own_mirror())
    assert files["/etc/web.conf"] == ImageFile(b"listen 80\n", "0640", "root", "web")
    assert b"LABEL=" in files["/etc/fstab"].content
    assert "/boot/grub/grub.cfg" in files
    assert files["/usr/sbin/firstboot"].mode == "0755"
    assert files["/etc/init.d/firstboot"].mode == "0755"
    assert files["/usr/lib/firstboot/firstboot.py"].mode == "0644"
    assert "/usr/lib/firstboot/steps/hostname.py" in files
    assert files["/etc/apt/sources.list"].content == b"deb http://m.example/debian bookworm main\n"


def test_a_roles_file_goes_before_one_of_the_bake() -> None:
    own = RenderedFile(b"deb http://own.example x main\n", Path("s.j2"))
    kind = rendered()
    mine = RenderedKind(kind.kind, {"/etc/apt/sources.list": own}, kind.directories, {})
    files = payload.site_files(mine, _own_mirror())
    assert files["/etc/apt/sources.list"].content == own.content


def _own_mirror() -> payload.Release:
    from dataclasses import replace

    return replace(small_site().release, mirror="http://m.example/debian")


def test_every_owner_is_listed_once_for_the_check_in_the_image() -> None:
    kind = rendered()
    files = {"/etc/web.conf": ImageFile(b"", "0640", "root", "web")}
    inputs = payload.site(files, kind.directories, ["apache2", "ssh"])
    assert inputs["owners.tsv"] == (b"group\tadm\ngroup\tweb\npasswd\troot\npasswd\tweb\n")
    assert inputs["directories.tsv"] == b"2750\tweb\tadm\t/srv/web\n"
    assert inputs["services.list"] == b"apache2\nssh\n"


def test_a_files_identity_follows_content_mode_and_owner() -> None:
    one = ImageFile(b"x", "0640", "root", "web")
    others = [
        ImageFile(b"y", "0640", "root", "web"),
        ImageFile(b"x", "0600", "root", "web"),
        ImageFile(b"x", "0640", "web", "web"),
        ImageFile(b"x", "0640", "root", "adm"),
    ]
    assert len({each.identity for each in (one, *others)}) == 5


def test_the_release_record_names_site_commit_and_layers() -> None:
    record = json.loads(payload.release_record("lab", {"base": "ab", "top": "cd"}, "1234"))
    assert record == {"site": "lab", "revision": "1234", "layers": {"base": "ab", "top": "cd"}}
