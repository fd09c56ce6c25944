"""The table of the guide's actions: every one has a home, a proof, and the state of the checks."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from golden import guide, paths
from golden.definition import load
from golden.errors import UserError
from golden.guide import coverage, document, proof, table
from golden.guide.proof import Outcomes, Verdict, judged, together
from golden.guide.states import Differences
from golden.guide.table import MOVED_TO_BAKE, Row
from golden.paths import ROOT
from golden.report import Outcome, Report, State
from tests.unit.small_tree import SmallTree

NOWHERE = Path("/nonexistent/checks.json")
# A role that a site may take, and the guide calls optional.
OPTIONAL = {"stats-agent", "stats-server"}


@pytest.fixture(scope="module")
def real() -> tuple[Row, ...]:
    return coverage.rows_of("rehearsal", NOWHERE)


def test_every_action_has_a_home(real: tuple[Row, ...]) -> None:
    assert [row.id for row in real if not row.homes] == []
    assert len(real) == 291


def test_what_is_done_is_done_by_a_role_or_a_step(real: tuple[Row, ...]) -> None:
    places = ("images/roles/", "scripts/firstboot/steps/")
    others = [row for row in real if row.phase != "check"]
    assert [row.id for row in others if not any(h.startswith(places) for h in row.homes)] == []


def test_what_is_a_test_is_done_by_a_check(real: tuple[Row, ...]) -> None:
    tests = [row for row in real if row.phase == "check"]
    assert [row.id for row in tests if "tests/checks/" not in "".join(row.homes)] == []


@pytest.mark.skipif(
    not any(node.kind.has("astakos") for node in load("rehearsal").nodes),
    reason="no node of the rehearsal lists the roles of Synnefo yet",
)
def test_every_home_is_listed_by_a_node(real: tuple[Row, ...]) -> None:
    unlisted = {note for row in real for note in row.notes if note.startswith("optional")}
    assert unlisted == {f"optional: no node lists the role {name}" for name in OPTIONAL}


def columns(text: str, count: int) -> list[list[str]]:
    """The first `count` cells of each row of the table in a document."""
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.removeprefix("| ") for cell in line[:count]] for line in lines]


def test_the_document_has_the_chapters_and_actions_that_there_are(real: tuple[Row, ...]) -> None:
    now = document.by_chapter("rehearsal", (), real)
    assert columns(coverage.DOCUMENT.read_text(), 5) == columns(now, 5)


def test_the_document_does_not_change_with_every_edit() -> None:
    text = coverage.DOCUMENT.read_text()
    assert re.findall(r"\w\.\w+[:#]L?\d|\d{4}-\d\d-\d\d|\d+ s\b", text) == []
    # A line for each chapter, and for each action that is not simply done.
    assert len(text.splitlines()) < 100


def outcome(
    state: State, name: str = "test", guide: str = "", reason: str = "", subject: str = "x"
) -> Outcome:
    return Outcome(subject, name, state, 0.1, reason, (guide,) if guide else ())


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([], Verdict(proof.NOT_REHEARSED)),
        ([outcome("passed")], Verdict("passed")),
        ([outcome("passed"), outcome("failed", reason="a\n b")], Verdict("failed", "a b")),
        ([outcome("not run", reason="no way out")], Verdict("not run here", "no way out")),
        (
            [outcome("passed"), outcome("not run", reason="no lvm"), outcome("not run")],
            Verdict("passed", "in part not run here: no lvm"),
        ),
    ],
)
def test_outcomes_are_judged_together(outcomes: list[Outcome], verdict: Verdict) -> None:
    assert judged(outcomes) == verdict


def test_what_one_target_cannot_run_counts_as_another_found_it() -> None:
    container = [outcome("not run", "disk", reason="no lvm"), outcome("passed", "page")]
    qemu = [outcome("passed", "disk"), outcome("failed", "page")]
    for reports in ([container, qemu], [qemu, container]):
        assert {one.name: one.state for one in together(reports)} == {
            "disk": "passed",
            "page": "failed",
        }


def states(tree: SmallTree, *outcomes: Outcome) -> dict[str, str]:
    covered = guide.covered(tree.root)
    found = table.rows(covered, Outcomes(tree.load(), outcomes), tree.root)
    return {row.id: row.state for row in found if row.state != proof.NOT_REHEARSED}


def test_a_check_proves_the_ids_of_its_marker(tree: SmallTree) -> None:
    assert states(tree, outcome("failed", guide="G067")) == {"G067": "failed"}


@pytest.mark.parametrize(
    "case",
    [
        "package_is_installed[n1-webserver]",
        "service_runs[n1-webserver]",
        "file_is_as_rendered[n1-/etc/web/2.4/web.conf]",
        "directory_has_its_mode_and_owner[n1-/srv/web-2.4]",
        "port_listens_where_the_role_says[n1-443]",
    ],
)
def test_what_a_role_brings_proves_its_ids(tree: SmallTree, case: str) -> None:
    assert states(tree, outcome("passed", case)) == {"G019": "done", "G020": "done"}


def test_the_success_of_a_step_proves_its_ids(tree: SmallTree) -> None:
    found = states(tree, outcome("not run", "step_did_not_fail[n1-network]", reason="no vlan"))
    assert found == {"G038": "not proven here"}


def test_what_is_done_otherwise_never_counts_as_done(tree: SmallTree) -> None:
    text = "done another way:\n  G019: a CA of ours\nleft to the site:\n  G149: for a person\n"
    tree.write("docs/guide-differences.yaml", text)
    passed = outcome("passed", "service_runs[n1-webserver]")
    assert states(tree, passed) == {
        "G019": "done another way",
        "G020": "done",
        "G149": "left to the site",
    }
    failed = states(tree, outcome("failed", guide="G149"), outcome("failed", guide="G019"))
    assert failed == {"G019": "failed", "G149": "failed"}
    tree.write("docs/guide-differences.yaml", "done somehow:\n  G019: x\n")
    with pytest.raises(UserError, match="'done somehow' is no state"):
        states(tree, passed)


def test_the_differences_name_actions_of_the_guide() -> None:
    known = Differences.read(ROOT).known
    assert set(known) <= {action.id for action in guide.actions()}
    assert all(reason for _, reason in known.values())


def test_another_node_s_outcome_proves_nothing(tree: SmallTree) -> None:
    assert states(tree, outcome("passed", "package_is_installed[n2-webserver]")) == {}


def row(tree: SmallTree, id: str) -> Row:
    found = table.rows(guide.covered(tree.root), None, tree.root)
    return next(one for one in found if one.id == id)


def test_a_move_to_the_bake_is_noted(tree: SmallTree) -> None:
    # G011 makes a database, which the guide does on the running node.
    tree.edit("images/roles/web/role.yaml", "guide: [G019, G020]", "guide: [G011]")
    assert row(tree, "G011").notes == (MOVED_TO_BAKE,)


def test_what_no_node_lists_is_noted(tree: SmallTree) -> None:
    tree.write("scripts/firstboot/steps/extra.py", 'GUIDE = ("G011",)\n')
    assert row(tree, "G011").notes == ("optional: no node lists the step extra",)


def test_the_proof_is_named(tree: SmallTree) -> None:
    tree.write("tests/checks/test_x.py", '@mark.guide("G001")\ndef test_name(): pass\n')
    assert row(tree, "G001").proof == (
        "test_name, files, packages, services of base, test_step_did_not_fail[hostname]"
    )


def test_the_state_comes_from_the_file_of_the_checks(tmp_path: Path) -> None:
    file = tmp_path / "checks.json"
    report = Report("rehearsal", (outcome("failed", guide="G002", reason="why"),), 1.0)
    file.write_text(json.dumps(report.as_json()))
    found = next(one for one in coverage.rows_of("rehearsal", file) if one.id == "G002")
    assert (found.state, found.reason) == ("failed", "why")


def checked(home: Path, *outcomes: Outcome) -> None:
    """As `inv check` leaves what it found."""
    place = home / "rehearsal" / "checks.json"
    place.parent.mkdir()
    place.write_text(json.dumps(Report("rehearsal", outcomes, 1.0).as_json()))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Artifacts and a document of its own."""
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path)
    monkeypatch.setattr(coverage, "DOCUMENT", tmp_path / "guide-coverage.md")
    return tmp_path


def test_the_whole_table_is_in_the_report_and_its_sums_in_the_document(home: Path) -> None:
    name, space = outcome("passed", "name", "G002"), outcome("not run", "space", "G006", "no\nlvm")
    checked(home, name, space)
    coverage.write("rehearsal")
    table = (home / "rehearsal" / coverage.TABLE).read_text()
    assert [row[0] for row in columns(table, 1)[2:]] == [f"G{at:03}" for at in range(1, 292)]
    assert re.search(
        r"^\| G002 .*tests/checks/test_names.py:\d+.* \| done \| ", table, re.MULTILINE
    )
    document = coverage.DOCUMENT.read_text()
    known = Counter(state for state, _ in Differences.read(ROOT).known.values())
    assert known["done another way"] > 20, "which no rehearsal of this test has looked at"
    site, unproven = known["left to the site"], known["not proven here"] + 1
    rest = 291 - 1 - site - unproven
    counts = f"| 1 | 0 | {site} | {unproven} | 0 | {rest} |"
    assert f"| all | 291 | 125 | 109 | 57 {counts}\n" in document
    assert "G006" in document and ": no lvm\n" in document
    assert "G002" not in document


def test_what_was_never_checked_is_not_recorded(home: Path) -> None:
    with pytest.raises(UserError, match="nothing to record"):
        coverage.write("rehearsal")
    assert list(home.iterdir()) == []


def test_show_as_json_is_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    coverage.show("rehearsal", as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert (len(shown), shown[0]["key"]) == (291, "hostnames")
    assert shown[0].keys() == Row.__dataclass_fields__.keys()


def test_show_as_table_ends_in_the_sums(capsys: pytest.CaptureFixture[str]) -> None:
    coverage.show("rehearsal")
    *_, homes, last = capsys.readouterr().out.splitlines()
    assert all(f"{phase} " in homes for phase in ("bake", "firstboot", "check"))
    assert last.startswith("in the last rehearsal: ")
