"""The guide's actions as documents: all of them beside the reports, by chapter in the repository.

The committed one has neither line numbers nor times, so that only another result or a change of the
guide changes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from golden.guide.states import ANOTHER_WAY, NOT_PROVEN, SITE, STATES
from golden.guide.table import Row

PHASES = ("bake", "firstboot", "check")

BY_CHAPTER = """\
# What of the guide is done here

Written by `./inv coverage --write`. Each of the {count} actions of the installation guide
([guide-steps.json](guide-steps.json)) is done by a role while baking, by a step of first boot, or
proven by a check. The states are those of the last rehearsals of site `{site}` (targets: {targets})
before this was written; what one of them has no means for counts as another found it.
`./inv coverage` shows where each action is done and what proves it.

"""
WHOLE = """\
# Where each action of the guide is done

Written by `./inv coverage --write`. The states are those of the last rehearsals of site `{site}`
(targets: {targets}); what one of them has no means for counts as another found it.

"""


def by_chapter(site: str, targets: Iterable[str], rows: Sequence[Row]) -> str:
    """How many actions each chapter has and how they went; why some did not run."""
    head = BY_CHAPTER.format(count=len(rows), site=site, targets=", ".join(targets))
    header = ("chapter", "actions", *PHASES, *STATES)
    table = _table(header, [*_chapters(rows), ("all", *_counts(rows))])
    return head + table + _reasons(rows)


def whole(site: str, targets: Iterable[str], rows: Sequence[Row]) -> str:
    """Every action with its homes, its proof, its state and what is special about it."""
    head = WHOLE.format(site=site, targets=", ".join(targets))
    header = ("id", "phase", "node", "action", "home", "proof", "state", "notes")
    return head + _table(header, map(_cells, rows))


def _chapters(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for chapter in dict.fromkeys(row.chapter for row in rows):
        yield (chapter, *_counts([row for row in rows if row.chapter == chapter]))


def _counts(rows: Sequence[Row]) -> tuple[str, ...]:
    phases, states = Counter(row.phase for row in rows), Counter(row.state for row in rows)
    counts = (len(rows), *(phases[one] for one in PHASES), *(states[one] for one in STATES))
    return tuple(map(str, counts))


def _reasons(rows: Sequence[Row]) -> str:
    """Why actions are not simply done: it does not change from run to run."""
    text = ""
    for state in (ANOTHER_WAY, SITE, NOT_PROVEN):
        found = [row for row in rows if row.state == state]
        lines = [f"- {row.id}, {row.what.rstrip('.')}: {row.reason}\n" for row in found]
        text += f"\n{state.capitalize()}:\n\n{''.join(lines)}" if lines else ""
    return text


def _cells(row: Row) -> tuple[str, ...]:
    state = f"{row.state}: {row.reason}" if row.reason else row.state
    homes, notes = "<br>".join(row.homes), "; ".join(row.notes)
    return row.id, row.phase, row.node, row.what, homes, row.proof, state, notes


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
