"""What `inv boot` says of images that the definitions have moved away from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from golden import manifest
from golden.bake import current
from golden.definition import Site
from golden.errors import UserError
from golden.render import RenderedFile, RenderedKind, Rendering
from tests.unit.recipe.test_recipe import recipes, site, with_packages

__all__ = ["site"]  # a fixture


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the definitions render to, for every kind; tests edit it."""
    found = {"/etc/web": b"x"}

    def render(site: Site) -> Rendering:
        made = {path: RenderedFile(text, Path("x")) for path, text in found.items()}
        return Rendering(site, {kind.name: RenderedKind(kind, made, {}, {}) for kind in site.kinds})

    monkeypatch.setattr(current, "render", render)
    return found


@pytest.fixture
def baked(site: Site, files: dict[str, bytes], home: Path) -> Site:
    """The site, as if its images had been baked of these definitions."""
    made = recipes(site, files=files)
    for kind in site.kinds:
        stack = made.stack(kind.name)
        layers = [{"name": each.name, "inputs": each.layer.inputs} for each in stack]
        packages = {each.name: each.version for each in stack[0].all_packages()}
        facts = {"tree": "t", "layers": layers, "packages": packages}
        manifest.write(site.name, kind.name, "tree", {}, facts)
    return site


def test_images_of_todays_definitions_boot(baked: Site) -> None:
    current.require_current(baked)


def test_what_was_never_baked_is_for_the_boot_to_say(
    site: Site, files: dict[str, bytes], home: Path
) -> None:
    current.require_current(site)


def test_an_edit_is_one_sentence_with_both_ways_on(baked: Site, files: dict[str, bytes]) -> None:
    files["/etc/dnsmasq.conf"] = b"listen-address=198.51.100.9\n"
    with pytest.raises(UserError) as caught:
        current.require_current(baked)
    said = str(caught.value)
    assert "master.site (file /etc/dnsmasq.conf is new)" in said
    assert "./inv bake --site small" in said and "--as-baked" in said
    assert "\n" not in said


def test_only_the_nodes_that_boot_are_asked(
    baked: Site, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    files["/etc/web"] = b"y"
    with pytest.raises(UserError) as caught:
        current.require_current(baked, ["n2"])
    assert "member.site" in str(caught.value) and "master" not in str(caught.value)


def test_a_package_that_a_role_asks_for_now_is_named(baked: Site) -> None:
    kinds = (with_packages(baked.kinds[0], "udev", "web", "dns", "new"), baked.kinds[1])
    with pytest.raises(UserError, match=r"master \(without new\)"):
        current.require_current(replace(baked, kinds=kinds))


def test_a_script_of_any_layer_counts(baked: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(names: object) -> dict[str, str]:
        return {str(name): "0" * 64 for name in names}  # type: ignore[attr-defined]

    monkeypatch.setattr(current, "script_hashes", other)
    with pytest.raises(UserError, match=r"kernel \(script begin\.sh changed"):
        current.require_current(baked)
