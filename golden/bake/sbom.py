"""The bill of materials of an image: CycloneDX 1.6, from the package database in its tree."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from debian.deb822 import Packages
from packageurl import PackageURL

from golden.errors import StageError
from golden.layers import Stored
from golden.layers.overlay import Stack

DATABASE = "/var/lib/dpkg/status"


def text(
    image: Component,
    layers: Iterable[Stored],
    planned: Mapping[str, str],
    origins: Mapping[str, str],
) -> str:
    """The bill of `image`, whose tree is made of `layers`, top first.

    `planned` maps the packages that the bake installed to their versions, `origins` those that are
    not the release's own to where they come from. Equal trees give equal texts. Raises StageError
    when the package database holds anything else than what was planned.
    """
    found = list(layers)
    installed = _installed(Stack([layer.tree for layer in found]))
    _must_agree({each["Package"]: each["Version"] for each in installed}, planned)
    newest = datetime.fromtimestamp(max(layer.epoch for layer in found), UTC)
    components = [_component(each, origins.get(each["Package"], "")) for each in installed]
    bill = Bom(
        components=components,
        metadata=BomMetaData(component=image, timestamp=newest),
        serial_number=uuid.uuid5(uuid.NAMESPACE_OID, " ".join(layer.content for layer in found)),
    )
    bill.register_dependency(image, components)
    return str(JsonV1Dot6(bill).output_as_string(indent=1)) + "\n"


def image(site: str, kind: str, release: str) -> Component:
    """What the bill is of."""
    name = f"{site}/{kind}"
    return Component(type=ComponentType.OPERATING_SYSTEM, name=name, version=release, bom_ref=name)


def _installed(tree: Stack) -> list[Packages]:
    rows = Packages.iter_paragraphs(tree.read(DATABASE), use_apt_pkg=False)
    return [row for row in rows if row["Status"].endswith(" installed")]


def _must_agree(installed: Mapping[str, str], planned: Mapping[str, str]) -> None:
    differ = sorted(dict(installed.items() ^ planned.items()))
    if differ:
        shown = (f"{name} {installed.get(name)}, not {planned.get(name)}" for name in differ[:5])
        raise StageError(
            "bake",
            f"the package database of the image has {'; '.join(shown)} ({len(differ)} in all)",
        )


def _component(row: Packages, origin: str) -> Component:
    name, version = row["Package"], row["Version"]
    where = {"arch": row["Architecture"]}
    url = PackageURL("deb", "" if origin else "debian", name, version, where)
    properties = [Property(name="golden:origin", value=origin)] if origin else []
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=url,
        bom_ref=str(url),
        description=row.get("Description", "").partition("\n")[0] or None,
        properties=properties,
    )
