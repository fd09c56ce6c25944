from __future__ import annotations

from collections import Counter

import pytest

from golden import guide
from golden.errors import UserError
from golden.guide import Home
from tests.unit.small_tree import WEB, SmallTree

STEP = "scripts/firstboot/steps/hostname.py"
CHECK = "tests/checks/test_web.py"


def homes(tree: SmallTree, id: str) -> tuple[Home, ...]:
    return next(each.homes for each in guide.covered(tree.root) if each.action.id == id)


def test_the_guide_has_291_actions() -> None:
    actions = guide.actions()
    assert [action.id for action in actions] == [f"G{number:03}" for number in range(1, 292)]
    assert Counter(action.phase for action in actions) == {
        "bake": 125,
        "firstboot": 109,
        "check": 57,
    }


def test_a_role_is_a_home(tree: SmallTree) -> None:
    assert homes(tree, "G019") == (Home("G019", "role", "web", WEB, 12),)


def test_a_step_and_a_role_may_share_an_action(tree: SmallTree) -> None:
    assert [(home.part, home.file, home.line) for home in homes(tree, "G001")] == [
        ("role", "images/roles/base/role.yaml", 13),
        ("step", STEP, 1),
    ]


def test_the_line_of_a_step_is_that_of_the_id(tree: SmallTree) -> None:
    tree.write(STEP, 'NAME = "x"\n\nGUIDE = (\n    "G002",\n    "G003",\n)\n')
    assert [home.line for home in homes(tree, "G003")] == [5]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('pytestmark = pytest.mark.guide("G067")\n', "test_web"),
        ('@pytest.mark.guide("G066", "G067")\ndef test_x(): pass\n', "test_x"),
        ('CASES = [pytest.param(1, marks=pytest.mark.guide("G067"))]\n', "test_web"),
        ('@mark.guide("G067")\nclass TestX: pass\n', "TestX"),
        ('class TestX: x = [mark.guide("G067")]\n', "test_web"),
    ],
)
def test_a_marker_of_a_check_is_a_home(tree: SmallTree, text: str, name: str) -> None:
    tree.write(CHECK, text)
    assert homes(tree, "G067") == (Home("G067", "check", name, CHECK, 1),)


def test_an_action_without_home_says_so(tree: SmallTree) -> None:
    covered = guide.covered(tree.root)
    assert len(covered) == 291
    assert {each.action.id for each in covered if each.homes} == {"G001", "G019", "G020", "G038"}


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        (WEB, "role: web\nguide: [G92]\n", "2: unknown guide id 'G92'; did you mean 'G192'?"),
        (STEP, 'GUIDE = ("G999",)\n', "1: unknown guide id 'G999'; did you mean 'G"),
        (CHECK, '\npytest.mark.guide("G0")\n', "2: unknown guide id 'G0'; did you mean 'G"),
        (STEP, 'GUIDE = ("G001", NAME)\n', "1: write guide ids as literal texts, not NAME"),
        (CHECK, "guide(*ids)\npytest.mark.guide(*IDS)\n", "2: write guide ids as literal"),
        (STEP, "def f(:\n", "1: not Python: "),
    ],
)
def test_a_home_that_is_wrong_is_named(tree: SmallTree, file: str, text: str, problem: str) -> None:
    tree.write(file, text)
    with pytest.raises(UserError) as caught:
        guide.covered(tree.root)
    assert str(caught.value).startswith(f"{file}:{problem}")


def test_all_wrong_homes_in_one_run(tree: SmallTree) -> None:
    tree.write(STEP, 'GUIDE = ("X1",)\n')
    tree.write(CHECK, 'pytest.mark.guide("X2")\n')
    with pytest.raises(UserError) as caught:
        guide.covered(tree.root)
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        f"{STEP}:1",
        f"{CHECK}:1",
    ]


def test_of_step(tree: SmallTree) -> None:
    assert guide.step_ids(tree.root / STEP) == ("G001",)
