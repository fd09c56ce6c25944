from __future__ import annotations

from pathlib import Path

import pytest

from golden.definition.problems import Problems, nearest
from golden.errors import UserError


def test_a_problem_is_named_relative_to_the_checkout(tmp_path: Path) -> None:
    problems = Problems(tmp_path)
    problems.add(tmp_path / "images" / "x.yaml", 3, "a.b", "is wrong")
    problems.add(tmp_path / "images" / "x.yaml", 2, "", "is odd")
    problems.add(tmp_path / "images" / "x.yaml", 2, "", "is odd")
    with pytest.raises(UserError) as caught:
        problems.raise_any()
    assert str(caught.value) == "images/x.yaml:2: is odd\nimages/x.yaml:3: a.b: is wrong"


def test_no_problem_raises_nothing(tmp_path: Path) -> None:
    Problems(tmp_path).raise_any()


@pytest.mark.parametrize(
    ("name", "valid", "hint"),
    [
        ("wbe", {"web", "dns"}, "did you mean 'web'?"),
        ("xyz", {"web", "dns"}, "valid: dns, web"),
        ("xyz", set(), "there are none"),
        (
            "xyz",
            {f"G{number:03}" for number in range(1, 292)},
            "there are 291, from 'G001' to 'G291'",
        ),
    ],
)
def test_nearest(name: str, valid: set[str], hint: str) -> None:
    assert nearest(name, valid) == hint
