"""A site of somebody else: other names of nodes, umlauts and quotes in every text."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from unittest import mock

import pytest

from golden import definition
from golden.check import synnefo
from golden.definition import Site
from golden.keys import secrets
from golden.paths import ROOT
from golden.render import render
from tests.unit.images import synnefo_files

SITE = """\
site: third
like: rehearsal
domain: cloud.test
cluster: {name: ganeti.cloud.test, address: 198.51.100.100}
nodes:
  - {name: alpha, kind: node1, address: 198.51.100.11, mac: "02:00:00:00:03:01"}
  - {name: beta, kind: node2, address: 198.51.100.12, mac: "02:00:00:00:03:02"}
  - {name: gamma, kind: ganeti-node, address: 198.51.100.13, mac: "02:00:00:00:03:03"}
variables:
  base_image_name: Tiny 'Zoë' image
  mail_admins: ["Zoë O'Neill <zoe.o'neill@cloud.test>"]
  mail_subject_prefix: "[Wolke \\\\ 'ä' 50%] "
  user_email: zoe.o'neill@cloud.test
  user_first_name: Zoë
  user_last_name: O'Neill
"""
PASSWORD = "pä ss'w\"ord"


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Path]:
    """The site, and the checkout that has it."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "images", root / "images", symlinks=True)
    (root / "scripts").symlink_to(ROOT / "scripts")
    (root / "images/sites/third.yaml").write_text(SITE)
    return definition.load("third", root), root


def test_its_files_hold_its_texts(third: tuple[Site, Path]) -> None:
    rendering = render(*third)
    with mock.patch.object(synnefo_files, "VALUES", dict.fromkeys(secrets.LENGTHS, PASSWORD)):
        one, two = (
            synnefo_files.settings(rendering.kinds[kind].files) for kind in ("node1", "node2")
        )
    for found in (one, two):
        assert found["ADMINS"] == (("Zoë O'Neill", "zoe.o'neill@cloud.test"),)
        assert found["EMAIL_SUBJECT_PREFIX"] == "[Wolke \\ 'ä' 50%] "
        assert found["DATABASES"]["default"]["PASSWORD"] == PASSWORD
    assert one["ASTAKOS_BASE_URL"] == "https://alpha.cloud.test/astakos"
    assert two["PITHOS_SERVICE_TOKEN"] == one["CYCLADES_SERVICE_TOKEN"] == PASSWORD


def test_its_seeds_keep_the_texts(third: tuple[Site, Path]) -> None:
    kinds = render(*third).kinds
    seeds = [b"".join(kind.records.values()).decode() for kind in kinds.values()]
    assert '"base_image_name": "Tiny \'Zoë\' image"' in seeds[0]
    assert "zoe.o'neill@cloud.test" in seeds[0]


def test_its_pages_are_searched_for_its_user(third: tuple[Site, Path]) -> None:
    site, _ = third
    profile = next(page for page in synnefo.pages(site) if page["label"] == "profile")
    assert re.search(profile["find"]["user"], "Logged in as zoe.o'neill@cloud.test")
    assert synnefo.image_name(site) == "Tiny 'Zoë' image"
