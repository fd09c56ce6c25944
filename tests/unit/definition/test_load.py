from __future__ import annotations

import pytest

from golden.definition import load, load_all, sites
from golden.errors import UserError
from tests.unit.small_tree import MASTER, RELEASE, SITE, WEB, SmallTree


def test_sites_are_the_files(tree: SmallTree) -> None:
    tree.write("images/sites/alps.yaml", "")
    assert sites(tree.root) == ("alps", "lab")


def test_unknown_site(tree: SmallTree) -> None:
    with pytest.raises(UserError, match=r"there is no site 'lob'; did you mean 'lab'\?"):
        load("lob", tree.root)


def test_a_site_is_resolved(tree: SmallTree) -> None:
    site = tree.load()
    assert [(node.fqdn, node.kind.name) for node in site.nodes] == [
        ("n1.lab.example", "master"),
        ("n2.lab.example", "member"),
    ]
    assert site.nodes[0].kind is site.kinds[0]
    assert site.kinds[0].roles[0] is site.kinds[1].roles[0]
    assert [(bridge.name, bridge.port) for bridge in site.bridges] == [
        ("br1", "eth0.1"),
        ("br2", "eth1"),
    ]
    assert site.kinds[0].image_size_mib == 6144
    assert site.release.facts == {"web_version": "2.4", "ciphers": ("aes", "chacha")}


def test_kinds_are_only_those_in_use(tree: SmallTree) -> None:
    tree.edit(SITE, "kind: member", "kind: master")
    assert [kind.name for kind in tree.load().kinds] == ["master"]


def test_files_have_their_facts_modes_and_owners(tree: SmallTree) -> None:
    base, web = tree.load().kinds[0].roles
    secret, motd = base.files["/etc/secret.conf"], base.files["/etc/motd"]
    assert (secret.mode, secret.owner, secret.group, secret.template) == (
        "0640",
        "root",
        "web",
        True,
    )
    assert (motd.mode, motd.template) == ("0644", False)
    assert list(web.files) == ["/etc/web/2.4/web.conf"]
    assert list(web.directories) == ["/srv/data", "/srv/web-2.4"]


def test_programs_are_executable(tree: SmallTree) -> None:
    tree.write("images/roles/web/files/usr/sbin/web", "#!/bin/sh\n").chmod(0o700)
    assert tree.load().kinds[0].roles[1].files["/usr/sbin/web"].mode == "0755"


def test_compiled_files_that_python_left_are_no_files_of_a_role(tree: SmallTree) -> None:
    before = tree.load().kinds[0].roles[1].files
    tree.write("images/roles/web/files/usr/sbin/__pycache__/web.cpython-311.pyc", "")
    assert tree.load().kinds[0].roles[1].files == before


def test_files_for_the_release_win(tree: SmallTree) -> None:
    source = tree.load().kinds[0].roles[0].files["/etc/motd"].source
    assert source == tree.root / "images/roles/base/files.twelve/etc/motd"


def test_metadata_may_be_for_a_file_of_another_release(tree: SmallTree) -> None:
    tree.write("images/releases/seven.yaml", (tree.root / RELEASE).read_text())
    tree.write("images/roles/web/files.seven/etc/old", "")
    tree.edit(WEB, "bake:", 'files: {/etc/old: {mode: "0600"}}\nbake:')
    assert tree.problems() == []


def test_packages_and_scripts_of_each_layer(tree: SmallTree) -> None:
    tree.write(
        "images/roles/app/role.yaml",
        "role: app\nsummary: x\nlayer: synnefo\npackages: [app, webserver]\n",
    )
    tree.edit(MASTER, "[base, web]", "[base, web, app]")
    site = tree.load()
    master, member = site.kinds
    assert [site.packages(master, layer) for layer in ("base", "platform", "synnefo")] == [
        ("chrony",),
        ("webserver",),
        ("app",),
    ]
    assert [site.packages(member, layer) for layer in ("base", "platform", "synnefo")] == [
        ("chrony",),
        (),
        (),
    ]
    assert site.bake_scripts(master, "base") == ("base.sh",)
    assert site.bake_scripts(master, "platform") == ("web.sh",)
    assert master.services(site.release) == ("chrony", "webserver")


def test_host_of_a_role(tree: SmallTree) -> None:
    site = tree.load()
    assert (site.host_of("base").name, site.host_of("web").name) == ("n1", "n1")
    with pytest.raises(UserError, match=r"site 'lab' has no role 'wep'; did you mean 'web'\?"):
        site.host_of("wep")


def test_users_are_those_of_all_kinds(tree: SmallTree) -> None:
    tree.edit(WEB, "bake:", "users: [{name: web, uid: 150, group: web, gid: 150}]\nbake:")
    assert [user.name for user in tree.load().users()] == ["web", "synnefo"]


def test_a_file_that_the_site_does_not_use_may_be_wrong(tree: SmallTree) -> None:
    tree.write("images/roles/draft/role.yaml", "role: draft\n")
    assert tree.problems() == []
    with pytest.raises(UserError) as caught:
        load_all(tree.root)
    assert str(caught.value) == ("images/roles/draft/role.yaml:1: summary: this key is missing")


def test_all_sites_are_checked_at_once(tree: SmallTree) -> None:
    tree.write("images/sites/twin.yaml", (tree.root / SITE).read_text())
    tree.edit(SITE, "workers: 4", "wokers: 4")
    with pytest.raises(UserError) as caught:
        load_all(tree.root)
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        "images/sites/lab.yaml:16",
        "images/sites/twin.yaml:1",
    ]


def test_a_translated_name_that_no_role_uses(tree: SmallTree) -> None:
    tree.edit(RELEASE, "ntp: [chrony]", "npt: [chrony]")
    with pytest.raises(UserError) as caught:
        load_all(tree.root)
    assert str(caught.value) == (
        f"{RELEASE}:12: packages.npt: no role has this in its packages; did you mean 'ntp'?"
    )


def test_a_release_that_cannot_be_read_blames_no_fact(tree: SmallTree) -> None:
    tree.write(RELEASE, "release: [twelve\n")
    problems = tree.problems()
    assert len(problems) == 1
    assert problems[0].startswith(f"{RELEASE}:2: not YAML: ")
