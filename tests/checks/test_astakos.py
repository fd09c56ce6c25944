"""Astakos: its pages, the first user, the components with their tokens, resources and quota."""

from __future__ import annotations

import re

import pytest

from golden.check import synnefo
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.answers import row, rows, said, told
from tests.checks.subjects import SITE, each, each_node

IN_SYNC = "Everything in sync."
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@pytest.mark.guide("G124")
@each_node(where="astakos")
def test_plain_address_leads_to_the_login_page(facts: Facts, node: Node) -> None:
    page = facts.page("astakos")
    assert page.status == 200, told(page)
    assert page.url.startswith(synnefo.url(SITE, "astakos", "/ui/")), told(page)
    assert page.found["password field"], f"no field for a password: {told(page)}"


@each_node(where="astakos")
def test_cloudbar_is_served(facts: Facts, node: Node) -> None:
    assert facts.page("cloudbar").status == 200, told(facts.page("cloudbar"))


def components(_: Node) -> list[str]:
    return [name for name in synnefo.COMPONENTS if synnefo.has(SITE, name)]


@each("component", components)
def test_catalogue_has_the_services_of(facts: Facts, node: Node, component: str) -> None:
    page = facts.page("catalogue")
    assert page.status == 200, told(page)
    assert page.found[component], f"no service below {synnefo.url(SITE, component, '/')}"


@pytest.mark.guide("G128", "G152", "G290")
@each_node(where="astakos")
def test_first_user_logs_in_and_sees_the_profile(facts: Facts, node: Node) -> None:
    assert facts.page("login").error == "", f"login: {told(facts.page('login'))}"
    page = facts.page("profile")
    assert page.status == 200, f"login: {told(facts.page('login'))}; profile: {told(page)}"
    assert page.found["user"], f"the profile at {page.url} does not name {synnefo.user(SITE)}"


@pytest.mark.guide("G111", "G112", "G113")
@each("component", components, role="astakos")
def test_component_has_its_addresses(facts: Facts, node: Node, component: str) -> None:
    found = row(facts, "component-list", "name", component)
    wanted = synnefo.url(SITE, component), synnefo.url(SITE, component, "/ui/")
    assert (found["base_url"], found["ui_url"]) == wanted


@each("component", lambda _: ("cyclades", "pithos"), role="astakos")
def test_component_has_the_site_s_token(facts: Facts, node: Node, component: str) -> None:
    found = row(facts, "component-list", "name", component)["token"]
    assert found == "right", f"the token of {component} is not the secret {component}_token"


@pytest.mark.guide("G108", "G121")
@each_node(role="astakos")
def test_view_of_pithos_may_ask_for_users(facts: Facts, node: Node) -> None:
    client = row(facts, "oauth2-client-list", "identifier", "pithos-view")
    assert synnefo.url(SITE, "pithos", "/ui/view") in client["redirect_urls"]


def number(limit: str) -> int:
    found = re.fullmatch(r"(\d+)([KMGT]?)", limit)
    return int(found[1]) * UNITS[found[2]] if found else 2**63 - 1


@pytest.mark.guide("G119")
@each("quota", lambda _: SITE.variables.get("quota_defaults", ()), role="astakos")
def test_resource_has_the_site_s_default(facts: Facts, node: Node, quota: str) -> None:
    name, _, limit = quota.partition("=")
    found = row(facts, "resource-list", "name", name)["system_default"]
    assert number(found) == number(limit), f"{name} is limited to {found}, not to {limit}"


@pytest.mark.guide("G104", "G106", "G126", "G187")
@each_node(role="astakos")
def test_first_user_is_active(facts: Facts, node: Node) -> None:
    # The guide looks before it accepts the user (False); first boot has done both.
    assert row(facts, "user-list", "displayname", synnefo.user(SITE))["active"] == "True"


@pytest.mark.guide("G188")
@each_node(role="astakos")
def test_first_user_is_shown_with_the_listed_uuid(facts: Facts, node: Node) -> None:
    said(facts, "user-show")
    listed = row(facts, "user-list", "displayname", synnefo.user(SITE))
    shown = facts.said("user-show").fields()
    assert (shown.get("uuid"), shown.get("id")) == (listed["uuid"], listed["id"])


@pytest.mark.guide("G105")
@each_node(role="astakos")
def test_nobody_is_a_superuser_of_django(facts: Facts, node: Node) -> None:
    users = rows(facts, "user-list")
    assert [one["displayname"] for one in users if one["admin"] != "False"] == []


@pytest.mark.guide("G109", "G289")
@each_node(role="admin")
def test_first_user_is_an_administrator(facts: Facts, node: Node) -> None:
    # Names in one text, so taken apart: "admin-readonly" is another group.
    groups = row(facts, "user-list", "displayname", synnefo.user(SITE))["groups"]
    assert "admin" in re.findall(r"[\w-]+", groups), f"groups: {groups}"


@pytest.mark.guide("G107")
@pytest.mark.parametrize("command", ["quota-verify", "reconcile-resources-astakos"])
@each_node(role="astakos")
def test_quota_are_in_sync(facts: Facts, node: Node, command: str) -> None:
    assert IN_SYNC in said(facts, command)
