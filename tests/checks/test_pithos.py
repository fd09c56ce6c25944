"""Pithos: its page, its quota, and an object from upload to removal."""

from __future__ import annotations

import secrets

import pytest

from golden.check import synnefo
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.answers import said, told
from tests.checks.subjects import SITE, brings, each_node
from tests.checks.tenant import Tenant


@brings("snf-pithos-webclient")
@pytest.mark.guide("G147")
@each_node(where="pithos")
def test_page_is_shown_to_who_is_logged_in(facts: Facts, node: Node) -> None:
    # The guide's https://node2…/ui is a slip: the registered page is below /pithos (its bug, G147).
    page = facts.page("pithos")
    assert page.status == 200, f"login: {told(facts.page('login'))}; page: {told(page)}"
    assert page.url == synnefo.url(SITE, "pithos", "/ui/")
    assert page.found["cloudbar"], f"the page does not name {synnefo.cloudbar(SITE)}"


@each_node(role="pithos")
def test_quota_are_in_sync(facts: Facts, node: Node) -> None:
    assert "Everything in sync." in said(facts, "reconcile-resources-pithos")


@pytest.mark.destructive
@pytest.mark.guide("G148", "G152")
@each_node(role="kamaki")
def test_file_is_uploaded_downloaded_and_deleted(node: Node, tenant: Tenant) -> None:
    text = secrets.token_hex(4000)
    found = tenant.ask("object", name=f"check-{secrets.token_hex(4)}", text=text)
    assert found == {"put": 201, "get": 200, "same": True, "delete": 204, "gone": 404}
