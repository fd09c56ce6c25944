"""What `inv render` does with a whole checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden.errors import UserError
from golden.render import render_all
from tests.unit.small_tree import SITE, SmallTree


@pytest.fixture
def two_sites(tree: SmallTree) -> SmallTree:
    text = (tree.root / SITE).read_text().replace("site: lab", "site: twin")
    tree.write("images/sites/twin.yaml", text)
    return tree


def written(tree: SmallTree) -> set[str]:
    """Everything below the folders that `inv render` writes to."""
    folders = [tree.root / "rendered", tree.root / "docs"]
    files: list[Path] = [file for folder in folders for file in folder.rglob("*")]
    return {str(file.relative_to(tree.root)) for file in files if file.is_file()}


def test_all_sites_and_the_schemas(
    two_sites: SmallTree, capsys: pytest.CaptureFixture[str]
) -> None:
    render_all(root=two_sites.root)
    paths = written(two_sites)
    *lines, total = capsys.readouterr().out.splitlines()
    assert set(lines) == paths
    assert total == f"{len(paths)} changed"
    assert {"rendered/lab/master/bake.json", "rendered/twin/member/files.tsv"} < paths
    assert "docs/schema/site.schema.json" in paths


def test_again_there_is_nothing_to_do(
    two_sites: SmallTree, capsys: pytest.CaptureFixture[str]
) -> None:
    render_all(root=two_sites.root)
    capsys.readouterr()
    render_all(root=two_sites.root)
    assert capsys.readouterr().out == "nothing to do\n"


def test_only_one_site(two_sites: SmallTree) -> None:
    render_all(["twin"], two_sites.root)
    assert {path.split("/")[1] for path in written(two_sites)} == {"twin"}


def test_a_former_site_goes(two_sites: SmallTree, capsys: pytest.CaptureFixture[str]) -> None:
    render_all(root=two_sites.root)
    (two_sites.root / "images/sites/twin.yaml").unlink()
    capsys.readouterr()
    render_all(root=two_sites.root)
    assert capsys.readouterr().out == "rendered/twin\n1 changed\n"
    assert not (two_sites.root / "rendered/twin").exists()


def test_a_problem_of_one_site_keeps_all_as_they_are(two_sites: SmallTree) -> None:
    two_sites.edit(SITE, "vlan: 1", "vlan: 0")
    with pytest.raises(UserError, match=r"lab\.yaml:8: bridges\[0\]\.vlan"):
        render_all(root=two_sites.root)
    assert written(two_sites) == set()


def test_a_site_like_another_is_checked_and_not_written(two_sites: SmallTree) -> None:
    two_sites.write("images/sites/twin.yaml", "site: twin\nlike: lab\n")
    render_all(root=two_sites.root)
    assert not (two_sites.root / "rendered/twin").exists()
    two_sites.edit("images/sites/twin.yaml", "like: lab", "like: lab\nbridges: 5")
    with pytest.raises(UserError, match=r"twin.yaml:3: bridges"):
        render_all(root=two_sites.root)
