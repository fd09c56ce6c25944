"""Find the outcomes of the last checks that concern an action, and their joint verdict.

A check proves the ids of its `guide` marker. What a role does is proven by the checks of the files,
packages, services, … that it brings; what a step does by the check that it succeeded on its nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from golden.definition import Node, Role, Site
from golden.guide import Covered, Home
from golden.report import Outcome

NOT_REHEARSED = "not rehearsed"
NOT_RUN = "not run here"


@dataclass(frozen=True)
class Verdict:
    """`state` is passed, failed, not run here, or not rehearsed: no check of it was ever run.

    `reason` is the first that failed or could not run; an action may pass and have one.
    """

    state: str
    reason: str = ""


class Outcomes:
    """The outcomes of one run of the checks on `site`."""

    def __init__(self, site: Site, outcomes: Sequence[Outcome]) -> None:
        self._site = site
        self._outcomes = outcomes
        self._by_case: dict[str, list[Outcome]] = {}
        for one in outcomes:
            self._by_case.setdefault(one.name.partition("[")[2].removesuffix("]"), []).append(one)

    def verdict(self, covered: Covered) -> Verdict:
        """What the outcomes say of the action."""
        found = [one for one in self._outcomes if covered.action.id in one.guide]
        if covered.action.phase != "check":
            # Where a check is marked with an id it is the better proof, and not the only one.
            found += [one for home in covered.homes for one in self._of(home)]
        return judged(found)

    def _of(self, home: Home) -> Iterator[Outcome]:
        for node in self._site.nodes:
            if home.part == "step":
                cases = [home.name] if home.name in node.kind.first_boot else []
            else:
                roles = [role for role in node.kind.roles if role.name == home.name]
                cases = [case for role in roles for case in self._brings(role)]
            yield from self._about(node, cases)

    def _about(self, node: Node, cases: Iterable[str]) -> Iterator[Outcome]:
        for case in cases:
            yield from self._by_case.get(f"{node.name}-{case}", ())

    def _brings(self, role: Role) -> Iterator[str]:
        release = self._site.release
        yield from (name for logical in role.packages for name in release.real_packages(logical))
        yield from release.scripts(role.services).values()
        yield from (*role.files, *role.directories)
        yield from (user.name for user in role.users)
        yield from (str(port.port) for port in role.ports)


def judged(outcomes: Sequence[Outcome]) -> Verdict:
    """One verdict on several outcomes: failed when one failed, passed when one passed."""
    of_state = {one.state: " ".join(one.reason.split()) for one in reversed(outcomes)}
    if "failed" in of_state:
        return Verdict("failed", of_state["failed"])
    if "passed" in of_state:
        missing = of_state.get("not run", "")
        return Verdict("passed", f"in part not run here: {missing}" if missing else "")
    if "not run" in of_state:
        return Verdict(NOT_RUN, of_state["not run"])
    return Verdict(NOT_REHEARSED)


def together(reports: Sequence[Sequence[Outcome]]) -> tuple[Outcome, ...]:
    """The outcomes of several runs as one: a check that could not run in one counts as in another.

    One that failed anywhere has failed.
    """
    weight = {"not run": 0, "passed": 1, "failed": 2}
    found: dict[tuple[str, str], Outcome] = {}
    for one in (outcome for outcomes in reports for outcome in outcomes):
        known = found.setdefault((one.subject, one.name), one)
        if weight[one.state] > weight[known.state]:
            found[one.subject, one.name] = one
    return tuple(found.values())
