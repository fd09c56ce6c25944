"""Admin: nobody without the group gets in, and who has it sees the users."""

from __future__ import annotations

import pytest

from golden.check import synnefo
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.answers import told
from tests.checks.subjects import SITE, each_node


@pytest.mark.guide("G291")
@each_node(where="admin")
def test_visitor_is_refused(facts: Facts, node: Node) -> None:
    page = facts.page("admin, anonymous")
    assert page.status == 403, told(page)
    assert page.url == synnefo.url(SITE, "admin", "/"), "only the missing slash is added"


@pytest.mark.guide("G290", "G291")
@each_node(where="admin")
def test_administrator_sees_the_users(facts: Facts, node: Node) -> None:
    page = facts.page("admin")
    assert page.status == 200, f"login: {told(facts.page('login'))}; page: {told(page)}"
    # The page comes empty; its table asks for the rows.
    users = facts.page("admin users")
    assert users.status == 200, told(users)
    assert users.found["user"], f"no row of {synnefo.user(SITE)} at {users.url}"
