"""A bake keeps its disks as a release, and takes them back."""

from __future__ import annotations

import json

import pytest

from golden import manifest, paths, releases
from golden.errors import UserError
from golden.releases import model, provenance
from tests.unit.releases import baked
from tests.unit.releases.baked import SITE


def taken(kind: str, version: str, fmt: str = "qcow2") -> releases.Kept:
    kept = releases.taken_from(SITE, kind, fmt, baked.key(kind, version, fmt))
    assert kept is not None
    return kept


def test_a_release_holds_the_very_files_that_were_baked() -> None:
    made = baked.bake("1")
    for kind in baked.KINDS:
        assert made.images[kind].disk("qcow2").samefile(manifest.disk_path(SITE, kind, "qcow2"))
    assert (made.synnefo, len(made.id)) == ("1", model.ID_LETTERS)
    made.verify()


def test_the_same_bake_is_the_same_release_and_another_is_another() -> None:
    first = baked.bake("1")
    assert baked.bake("1").id == first.id
    second = baked.bake("2")
    assert [each.id for each in releases.every(SITE)].count(first.id) == 1
    assert {each.id for each in releases.every(SITE)} == {first.id, second.id}


def test_what_makes_the_disk_makes_the_release_too() -> None:
    small = baked.bake("1")
    large = releases.record(SITE, {kind: {"size": "2"} for kind in baked.KINDS})
    assert small.id != large.id


def test_another_format_joins_the_release_of_its_trees() -> None:
    first = baked.bake("1")
    both = baked.bake("1", "raw")
    assert first.id == both.id
    for fmt in ("qcow2", "raw"):
        assert both.images["node"].disk(fmt).read_bytes() == baked.content("node", "1", fmt)
    both.verify()


def test_a_release_keeps_the_bytes_that_it_was_signed_with() -> None:
    made = baked.bake("1")
    # A disk built twice from the same inputs, which came out otherwise.
    path = manifest.disk_path(SITE, "node", "qcow2")
    path.unlink()
    path.write_bytes(b"other bytes")
    releases.record(SITE, {kind: {"size": "1"} for kind in baked.KINDS})
    assert made.images["node"].disk("qcow2").read_bytes() == baked.content("node", "1")
    releases.find(SITE, made.id).verify()


def test_going_back_finds_the_same_bytes_again() -> None:
    first = baked.bake("1")
    before = (manifest.folder(SITE, "node") / manifest.NAME).read_bytes()
    baked.bake("2")
    for kind in baked.KINDS:
        releases.take_back(taken(kind, "1"))
    assert baked.in_place() == baked.all_of("1")
    assert (manifest.folder(SITE, "node") / manifest.NAME).read_bytes() == before
    assert manifest.find(SITE, "node", "qcow2", baked.key("node", "1")) is not None
    assert baked.bake("1").id == first.id


def test_a_disk_of_the_same_tree_stays_when_another_format_comes_back() -> None:
    baked.bake("1")
    baked.bake("2")
    baked.disk("node", "1", "raw")
    releases.take_back(taken("node", "1"))
    for fmt in ("qcow2", "raw"):
        assert manifest.find(SITE, "node", fmt, baked.key("node", "1", fmt)) is not None


def test_a_damaged_disk_is_not_taken_back() -> None:
    baked.bake("1")
    baked.bake("2")
    kept = taken("node", "1")
    path = kept.image.disk("qcow2")
    path.chmod(0o644)
    path.write_bytes(bytes(len(baked.content("node", "1"))))
    with pytest.raises(UserError, match=r"node/disk\.qcow2: not the bytes .*rm -r"):
        releases.take_back(kept)
    assert baked.in_place() == baked.all_of("2")


def test_a_disk_that_was_cut_is_built_and_not_taken() -> None:
    baked.bake("1")
    path = taken("node", "1").image.disk("qcow2")
    path.chmod(0o644)
    path.write_bytes(b"cut")
    assert releases.taken_from(SITE, "node", "qcow2", baked.key("node", "1")) is None


def test_a_release_that_another_checkout_signed_is_refused() -> None:
    made = baked.bake("1")
    (paths.SECRETS / "signing.key").unlink()
    with pytest.raises(UserError, match="its signature does not fit"):
        made.verify()


def test_a_release_is_found_by_the_beginning_of_its_id() -> None:
    with pytest.raises(UserError, match=r"no release yet.*\./inv bake --site lab"):
        releases.find(SITE, "a")
    made = baked.bake("1")
    assert releases.find(SITE, made.id[:5]) == made
    with pytest.raises(UserError, match=f"no release 'zzz'; valid: {made.id}"):
        releases.find(SITE, "zzz")


def test_what_a_killed_bake_left_of_a_release_counts_for_nothing() -> None:
    (model.folder(SITE) / ".0123456789ab.partial").mkdir(parents=True)
    (model.folder(SITE) / "0123456789ab").mkdir()
    assert releases.every(SITE) == ()
    assert baked.bake("1") == releases.every(SITE)[0]


def test_the_provenance_is_about_every_disk_and_names_what_went_in() -> None:
    made = baked.bake("1")
    statement = json.loads((made.folder / provenance.NAME).read_text())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    assert subjects["node/disk.qcow2"] == made.images["node"].files["disk.qcow2"][0]
    wanted = {f"{kind}/{name}" for kind, image in made.images.items() for name in image.files}
    assert set(subjects) == wanted
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {"site": SITE, "kinds": list(baked.KINDS)}
    named = [each.get("uri") or each["name"] for each in definition["resolvedDependencies"]]
    packages = "pkg:deb/snf-common@1"
    assert named == ["definitions", "layer master.site", "layer node.site", packages]


def test_a_bill_that_was_changed_is_not_signed() -> None:
    baked.bake("1")
    bill = manifest.folder(SITE, "node") / "sbom.cdx.json"
    bill.write_text("2")
    with pytest.raises(UserError, match=r"node/sbom\.cdx\.json: not the bytes"):
        releases.record(SITE, {kind: {"size": "2"} for kind in baked.KINDS})
