"""Explain a line of an image's file, or an action of the guide: `inv explain`.

Read in this order: here (what is asked), `line` (a line's template and names), `values` (where the
value of a name stands).
"""

from __future__ import annotations

import re

from golden import guide, log, paths, report
from golden.definition import Site, load, sites
from golden.definition.problems import nearest
from golden.errors import UserError
from golden.explain.line import Explained, explain_line
from golden.guide import coverage
from golden.guide.table import Row

FORMS = "rendered/SITE/KIND/rootfs/PATH:LINE, NODE:/PATH:LINE, or an id of the guide such as G157"
_ACTION = re.compile(r"G\d{3}")
_NAMED_IN_COMMENTS = re.compile(r"G(\d{3})(?:-G?(\d{3}))?")


def explain(word: str, site: str) -> None:
    """Print what `word`, one of FORMS, comes from; a node is one of `site`.

    Raises UserError for anything else, and for a line that the file does not have.
    """
    if _ACTION.fullmatch(word):
        _show_action(word, site)
        return
    loaded, kind, path, line = _place(word, site)
    found = explain_line(loaded, kind, path, line)
    for part in found.parts:
        log.info(part)
    _show_guards(loaded, found)


def _place(word: str, site: str) -> tuple[Site, str, str, int]:
    """(site, kind, path in the image, line) that `word` names."""
    text, _, number = word.rpartition(":")
    if not number.isascii() or not number.isdigit():
        raise UserError(f"{word}: name a line, as in {word}:12; valid are {FORMS}")
    node, _, path = text.partition(":")
    if path.startswith("/"):
        loaded = load(site)
        return loaded, loaded.node(node).kind.name, path, int(number)
    parts = text.removeprefix(f"{paths.RENDERED}/").removeprefix("rendered/").split("/", 3)
    if len(parts) != 4 or parts[2] != "rootfs":
        raise UserError(f"{word}: no file of an image; valid are {FORMS}")
    if parts[0] not in sites():
        raise UserError(f"{word}: there is no site '{parts[0]}'; {nearest(parts[0], sites())}")
    return load(parts[0]), parts[1], f"/{parts[3]}", int(number)


def _show_guards(site: Site, found: Explained) -> None:
    """Print the guide's actions that the file's comments or role name, and the file's checks."""
    known = {row.id: row for row in coverage.rows_of(site.name)}
    ids = [id for id in _ids(found.template_text) if id in known]
    for id in ids or found.role.guide:
        row = known[id]
        log.info(f"guide:     {id} {row.what} ({row.state})")
    last = report.last(site.name)
    guards = [
        one for one in (last.outcomes if last else ()) if one.name.endswith(f"-{found.path}]")
    ]
    for one in guards:
        log.info(f"checked:   {one.subject}: {one.name} ({one.state})")
    if not guards:
        log.info("checked:   by test_file_is_as_rendered, which inv check has not run yet")


def _ids(text: str) -> list[str]:
    """The ids in a text, those of a range such as G058-G061 included."""
    found: dict[str, None] = {}
    for first, last in _NAMED_IN_COMMENTS.findall(text):
        for number in range(int(first), int(last or first) + 1):
            found[f"G{number:03}"] = None
    return list(found)


def _show_action(id: str, site: str) -> None:
    ids = [action.id for action in guide.actions()]
    if id not in ids:
        raise UserError(f"the guide has no action {id}; its {len(ids)} are {ids[0]} to {ids[-1]}")
    row = next(row for row in coverage.rows_of(site) if row.id == id)
    for line in _action(row):
        log.info(line)


def _action(row: Row) -> list[str]:
    reason = f": {row.reason}" if row.reason else ""
    return [
        f"{row.id}, chapter {row.chapter}: {row.what}",
        f"when:      {row.phase}, on {row.node}",
        *(f"done in:   {home}" for home in row.homes),
        f"proven by: {row.proof or 'nothing'}",
        f"state:     {row.state}{reason}",
        *(f"note:      {note}" for note in row.notes),
    ]
