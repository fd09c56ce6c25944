"""The bill of materials is the package database, and the package database is what was planned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from golden.bake import sbom
from golden.errors import StageError
from golden.layers import Stored

ROWS = {"web": ("1:2.0-1+b1", "install ok installed"), "gone": ("3", "deinstall ok config-files")}
STANDIN = {"snf-common": ("0.16.2+standin", "install ok installed")}
PLANNED = {"web": "1:2.0-1+b1", "snf-common": "0.16.2+standin"}


def layer(folder: Path, rows: dict[str, tuple[str, str]], epoch: int) -> Stored:
    database = folder / "tree" / sbom.DATABASE[1:]
    database.parent.mkdir(parents=True)
    database.write_text(
        "\n".join(
            f"Package: {name}\nStatus: {status}\nArchitecture: amd64\nVersion: {version}\n"
            f"Description: what {name} is\n and more\n"
            for name, (version, status) in rows.items()
        )
    )
    return Stored(folder, {"epoch": epoch, "content": folder.name, "seconds": 1})


@pytest.fixture
def layers(tmp_path: Path) -> list[Stored]:
    """Two, top first: the database of the upper one counts."""
    return [layer(tmp_path / "top", ROWS | STANDIN, 2000), layer(tmp_path / "low", {}, 1000)]


def bill(layers: list[Stored], planned: dict[str, str] = PLANNED) -> dict[str, Any]:
    image = sbom.image("lab", "master", "bookworm")
    found: dict[str, Any] = json.loads(
        sbom.text(image, layers, planned, {"snf-common": "stand-in"})
    )
    return found


def test_the_bill_is_the_package_database(layers: list[Stored]) -> None:
    found = bill(layers)
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert {each["name"]: each["version"] for each in found["components"]} == PLANNED
    assert found["metadata"]["component"]["name"] == "lab/master"
    by_name = {each["name"]: each for each in found["components"]}
    assert by_name["web"]["purl"] == "pkg:deb/debian/web@1:2.0-1%2Bb1?arch=amd64"
    assert by_name["snf-common"]["properties"] == [{"name": "golden:origin", "value": "stand-in"}]


def test_equal_trees_give_equal_bills(layers: list[Stored]) -> None:
    assert bill(layers) == bill(layers)
    assert "1970-01-01T00:33:20" in bill(layers)["metadata"]["timestamp"]


@pytest.mark.parametrize(
    ("planned", "named"),
    [
        ({**PLANNED, "web": "9"}, "web 1:2.0-1+b1, not 9"),
        ({**PLANNED, "more": "1"}, "more None, not 1"),
        ({"web": PLANNED["web"]}, "snf-common 0.16.2+standin, not None"),
    ],
)
def test_a_database_with_anything_else_fails_the_bake(
    layers: list[Stored], planned: dict[str, str], named: str
) -> None:
    with pytest.raises(StageError) as caught:
        bill(layers, planned)
    assert named in str(caught.value)
