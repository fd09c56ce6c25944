"""The canary: break one thing in the facts of a healthy site, and exactly its checks go red.

The checks are the real ones of tests/checks; only the facts are made up (healthy.py).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import check, paths
from golden.definition import Site, load
from golden.keys import secrets
from golden.report import Outcome, Report
from tests.unit.check import healthy, mutations, mutations_cloud, mutations_drift
from tests.unit.check.healthy import Document

SITE = load("rehearsal")
# A site without Synnefo has none of its checks.
MUTATIONS = {
    **mutations.MUTATIONS,
    **mutations_drift.MUTATIONS,
    **(mutations_cloud.MUTATIONS if any(n.kind.has("astakos") for n in SITE.nodes) else {}),
}


@pytest.fixture(scope="module")
def site() -> Site:
    return SITE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of its own for the site's secrets, here and in the pytest that runs the checks."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOLDEN_HOME", str(home))
        patch.setattr(secrets, "SECRETS", home / ".secrets")
        patch.setattr(paths, "SECRETS", home / ".secrets")
        patch.setattr(check, "CACHE", home / ".cache")
        yield home


@pytest.fixture(scope="module")
def facts(site: Site, home: Path) -> dict[str, Document]:
    return healthy.write(home / "healthy", site, secrets.ensure(site))


def judge(home: Path, documents: dict[str, Document]) -> Report:
    healthy.save(home / "facts", documents)
    return check.run("rehearsal", (), home / "checks.xml", home / "facts")


def red(report: Report) -> set[str]:
    """The failed checks, without the case: `files.file_is_as_rendered`."""
    return {checked(one) for one in report.outcomes if one.state == "failed"}


def checked(one: Outcome) -> str:
    return f"{one.subject}.{one.name.partition('[')[0]}"


@pytest.fixture(scope="module")
def green(home: Path, facts: dict[str, Document]) -> Report:
    return judge(home, facts)


def test_a_healthy_site_is_all_green(green: Report) -> None:
    report = green
    assert red(report) == set()
    assert report.ok
    assert report.count("passed") > 200
    reasons = {one.reason for one in report.outcomes if one.state == "not run"}
    assert all(reasons)
    assert any("recorded facts" in reason for reason in reasons)


def test_every_check_of_facts_has_a_mutation(green: Report) -> None:
    passed = {checked(one) for one in green.outcomes if one.state == "passed"}
    assert passed - set().union(*(checks for _, checks in MUTATIONS.values())) == {
        "node.node_answers"  # see the next test
    }


def test_a_node_that_is_away_fails_once_and_the_rest_at_once(
    home: Path, facts: dict[str, Document]
) -> None:
    report = judge(home, {"node1": facts["node1"]})
    assert report.seconds < 60
    failed = [one for one in report.outcomes if one.state == "failed"]
    assert [one.reason for one in failed if one.name == "node_answers[node2]"] == [
        "node2: nothing was recorded"
    ]
    others = [one for one in failed if one.name != "node_answers[node2]"]
    assert {one.reason for one in others} == {"node2 gave no facts, see test_node_answers"}
    assert all("node2" in one.nodes for one in others)


def test_every_broken_thing_turns_its_checks_red(home: Path, facts: dict[str, Document]) -> None:
    # All at once where they do not meet: a pytest per mutation would take minutes.
    for batch in batches():
        documents = copy.deepcopy(facts)
        for name in batch:
            MUTATIONS[name][0](documents)
        wanted = set().union(*(MUTATIONS[name][1] for name in batch))
        assert red(judge(home, documents)) == wanted, f"broken: {', '.join(batch)}"


def batches() -> list[list[str]]:
    """Groups of mutations of which no two turn the same check red, so that each is proven."""
    groups: list[tuple[list[str], set[str]]] = []
    for name, (_, checks) in MUTATIONS.items():
        for names, taken in groups:
            if not taken & checks:
                names.append(name)
                taken |= checks
                break
        else:
            groups.append(([name], set(checks)))
    return [names for names, _ in groups]
