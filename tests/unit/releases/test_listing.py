"""What `inv releases` says."""

from __future__ import annotations

import json
import shutil

import pytest

from golden.errors import UserError
from golden.releases import listing, model, switch
from tests.unit.releases import baked
from tests.unit.releases.baked import SITE


def listed(capsys: pytest.CaptureFixture[str], **options: bool) -> str:
    listing.show(SITE, **options)
    return capsys.readouterr().out


def test_every_release_has_a_line_with_its_stage(capsys: pytest.CaptureFixture[str]) -> None:
    first = baked.bake("0.16.1")
    switch.promote(SITE)
    second = baked.bake("0.16.2")
    rows = {row.split()[0]: row for row in listed(capsys).splitlines() if row.strip()}
    assert "current" in rows[first.id] and "0.16.1" in rows[first.id]
    assert "candidate, in place" in rows[second.id] and "0.16.2" in rows[second.id]


def test_another_program_gets_every_sum(capsys: pytest.CaptureFixture[str]) -> None:
    made = baked.bake("1")
    (row,) = json.loads(listed(capsys, as_json=True))
    assert (row["id"], row["stage"], row["in_place"]) == (made.id, "candidate", True)
    disk = row["kinds"]["node"]["disk.qcow2"]
    assert disk["bytes"] == len(baked.content("node", "1"))
    assert disk["sha256"] == made.images["node"].files["disk.qcow2"][0]


def test_without_a_release_it_says_how_to_make_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "./inv bake --site lab" in listed(capsys)


def test_verifying_reads_every_byte(capsys: pytest.CaptureFixture[str]) -> None:
    baked.bake("1")
    second = baked.bake("2")
    assert "every file has the bytes" in listed(capsys, verify=True)
    path = second.images["master"].disk("qcow2")
    path.chmod(0o644)
    path.write_bytes(bytes(len(baked.content("master", "2"))))
    with pytest.raises(UserError, match=rf"{second.id}/master/disk\.qcow2: not the bytes"):
        listing.show(SITE, verify=True)
    assert "DAMAGED" in capsys.readouterr().out


def test_a_changed_record_is_found_too() -> None:
    made = baked.bake("1")
    record = made.folder / model.RECORD
    record.write_text(record.read_text().replace('"synnefo": "1"', '"synnefo": "2"'))
    with pytest.raises(UserError, match=r"release\.json: not the bytes"):
        listing.show(SITE, verify=True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "no record of a release"),
        ('{"release": 1}', "of format 1, and this version reads 2"),
        ("[]", "no record of a release"),
    ],
)
def test_a_broken_record_is_named_and_not_passed_over(content: str, why: str) -> None:
    made = baked.bake("1")
    (made.folder / model.RECORD).write_text(content)
    with pytest.raises(UserError, match=rf"{made.id}/release\.json: {why}.*rm -r"):
        listing.show(SITE)


def test_a_release_under_another_id_or_site_is_refused() -> None:
    made = baked.bake("1")
    other = made.folder.with_name("0" * 12)
    shutil.copytree(made.folder, other)
    with pytest.raises(UserError, match=f"0/release\\.json: the record of release {made.id}"):
        listing.show(SITE)
    elsewhere = model.folder("cloud") / made.id
    shutil.copytree(made.folder, elsewhere)
    with pytest.raises(UserError, match="of the site lab, not of cloud"):
        listing.show("cloud")
