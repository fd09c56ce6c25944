"""A plan says in words why a layer is stale."""

from __future__ import annotations

import pytest

from golden.layers.reasons import Side, Text, reasons, shortened

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
            [*(f"file /etc/{n}: 0644 → 0600" for n in range(3)), "and 6 more files"],
        ),
        (OLD, ["its tree is no longer in the cache"]),
    ],
)
def test_what_changed_is_said(new: dict[str, dict[str, str]], words: list[str]) -> None:
    assert shortened(reasons(Side(OLD), Side(new))) == words


def test_a_layer_that_never_was_and_one_on_a_changed_parent() -> None:
    assert reasons(None, Side(OLD)) == ["never baked here"]
    assert reasons(Side(OLD), Side(OLD), "base") == ["layer base below it changes"]


def test_the_order_of_packages_is_a_reason_only_by_itself() -> None:
    old = {"packages": {"web": "1"}, "order": {"packages": "ab"}}
    other = {"packages": "cd"}
    assert reasons(Side(old), Side({**old, "order": other})) == ["the order of packages: ab → cd"]
    newer = Side({"packages": {"web": "2"}, "order": other})
    assert reasons(Side(old), newer) == ["package web: 1 → 2"]


def test_only_a_shortened_list_counts_what_it_leaves_out() -> None:
    new = with_section("files", {f"/etc/{n}": "0600 root:root sha256:x" for n in range(9)})
    assert reasons(Side(OLD), Side(new)) == [f"file /etc/{n}: 0644 → 0600" for n in range(9)]


def of_file(content: str, written: str, sha: str, source: str = "images/web.j2") -> Side:
    inputs = {"files": {"/etc/web": f"0644 root:root sha256:{sha}"}}
    return Side(inputs, {"files": {"/etc/web": Text(content, source, written)}})


@pytest.mark.parametrize(
    ("new", "words"),
    [
        # The template was edited: its line, for that is what a person opens.
        (of_file("# x\na\nc\n", "a\n{{ c }}\n", "2"), "file images/web.j2 line 2 changed"),
        # Its variables were: the line of the file in the image.
        (
            of_file("# x\na\nc\n", "a\n{{ b }}\n", "2"),
            "file /etc/web line 3 changed (rendered from images/web.j2)",
        ),
        (of_file("# x\na\n", "a\n", "2"), "file images/web.j2 line 2 changed"),
        # Another source: no line of it was there before.
        (
            of_file("# x\nz\nb\n", "z\n", "2", "images/other.j2"),
            "file /etc/web line 2 changed (rendered from images/other.j2)",
        ),
    ],
)
def test_the_line_that_changed_is_named(new: Side, words: str) -> None:
    assert reasons(of_file("# x\na\nb\n", "a\n{{ b }}\n", "1"), new) == [words]


def test_a_script_is_named_by_itself_with_its_line() -> None:
    old = Side({"scripts": {"web.sh": "c" * 64}}, {"scripts": {"web.sh": Text("a\nb\n")}})
    new = Side({"scripts": {"web.sh": "d" * 64}}, {"scripts": {"web.sh": Text("a\nb\nc\n")}})
    assert reasons(old, new) == ["script web.sh line 3 changed"]
