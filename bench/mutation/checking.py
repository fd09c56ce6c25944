"""A few checks of a booted site, asked again and again: pytest collects them once, and each
question has fixtures, and so facts, of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from _pytest.runner import runtestprotocol

from golden.errors import StageError
from golden.paths import TESTS

# Any -k has the checks ask a node only for what they look at.
OPTIONS = (
    *("-o", "addopts=", "--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:terminal"),
    *("-k", "test_"),
)


@dataclass
class Verdicts:
    """What each asked check said, by subject.name: texts of those that failed, skipped, passed."""

    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)

    def add(self, report: pytest.TestReport) -> None:
        """What pytest tells of a stage of a check."""
        name = named(report.nodeid)
        if report.failed:
            self.failed[name] = self.failed.get(name, "") + report.longreprtext
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.skipped[name] = str(reason).removeprefix("Skipped: ")
        elif report.when == "call":
            self.passed.add(name)


@dataclass(frozen=True)
class Question:
    """Have `checks` (subject.name) look at the site; those that are about a node or a step only at
    `node` and `steps`. The folders `apart` are not held against the image: hashing takes long."""

    checks: Sequence[str]
    node: str = ""
    steps: Sequence[str] = ()
    apart: Sequence[str] = ()

    def is_about(self, item: pytest.Item) -> bool:
        """Whether a collected check is asked."""
        if named(item.nodeid) not in self.checks:
            return False
        case = getattr(item, "callspec", None)
        params = case.params if case else {}
        node = getattr(params.get("node"), "name", "")
        step = params.get("step", "")
        return (not self.node or node in ("", self.node)) and (
            not self.steps or not step or step in self.steps
        )


Ask = Callable[[Question], Verdicts]


class _Asking:
    """A plugin that runs `work` instead of all checks."""

    def __init__(self, work: Callable[[Ask], None]) -> None:
        self._work = work
        self.error: BaseException | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Called when everything is collected."""

        def ask(question: Question) -> Verdicts:
            os.environ["GOLDEN_CHECK_NARROW"] = json.dumps({"apart": list(question.apart)})
            return asked([item for item in session.items if question.is_about(item)])

        try:
            self._work(ask)
        except BaseException as error:
            # pytest would show it as a fault of its own.
            self.error = error
        return True


def asked(items: Sequence[pytest.Item]) -> Verdicts:
    """Run `items` with new fixtures, which go in the end."""
    found = Verdicts()
    for item, following in zip(items, [*items[1:], None], strict=True):
        item._initrequest()  # type: ignore[attr-defined]
        for report in runtestprotocol(item, log=False, nextitem=following):
            found.add(report)
    return found


def asking(site: str, work: Callable[[Ask], None]) -> None:
    """Run `work`, which is given the function that asks checks of `site`. Raises what it raises."""
    plugin = _Asking(work)
    os.environ["GOLDEN_SITE"] = site
    code = pytest.main([str(TESTS / "checks"), *OPTIONS], plugins=[plugin])
    if plugin.error:
        raise plugin.error
    if code != pytest.ExitCode.OK:
        raise StageError("mutate", f"pytest could not collect the checks: {code!r}")


def named(nodeid: str) -> str:
    """subject.name of a check, without its case."""
    file, _, test = nodeid.partition("::")
    subject = file.rpartition("/test_")[2].removesuffix(".py")
    return f"{subject}.{test.partition('[')[0].removeprefix('test_')}"
