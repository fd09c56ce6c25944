"""A site that is like another one: what it takes over, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import asdict

import jsonschema
import pytest
import yaml

from golden.definition import load_all, schema
from tests.unit.small_tree import SITE, SmallTree

TWIN = "images/sites/twin.yaml"
TEXT = """\
site: twin
like: lab
domain: twin.example
network: {subnet: 192.0.2.0/24}
cluster: {name: ganeti.twin.example, address: 192.0.2.100}
nodes:
  - {name: n1, kind: master, address: 192.0.2.1, mac: "02:00:00:00:01:01"}
variables:
  workers: 8
"""


@pytest.fixture
def twin(tree: SmallTree) -> SmallTree:
    tree.write(TWIN, TEXT)
    return tree


def test_what_a_site_does_not_say_is_that_of_the_other(twin: SmallTree) -> None:
    site, other = twin.load("twin"), twin.load()
    assert (site.name, site.domain) == ("twin", "twin.example")
    assert asdict(site.release) == asdict(other.release)
    assert site.bridges == other.bridges and site.volume_group == other.volume_group
    assert [node.fqdn for node in site.nodes] == ["n1.twin.example"]


def test_a_mapping_is_replaced_and_the_variables_are_put_together(twin: SmallTree) -> None:
    site = twin.load("twin")
    assert site.network.gateway is None
    assert site.variables == {"admin": "root@lab.example", "workers": 8}
    twin.edit(TWIN, "variables:\n  workers: 8\n", "")
    assert twin.load("twin").variables == twin.load().variables


def test_the_other_site_stays_as_it_is(twin: SmallTree) -> None:
    assert [site.domain for site in load_all(twin.root)] == ["lab.example", "twin.example"]


def test_a_problem_of_the_other_site_is_told_there(twin: SmallTree) -> None:
    line = twin.edit(SITE, "size: 25G", "size: many")
    assert twin.problems("twin") == [
        f"{SITE}:{line}: volume_group.size: 'many' is not a size such as 512M or 6G"
    ]


def test_a_problem_with_what_is_taken_over_stands_where_it_is_taken(twin: SmallTree) -> None:
    # The other's cluster address, in this one's subnet.
    twin.edit(TWIN, "cluster: {name: ganeti.twin.example, address: 192.0.2.100}\n", "")
    assert twin.problems("twin") == [
        f"{TWIN}:2: cluster.address: 198.51.100.100 is outside the subnet 192.0.2.0/24"
    ]


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ("lob", "no other site is called 'lob'; did you mean 'lab'?"),
        ("twin", "no other site is called 'twin'; valid: copy, lab"),
        ("copy", "'copy' is itself like 'lab': name that one"),
        ("[lab]", "no other site is called '['lab']'"),
    ],
)
def test_a_site_can_be_like_one_that_is_there(twin: SmallTree, like: str, message: str) -> None:
    twin.write("images/sites/copy.yaml", TEXT.replace("twin", "copy"))
    line = twin.edit(TWIN, "like: lab", f"like: {like}")
    (problem,) = twin.problems("twin")
    assert problem.startswith(f"{TWIN}:{line}: like: ") and message in problem


def test_an_editor_asks_for_all_keys_only_where_a_site_is_like_none() -> None:
    known = json.loads(schema.texts()["site"])
    document = yaml.safe_load(TEXT)
    jsonschema.validate(document, known)
    del document["like"]
    with pytest.raises(jsonschema.ValidationError, match="'release' is a required property"):
        jsonschema.validate(document, known)


def test_a_release_is_like_another(tree: SmallTree) -> None:
    """Its facts and names are merged, and the role's files for the other are its own."""
    tree.write("images/releases/older.yaml", "release: older\nlike: twelve\ndebian: 11\n")
    tree.write("images/roles/web/files.older/etc/only", "here\n")
    tree.write(TWIN, TEXT + "release: older\n")
    site, other = tree.load("twin"), tree.load()
    assert (site.release.name, site.release.debian) == ("older", 11)
    assert site.release.facts == other.release.facts
    base, web = site.kinds[0].roles
    assert base.files["/etc/motd"].source.parent.parent.name == "files.twelve"
    assert "/etc/only" in web.files and "/etc/only" not in other.kinds[0].roles[1].files


def test_a_site_with_packages_or_stand_ins_has_a_lock_of_its_own(tree: SmallTree) -> None:
    tree.write(TWIN, TEXT + "packages: debs\n")
    found = tree.load("twin").release
    assert found.folder is not None and found.folder.name == "debs"
    assert found.lock_name == "twelve.twin" and tree.load().release.lock_name == "twelve"
    tree.write(TWIN, TEXT + "standins: []\n")
    assert tree.load("twin").release.lock_name == "twelve.twin"


def test_an_unknown_stand_in_is_refused(tree: SmallTree) -> None:
    tree.write(TWIN, TEXT + "standins: [snf-comon]\n")
    assert any("unknown stand-in 'snf-comon'" in text for text in tree.problems("twin"))


def test_a_site_may_have_facts_of_its_own(tree: SmallTree) -> None:
    tree.write(TWIN, TEXT + 'facts: {web_version: "2.2"}\n')
    assert tree.load("twin").release.facts["web_version"] == "2.2"
    assert "/srv/web-2.2" in tree.load("twin").kinds[0].roles[1].directories
    tree.write(TWIN, TEXT + 'facts: {web_versoin: "2.2"}\n')
    (problem,) = tree.problems("twin")
    assert "release 'twelve' has no such fact" in problem and "web_version" in problem


def test_a_site_may_name_packages_otherwise(tree: SmallTree) -> None:
    tree.write(TWIN, TEXT + "names: {ntp: [openntpd], webserver: []}\n")
    release = tree.load("twin").release
    assert release.real_packages("ntp") == ("openntpd",)
    assert release.real_packages("webserver") == () and release.real_packages("firmware") == ()
    tree.write(TWIN, TEXT + "names: {npt: [openntpd]}\n")
    (problem,) = tree.problems("twin")
    assert "no role has this in its packages" in problem and "ntp" in problem
