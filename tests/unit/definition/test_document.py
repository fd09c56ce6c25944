from __future__ import annotations

from pathlib import Path

import pytest

from golden.definition.document import Document, read, shown
from golden.definition.problems import Problems


def parse(root: Path, text: str | bytes) -> tuple[Document, list[str]]:
    """`text` read as the file x.yaml, and the problems with it."""
    file, problems = root / "x.yaml", Problems(root)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    document = read(file, problems)
    return document, [str(problem) for problem in sorted(problems.found)]


def test_every_value_has_its_line(tmp_path: Path) -> None:
    document, problems = parse(tmp_path, "a: 1\nb:\n  - x\n  - {c: y,\n     d: z}\n")
    assert problems == []
    assert document.data == {"a": 1, "b": ["x", {"c": "y", "d": "z"}]}
    assert [document.line(keys) for keys in (("a",), ("b", 0), ("b", 1, "d"))] == [1, 3, 5]


def test_a_missing_value_has_the_line_of_what_lacks_it(tmp_path: Path) -> None:
    document, _ = parse(tmp_path, "a: 1\nb: {c: 1}\n")
    assert document.line(("b", "nothing", "here")) == 2


def test_raw_is_what_the_file_says(tmp_path: Path) -> None:
    document, _ = parse(tmp_path, "a: 0640\nb: [1]\n")
    assert document.data["a"] == 0o640
    assert (document.raw(("a",)), document.raw(("b",))) == ("0640", "")


def test_each_leaves_out_what_is_missing_or_reported(tmp_path: Path) -> None:
    document, _ = parse(tmp_path, "n: [{a: 1}, {b: 2}, {a: 3}, {a: 4}, text]\n")
    document.problem(("n", 2, "a"), "wrong")
    document.problem(("n", 3), "wrong")
    assert list(document.each("n", "*", "a")) == [(("n", 0, "a"), 1)]


def test_shown() -> None:
    assert shown(("nodes", 0, "mac")) == "nodes[0].mac"
    assert shown(()) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "x.yaml:1: the file must be a mapping of keys to values"),
        ("- a\n", "x.yaml:1: the file must be a mapping of keys to values"),
        ("a: 1\na: 2\n", "x.yaml:2: a: the key is given twice; the first is at line 1"),
        ("a:\n  b: 1\n  b: 2\n", "x.yaml:3: a.b: the key is given twice; the first is at line 2"),
        ("1: a\n", "x.yaml:1: the key '1' must be text: put it in quotes"),
        ("<<: {a: 1}\n", "x.yaml:1: the key '<<' must be text: put it in quotes"),
        ("? [a]\n: b\n", "x.yaml:1: a key must be text, not a list or a mapping"),
        ("a: !!python/name:os.system x\n", "x.yaml:1: a: 'x' cannot be read: put it in quotes"),
        ("a: 2001-99-99\n", "x.yaml:1: a: '2001-99-99' cannot be read: put it in quotes"),
        ("a: &a [1, *a]\n", "x.yaml:1: a[1]: this value contains itself"),
    ],
)
def test_syntax_is_reported_with_its_line(tmp_path: Path, text: str | bytes, problem: str) -> None:
    assert parse(tmp_path, text)[1] == [problem]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1\n", 3),
        ("a: 1\n--- {}\n", 2),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 1\nb: *gone\n", 2),
        (b"a: \xff\n", 1),
    ],
)
def test_what_is_no_yaml_is_told_in_the_words_of_the_parser(
    tmp_path: Path, text: str | bytes, line: int
) -> None:
    document, problems = parse(tmp_path, text)
    assert document.data == {}
    assert len(problems) == 1
    assert problems[0].startswith(f"x.yaml:{line}: not YAML: ")


def test_an_alias_is_read_like_what_it_repeats(tmp_path: Path) -> None:
    document, problems = parse(tmp_path, "a: &a {x: 1}\nb: *a\n")
    assert problems == []
    assert document.data["b"] == {"x": 1}
