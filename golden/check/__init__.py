"""Check the booted nodes: run tests/checks against them and report the outcome.

The checks are pytest functions in tests/checks, one property each, parametrised from the
definition. They run in a process of their own, so that a check that hangs or crashes cannot take
the tool along.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from golden import atomic, log, manifest, report
from golden.definition import load
from golden.errors import StageError
from golden.paths import ARTIFACTS, CACHE, ROOT, TESTS, shown
from golden.report import Report
from golden.run import run as execute

# pytest(1): 0 all passed, 1 some failed; everything else is not a verdict.
VERDICTS = (0, 1)
# Options of `check` where it is known already how a site is when a machine was made and removed.
CALM = ("-m", "not destructive")
_LINE = re.compile(r"\S+/test_(?P<subject>\w+)\.py::\S+.* (?P<state>PASSED|FAILED|ERROR|SKIPPED)")


def check(site: str, nodes: Sequence[str] = (), options: Sequence[str] = ()) -> None:
    """Check `nodes` of `site` (all without any) and print the report.

    `options` are pytest's, to choose among the checks: ("-m", "not destructive").

    JUnit XML and JSON go to .artifacts/<site>/checks.{xml,json}. Raises UserError when the site is
    invalid or not booted, StageError when a check fails.
    """
    junit = ARTIFACTS / site / "checks.xml"
    outcome = run(site, nodes, junit, options=options)
    outcome.show()
    log.info(f"JUnit: {shown(junit)}")
    if not outcome.ok:
        raise StageError(
            "check",
            f"site {site}: {outcome.summary()}",
            log=_log(site),
            hint="./inv ssh NODE to look around; ./inv check runs the checks again",
        )


def run(
    site: str,
    nodes: Sequence[str] = (),
    junit: Path | None = None,
    facts: Path | None = None,
    options: Sequence[str] = (),
) -> Report:
    """Run the checks and return what they found; writes `junit` and, beside it, the same as JSON.

    `facts` is a folder of recorded <node>.json to judge instead of live nodes. Raises UserError as
    `check` does, StageError when the checks could not run at all.
    """
    definition = load(site)
    names = [definition.node(name).name for name in nodes]
    junit = junit or ARTIFACTS / site / "checks.xml"
    if facts is None:
        # Imported late: nothing else here needs a booted site.
        from golden.check.connection import Connection

        Connection.to(site)
    junit.parent.mkdir(parents=True, exist_ok=True)
    seconds = _pytest(site, names, junit, facts, options)
    origins = manifest.origins(site, (kind.name for kind in definition.kinds))
    found = Report(site, report.from_junit(junit), seconds, origins)
    atomic.write(junit.with_suffix(".json"), json.dumps(found.as_json(), indent=1) + "\n")
    return found


def _pytest(
    site: str, nodes: Sequence[str], junit: Path, facts: Path | None, options: Sequence[str]
) -> float:
    environment = {"GOLDEN_SITE": site, "GOLDEN_NODES": ",".join(nodes), "PYTHONUTF8": "1"}
    if facts is not None:
        environment["GOLDEN_CHECK_FACTS"] = str(facts)
    fresh = atomic.partial(junit)
    argv: list[str | Path] = [
        *(sys.executable, "-m", "pytest", TESTS / "checks", f"--junitxml={fresh}", "-v"),
        *("--tb=short", "-p", "no:cacheprovider", "-o", "junit_family=xunit1"),
        *options,
    ]
    with log.progress() as progress:
        last = report.last(site) if not nodes and not options else None
        task = progress.task(f"check {site}", last.seconds if last else None)
        counter = _Counter()
        result = execute(
            argv,
            cwd=ROOT,
            env=environment,
            log=_log(site),
            on_line=lambda line: task.say(counter.count(line)),
            check=False,
            stage="check",
        )
        (task.done if result.code == 0 else task.fail)(counter.count(""))
    if result.code not in VERDICTS:
        fresh.unlink(missing_ok=True)
        tail = [line for line in result.out.splitlines() if line.strip()][-12:]
        raise StageError(
            "check", "the checks could not run", code=result.code, tail=tail, log=_log(site)
        )
    fresh.replace(junit)
    return result.seconds


class _Counter:
    """Counts the checks in pytest's lines."""

    def __init__(self) -> None:
        self.done = self.failed = 0
        self.subject = ""

    def count(self, line: str) -> str:
        """The summary after `line`: `120 checks, 1 failed, at files`. All nodes are asked for
        their facts before the first."""
        if found := _LINE.match(line):
            self.done += 1
            self.failed += found["state"] in ("FAILED", "ERROR")
            self.subject = found["subject"]
        if not self.done:
            return "asking the nodes for their facts"
        return f"{self.done} checks, {self.failed} failed, at {self.subject}"


def _log(site: str) -> Path:
    return CACHE / "log" / f"check-{site}.log"
