"""A plan says in words why a layer is stale."""

from __future__ import annotations

import pytest

from golden.layers.reasons import reasons

OLD = {
    "packages": {"web": "1.0 all sha256:aa", "old": "1 all sha256:bb"},
    "scripts": {"web.sh": "c" * 64},
    "files": {f"/etc/{n}": "0644 root:root sha256:x" for n in range(9)},
    "tools": {"dpkg": "1.21.1"},
}


def with_section(section: str, entries: dict[str, str]) -> dict[str, dict[str, str]]:
    return {**OLD, section: entries}


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (
            with_section("packages", {"web": "1.1 all sha256:ad", "old": "1 all sha256:bb"}),
            ["package web: 1.0 → 1.1"],
        ),
        (
            with_section("packages", {"web": "1.0 all sha256:ad", "new": "2 all sha256:ee"}),
            ["package new is new", "package old is gone", "package web changed"],
        ),
        (with_section("scripts", {"web.sh": "d" * 64}), ["script web.sh changed"]),
        (with_section("tools", {"dpkg": "1.22"}), ["dpkg: 1.21.1 → 1.22"]),
        (
            with_section("files", {f"/etc/{n}": "0600 root:root sha256:x" for n in range(9)}),
            [*(f"file /etc/{n}: 0644 → 0600" for n in range(3)), "and 6 more files changed"],
        ),
        (OLD, ["its tree is no longer in the cache"]),
    ],
)
def test_what_changed_is_said(new: dict[str, dict[str, str]], words: list[str]) -> None:
    assert reasons(OLD, new) == words


def test_a_layer_that_never_was_and_one_on_a_changed_parent() -> None:
    assert reasons(None, OLD) == ["never baked here"]
    assert reasons(OLD, OLD, "base") == ["layer base below it changes"]


def test_the_order_of_packages_is_a_reason_only_by_itself() -> None:
    old = {"packages": {"web": "1"}, "order": {"packages": "ab"}}
    other = {"packages": "cd"}
    assert reasons(old, {**old, "order": other}) == ["the order of packages: ab → cd"]
    assert reasons(old, {"packages": {"web": "2"}, "order": other}) == ["package web: 1 → 2"]
