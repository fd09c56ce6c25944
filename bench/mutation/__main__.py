"""The recorded run: each change is made on a booted site, seen by its checks, taken back, and the
checks are green again; in the end all checks are.

scripts/host/record-mutations [--only WORDS]   all changes, or those whose line has WORDS
scripts/host/record-mutations --resume         those that no run before has seen noticed
scripts/host/record-mutations --seconds N      no further change after so long: go on with --resume
scripts/host/record-mutations --short          a handful, without all checks in the end: for CI

It wants a site booted and in order, the rehearsal or with --site one like it, as after
./inv rehearse --target container --keep. When all were tried it writes the table, which is
committed (DOCUMENT).
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.ending import exit_code
from bench.mutation import changes
from bench.mutation.change import Change
from bench.mutation.checking import Ask, Question, Verdicts, asking
from golden import atomic, check, log
from golden.check.collect import Live
from golden.check.connection import Connection
from golden.check.questions import questions
from golden.definition import load
from golden.errors import StageError
from golden.keys import secrets
from golden.paths import ARTIFACTS, ROOT, shown

SITE = "rehearsal"
DOCUMENT = ROOT / "docs" / "mutations.md"
# What a daemon that was stopped or started again takes to be seen so.
SETTLE_SECONDS = 90.0
NOTICE_SECONDS = 12.0
PAUSE = 2.0
# Most of an image's bytes; a change elsewhere does not ask for their hashes.
HEAVY = (
    *("/boot", "/usr/bin", "/usr/sbin", "/usr/share", "/usr/lib/erlang", "/usr/lib/modules"),
    *("/usr/lib/python3", "/usr/lib/x86_64-linux-gnu"),
)
# What is true of every container, whatever its host lacks.
MOUNTED = "a container's root is mounted by its engine"
NOTICED, ELSEWHERE = "noticed", "not on this target"


@dataclass(frozen=True)
class Row:
    """How one change ended; `state` is NOTICED, ELSEWHERE or what went wrong, `told` the reason."""

    state: str
    told: str = ""
    seconds: float = 0.0


class Site:
    """The booted site: runs scripts on its nodes."""

    def __init__(self, name: str, ask: Ask) -> None:
        self.ask = ask
        self.link = Connection.to(name)
        self._definition = load(name)

    def run(self, node: str, script: str) -> None:
        """Run a script as root. Raises StageError when it fails."""
        # A daemon that it starts must not hold the connection.
        out = "/run/mutation.log"
        quiet = f"sh -euc {shlex.quote(script)} >{out} 2>&1 </dev/null || {{ cat {out}; exit 1; }}"
        done = self.link.run(node, quiet, timeout=300)
        if done.code != 0:
            raise StageError("mutate", f"{node}: {script[:200]}", tail=done.out.splitlines()[-8:])

    def absent(self) -> dict[str, dict[str, str]]:
        """{node: {feature: why it has none}}."""
        site = self._definition
        known = secrets.load(site)
        found = {
            node.name: Live(self.link, site, node, questions(site, node, known))["system"]["absent"]
            for node in site.nodes
        }
        return {name: one | ({"machine": MOUNTED} if one else {}) for name, one in found.items()}


def tried(site: Site, change: Change, absent: dict[str, str]) -> Row:
    """Make the change, look, take it back, look again."""
    began = time.monotonic()
    if reason := absent.get(change.needs):
        return Row(ELSEWHERE, reason)
    asked = question(change)
    try:
        site.run(change.node, change.do)
        row = seen(site, change, asked)
    except StageError as error:
        row = Row("could not be made", f"{error} {' '.join(error.tail)}")
    try:
        site.run(change.node, change.undo)
        left = until_green(site, asked)
    except StageError as error:
        left = f"{error} {' '.join(error.tail)}"
    if left and row.state != "could not be made":
        row = Row("not green again", left)
    return Row(row.state, row.told, round(time.monotonic() - began, 1))


def question(change: Change) -> Question:
    """What is asked about it."""
    node = "" if change.site else change.node
    apart = [folder for folder in HEAVY if f"{folder}/" not in change.do]
    return Question(change.red, node, change.steps, apart)


def seen(site: Site, change: Change, asked: Question) -> Row:
    """Whether every named check fails, and one of them names what was changed."""
    end = time.monotonic() + NOTICE_SECONDS
    while True:
        found = site.ask(asked)
        row = verdict(change, found)
        if row.state != "NOT NOTICED" or time.monotonic() > end:
            return row
        time.sleep(PAUSE)


def verdict(change: Change, found: Verdicts) -> Row:
    """What `found` says about the change."""
    green = [name for name in change.red if name not in found.failed]
    if green and all(name in found.skipped and name not in found.passed for name in green):
        return Row(ELSEWHERE, found.skipped[green[0]])
    told = "\n".join(found.failed.values())
    if green:
        return Row("NOT NOTICED", f"by {', '.join(green)}")
    if change.says not in told:
        return Row("NOT NOTICED", f"the checks fail, but not for {change.says}: {told[-300:]}")
    return Row(NOTICED)


def until_green(site: Site, asked: Question) -> str:
    """ "" when no check fails any more, else what one says."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        failed = site.ask(asked).failed
        if not failed:
            return ""
        if time.monotonic() > end:
            return "\n".join(failed.values())[-600:]
        time.sleep(PAUSE)


def record(site: str, chosen: Sequence[Change], rows: dict[str, Row], seconds: float) -> None:
    """Try each of `chosen`, and keep the result in `rows` and in a file at once.

    None is begun after `seconds`.
    """
    end = time.monotonic() + seconds

    def work(ask: Ask) -> None:
        booted = Site(site, ask)
        absent = booted.absent()
        for number, change in enumerate(chosen, 1):
            if time.monotonic() > end:
                log.warn(f"{len(chosen) - number + 1} are left: go on with --resume")
                return
            row = rows[key(change)] = tried(booted, change, absent[change.node])
            told = f" ({row.told})" if row.told else ""
            log.info(f"{number}/{len(chosen)} {key(change)}: {row.state}{told} {row.seconds} s")
            atomic.write(
                seen_before(site), json.dumps({name: asdict(one) for name, one in rows.items()})
            )

    asking(site, work)


def seen_before(site: str) -> Path:
    """Where the results of earlier runs are."""
    return ARTIFACTS / site / "mutations.json"


def key(change: Change) -> str:
    """Names a change in the record and for --only."""
    return f"{change.node}: {change.what}"


def table(rows: dict[str, Row]) -> str:
    """The text of DOCUMENT."""
    states = [rows[key(change)].state for change in changes.ALL if key(change) in rows]
    wrong = len(states) - states.count(NOTICED) - states.count(ELSEWHERE)
    lines = [
        "# What checks notice",
        "",
        "Written by `scripts/host/record-mutations` on a booted container rehearsal: one change at",
        "a time, the named checks red, changed back, green again; in the end all checks green.",
        "",
        f"{len(changes.ALL)} changes: {states.count(NOTICED)} noticed, {wrong} not noticed, "
        f"{states.count(ELSEWHERE)} about what this target lacks (counted as neither), "
        f"{len(changes.ALL) - len(states)} not tried.",
        "",
        "| node | change | noticed by |",
        "|---|---|---|",
    ]
    for change in changes.ALL:
        row = rows.get(key(change), Row("not tried"))
        by = ", ".join(f"`{name}`" for name in change.red)
        told = by if row.state == NOTICED else f"{row.state}: {row.told} ({by})"
        lines.append(f"| {change.node} | {cell(change.what)} | {cell(told)} |")
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """`text` on one line of a table."""
    return " ".join(text.replace("|", r"\|").split())


def finish(site: str, chosen: Sequence[Change], rows: dict[str, Row], *, whole: bool) -> None:
    """Write the table of a `whole` run, and when every change was tried check all of the site.

    Raises StageError for what was not noticed.
    """
    tried = [one for one in chosen if key(one) in rows]
    bad = [key(one) for one in tried if rows[key(one)].state not in (NOTICED, ELSEWHERE)]
    if whole:
        atomic.write(DOCUMENT, table(rows))
        log.info(f"table: {shown(DOCUMENT)}")
    if whole and len(tried) == len(chosen):
        check.check(site, (), ("-m", "not destructive"))
    if bad:
        raise StageError("mutate", f"{len(bad)} of {len(tried)} changes: {'; '.join(bad)}")


def main(argv: list[str]) -> int:
    """Run it; 1 when a change was not noticed or not taken back."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--seconds", type=float, default=float("inf"), metavar="N")
    parser.add_argument("--site", default=SITE)
    parser.add_argument("--only", default="", metavar="WORDS")
    options = parser.parse_args(argv)
    file = seen_before(options.site)
    old: dict[str, Any] = json.loads(file.read_text()) if options.resume and file.exists() else {}
    rows = {name: Row(**one) for name, one in old.items() if one["state"] in (NOTICED, ELSEWHERE)}
    chosen = [
        one
        for one in changes.ALL
        if key(one) not in rows and options.only in key(one) and (one.short or not options.short)
    ]
    record(options.site, chosen, rows, options.seconds)
    whole = not (options.short or options.only) and options.site == SITE
    finish(options.site, chosen, rows, whole=whole)
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
