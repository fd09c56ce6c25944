"""kamaki: its configuration is the cloud's, and shows the image that first boot registered."""

from __future__ import annotations

import re

import pytest

from golden.check import synnefo
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.answers import decoded, row, said
from tests.checks.subjects import SITE, each_node

IMAGE = pytest.mark.skipif(not synnefo.image_file(SITE), reason="the site names no base_image")


@pytest.mark.guide("G275")
@each_node(role="kamaki")
def test_configuration_names_the_cloud_and_a_token(facts: Facts, node: Node) -> None:
    said_ = said(facts, "kamaki config")
    assert synnefo.url(SITE, "astakos", "/identity/v2.0") in said_
    assert re.search(r"\btoken\b\s*[=:]\s*\S", said_), "no token is configured"


@pytest.mark.guide("G276")
@each_node(role="kamaki")
def test_token_lets_the_first_user_in(facts: Facts, node: Node) -> None:
    said_ = said(facts, "kamaki authenticate")
    user = row(facts, "user-list", "displayname", synnefo.user(SITE))
    assert user["uuid"] in said_, f"not the uuid of {synnefo.user(SITE)}: {said_.strip()[-400:]}"


@IMAGE
@pytest.mark.guide("G278")
@each_node(role="kamaki")
def test_container_of_images_is_there(facts: Facts, node: Node) -> None:
    assert re.search(rf"\b{synnefo.IMAGE_FOLDER}\b", said(facts, "kamaki containers"))


@IMAGE
@pytest.mark.guide("G280")
@each_node(role="kamaki")
def test_image_s_file_is_uploaded(facts: Facts, node: Node) -> None:
    files = decoded(said(facts, "kamaki files"))
    pattern = rf"(^|[\s/]){re.escape(synnefo.image_file(SITE))}(\s|$)"
    assert re.search(pattern, files), f"no {synnefo.image_file(SITE)}: {files.strip()[-400:]}"


@IMAGE
@pytest.mark.guide("G270")
@each_node(role="kamaki")
def test_image_is_registered(facts: Facts, node: Node) -> None:
    # The guide finds an empty list before this; on a node that is ready it has the site's image.
    images = decoded(said(facts, "kamaki images"))
    assert synnefo.image_name(SITE) in images, images.strip()[-400:] or "no image is registered"
