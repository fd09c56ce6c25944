"""What daemons have in effect, by their own word: settings, accounts and permissions."""

from __future__ import annotations

from typing import Any

import pytest

from golden.check.facts import Facts
from golden.check.questions import BROKER_USER, DATABASE_USER, DATABASES
from golden.definition import Node
from tests.checks.subjects import each_node

# What loses data when it is off, or fills the disk.
DURABLE = ["autovacuum", "fsync", "full_page_writes", "synchronous_commit"]
VNC_USER = "synnefo"  # G234
ALL = ".*"


def said(facts: Facts, role: str) -> Any:
    """What the daemon of `role` said; fails with its error."""
    answer = facts.effective[role]
    assert not (isinstance(answer, dict) and "error" in answer), answer
    return answer


@each_node(role="postgresql")
def test_database_has_only_the_settings_of_its_files(facts: Facts, node: Node) -> None:
    assert said(facts, "postgresql")["set"] == []


@each_node(role="postgresql")
def test_database_keeps_what_it_is_given(facts: Facts, node: Node) -> None:
    assert said(facts, "postgresql")["on"] == DURABLE


@each_node(role="postgresql")
def test_database_has_read_its_files(facts: Facts, node: Node) -> None:
    assert said(facts, "postgresql")["unread"] == [], "run: /etc/init.d/postgresql reload"


@pytest.mark.guide("G012")
@each_node(role="postgresql")
def test_database_has_no_other_account(facts: Facts, node: Node) -> None:
    answer = said(facts, "postgresql")
    assert answer["role"] == sorted(["postgres", DATABASE_USER])
    assert answer["superuser"] == ["postgres"]


@pytest.mark.guide("G011", "G014")
@each_node(role="postgresql")
def test_there_is_no_other_database(facts: Facts, node: Node) -> None:
    assert said(facts, "postgresql")["database"] == sorted(["postgres", *DATABASES])


@pytest.mark.guide("G037")
@each_node(role="rabbitmq")
def test_broker_has_one_account(facts: Facts, node: Node) -> None:
    assert said(facts, "rabbitmq")["users"] == {BROKER_USER: "administrator"}


@pytest.mark.guide("G038")
@each_node(role="rabbitmq")
def test_broker_permits_all_to_that_account(facts: Facts, node: Node) -> None:
    answer = said(facts, "rabbitmq")
    assert answer["permissions"] == [[BROKER_USER, ALL, ALL, ALL]]
    assert answer["policies"] == [], "a policy may drop or expire messages"


@pytest.mark.guide("G234")
@each_node(role="vncauthproxy")
def test_vnc_proxy_knows_one_user(facts: Facts, node: Node) -> None:
    assert said(facts, "vncauthproxy") == [VNC_USER]


@each_node(role="apache")
def test_apache_could_start_again(facts: Facts, node: Node) -> None:
    assert said(facts, "apache") == ""
