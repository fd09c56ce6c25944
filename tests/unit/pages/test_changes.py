"""The page with what a bake changed, against the release before."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import html, paths
from golden.diff import text
from golden.layers.content import TREE
from golden.pages import changes
from tests.unit.releases import baked


@pytest.fixture
def bakes(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two releases of a site of two kinds; only the first kind's file differs."""
    for at, version in enumerate(("1", "2")):
        when = f"2026-01-01T00:00:0{at}Z"
        monkeypatch.setattr("golden.manifest.time.strftime", lambda *_, when=when: when)
        for kind in baked.KINDS:
            file = paths.CACHE / "layers" / f"{kind}-{version}" / TREE / "etc" / "motd"
            file.parent.mkdir(parents=True)
            file.write_text(f"<b>{version if kind == 'master' else ''}\n")
        baked.bake(version)


def test_each_kind_is_compared_with_the_release_before(bakes: None) -> None:
    found = changes.of(baked.SITE)
    assert found.before != found.after and found.lost == ()
    assert [file["path"] for file in found.documents["master"]["files"]] == ["/etc/motd"]
    assert found.documents["node"]["files"] == []


def test_what_left_the_cache_is_said(bakes: None) -> None:
    (paths.CACHE / "layers" / "node-1" / TREE).rename(paths.CACHE / "elsewhere")
    found = changes.of(baked.SITE)
    assert list(found.documents) == ["master"]
    assert "node.site are no longer in the cache" in found.lost[0]


def test_a_first_release_has_none_before(own_home: Path) -> None:
    baked.bake("1")
    assert changes.of(baked.SITE) == changes.Changes()


def test_a_line_is_no_markup(bakes: None) -> None:
    document = changes.of(baked.SITE).documents["master"]
    assert "+&lt;b&gt;2" in text.page(document)
    assert html.environment().get_template("colors.j2").render().startswith(":root")
