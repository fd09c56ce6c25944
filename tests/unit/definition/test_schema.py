from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from golden.definition import schema
from golden.definition.construct import construct
from golden.definition.files import KindFile, ReleaseFile, RoleFile, SiteFile
from golden.paths import ROOT
from tests.unit.small_tree import BASE, FILES, MASTER, RELEASE, SITE

EXPORTED = ROOT / "docs" / "schema"
EXAMPLES = {RELEASE: ReleaseFile, SITE: SiteFile, MASTER: KindFile, BASE: RoleFile}


@pytest.mark.parametrize("family", schema.FAMILIES)
def test_exported_schemas_are_current(family: str) -> None:
    """Mended by: inv render."""
    assert (EXPORTED / f"{family}.schema.json").read_text() == schema.texts()[family]


def test_export_writes_each_family(tmp_path: Path) -> None:
    written = schema.export(tmp_path / "schema")
    assert {path.name: path.read_text() for path in written} == {
        f"{family}.schema.json": text for family, text in schema.texts().items()
    }
    assert schema.export(tmp_path / "schema") == []


@pytest.mark.parametrize("family", schema.FAMILIES)
def test_schemas_are_valid(family: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema.file_schema(schema.FAMILIES[family]))


@pytest.mark.parametrize(("file", "model"), EXAMPLES.items())
def test_an_editor_accepts_what_we_accept(file: str, model: type) -> None:
    """The exported form, read by a plain validator that does not know our keywords."""
    jsonschema.validate(yaml.safe_load(FILES[file]), schema.file_schema(model))


def test_required_keys_are_the_fields_without_default() -> None:
    assert schema.file_schema(KindFile)["required"] == [
        "kind",
        "summary",
        "roles",
        "image",
        "memory",
        "data_disk",
        "first_boot",
    ]
    assert schema.file_schema(RoleFile)["required"] == ["role", "summary"]


def nested(part: Any) -> list[dict[str, Any]]:
    """Every mapping inside a schema."""
    if isinstance(part, list):
        return [found for item in part for found in nested(item)]
    if isinstance(part, dict):
        return [part] + [found for item in part.values() for found in nested(item)]
    return []


@pytest.mark.parametrize("family", schema.FAMILIES)
def test_no_object_takes_unknown_keys(family: str) -> None:
    objects = [
        part
        for part in nested(schema.file_schema(schema.FAMILIES[family]))
        if part.get("type") == "object"
    ]
    assert objects
    assert all(part["additionalProperties"] is False or "propertyNames" in part for part in objects)


def test_a_type_without_a_schema_is_a_bug() -> None:
    @dataclasses.dataclass
    class Odd:
        value: complex

    with pytest.raises(TypeError, match="no JSON schema for"):
        schema.file_schema(Odd)


def test_construct_makes_tuples_and_nested_models() -> None:
    site = construct(SiteFile, yaml.safe_load(FILES[SITE]))
    assert [node.name for node in site.nodes] == ["n1", "n2"]
    assert site.network.gateway == "198.51.100.254"
    assert site.bridges[1].vlan is None
    assert site.variables == {"admin": "root@lab.example", "workers": 4}
    release = construct(ReleaseFile, yaml.safe_load(FILES[RELEASE]))
    assert release.facts["ciphers"] == ("aes", "chacha")
    assert release.sources[0].components == ("main", "contrib")
