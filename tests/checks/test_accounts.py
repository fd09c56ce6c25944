"""System users and groups have the same ids everywhere: NFS hands out numbers, not names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from golden.check.facts import Facts
from golden.definition import Node, User
from tests.checks.subjects import each, each_node


def users(node: Node) -> list[User]:
    return [user for role in node.kind.roles for user in role.users]


@pytest.mark.guide("G043")
@each("user", users)
def test_user_has_its_ids(facts: Facts, node: Node, user: User) -> None:
    accounts = facts.system["accounts"]
    assert accounts["users"].get(user.name) == [user.uid, user.gid]
    assert accounts["groups"].get(user.group) == user.gid


@pytest.mark.guide("G043")
@each("user", users)
def test_id_belongs_to_that_user_alone(facts: Facts, node: Node, user: User) -> None:
    accounts = facts.system["accounts"]
    everybody, groups = accounts["users"].items(), accounts["groups"].items()
    assert [name for name, ids in everybody if ids[0] == user.uid] == [user.name]
    assert [name for name, gid in groups if gid == user.gid] == [user.group]


@each_node()
def test_nobody_has_an_empty_password(facts: Facts, node: Node) -> None:
    passwords = facts.system["accounts"]["passwords"]
    assert [name for name, state in passwords.items() if state == "empty"] == []


@each_node()
def test_root_logs_in_with_a_key_only(facts: Facts, node: Node) -> None:
    assert facts.system["accounts"]["passwords"]["root"] == "locked"


@each_node()
def test_nobody_sees_the_processes_of_others(facts: Facts, node: Node) -> None:
    # Commands of Synnefo have passwords among their words.
    assert facts.system["seen_by_nobody"] == 0, "/proc is not mounted with hidepid=2"


@each_node()
def test_accounts_were_all_read(facts_of: Callable[[Node], Facts], node: Node) -> None:
    accounts = facts_of(node).system["accounts"]
    assert set(accounts["passwords"]) == set(accounts["users"])
