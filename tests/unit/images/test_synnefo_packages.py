"""Versions of Synnefo on wheezy, where they come from, and the guide's bake actions."""

from __future__ import annotations

import re

import pytest

from golden import definition, guide
from tests.unit.images.synnefo_files import CLOUDS, changed, files

SOURCES = "/etc/apt/sources.list.d/synnefo.list"
PREFERENCES = "/etc/apt/preferences.d/synnefo"
# docs/synnefo.md S1.1: source package synnefo; each asks for the others in its own version.
SYNNEFO = [
    "python-astakosclient",
    "snf-admin-app",
    "snf-astakos-app",
    "snf-branding",
    "snf-common",
    "snf-cyclades-app",
    "snf-cyclades-gtools",
    "snf-django-lib",
    "snf-pithos-app",
    "snf-pithos-backend",
    "snf-stats-app",
    "snf-webproject",
]
# snf-ganeti's own source; it asks for the last three in its version (its debian/control).
GANETI = ["ganeti2", "ganeti-2.10", "ganeti-haskell-2.10", "ganeti-htools-2.10"]


def test_synnefo_is_pinned_as_one() -> None:
    pins = definition.load("example").release.pins
    assert {pins[name] for name in SYNNEFO} == {"0.16.2-1~wheezy"}
    assert {pins[name] for name in GANETI} == {pins["snf-ganeti"]}
    assert pins["python-nfqueue"] == "0.4+physindev-1~wheezy"


@pytest.mark.parametrize("kind", ["node1", "node2"])
def test_the_image_keeps_the_versions_that_were_baked(kind: str) -> None:
    text = files("example", kind)[PREFERENCES].content.decode()
    found = re.findall(r"^Package: (\S+)\nPin: version (\S+)\nPin-Priority: 1001\n", text, re.M)
    assert dict(found) == dict(definition.load("example").release.pins)
    # apt of wheezy knows no comments: the header must belong to the first record.
    assert text.splitlines()[1].startswith("Explanation:")


def test_the_repository_is_flat_and_may_be_left_out() -> None:
    text = changed("example", "node2", synnefo_repository="http://r.test")[SOURCES].content.decode()
    words = [line for line in text.splitlines() if not line.startswith("#")]
    assert words == [f"{kind} http://r.test wheezy/" for kind in ("deb", "deb-src")]
    lines = files("example", "node2")[SOURCES].content.decode().splitlines()
    assert [line for line in lines if not line.startswith("#")] == []
    assert SOURCES not in files("rehearsal", "node2")


def test_every_bake_action_of_the_guide_has_a_home() -> None:
    bake = [each for each in guide.covered() if each.action.phase == "bake"]
    assert len(bake) == 125
    assert [each.action.id for each in bake if not each.homes] == []


@pytest.mark.parametrize("site", CLOUDS)
def test_what_must_come_first_is_in_the_base(site: str) -> None:
    loaded = definition.load(site)
    scripts = loaded.bake_scripts(loaded.kinds[0], "base")
    # In an earlier layer than the package, which otherwise downloads while it is installed (G177).
    assert {"repository-key.sh", "snf-image-preseed.sh"} <= set(scripts)
    assert "snf-image" in loaded.packages(loaded.kind("node2"), "synnefo")


@pytest.mark.parametrize("site", CLOUDS)
def test_tables_are_made_where_all_applications_and_the_server_are(site: str) -> None:
    loaded = definition.load(site)
    node = loaded.host_of("schema").kind
    assert "schema.sh" in loaded.bake_scripts(node, "synnefo")
    assert all(node.has(role) for role in ("postgresql", "astakos", "cyclades", "admin"))
