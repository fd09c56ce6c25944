"""A difference as text and as one page of HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from golden import html, log

# Without --verbose: rows of one subject, lines of one file.
ROWS = 20
LINES = 12
TEMPLATES = Path(__file__).parent
TITLES = {
    "packages": "Packages",
    "services": "Services that start",
    "ports": "Ports in configuration files",
    "accounts": "Users and groups",
    "privileged": "Files with rights of their own (setuid, setgid, capabilities)",
    "seconds": "Seconds of the bake",
}

Document = Mapping[str, Any]


def show(document: Document, *, verbose: bool) -> None:
    """Print it; without `verbose`, long lists and texts are shortened, with a note."""
    log.info(f"A {title(document['a'])}\nB {title(document['b'])}")
    rows = None if verbose else ROWS
    for subject, heading in TITLES.items():
        _table(heading, document[subject], rows)
    _sizes(document["sizes"], rows)
    _files(document["files"], None if verbose else LINES, rows)
    if document["noise"]:
        log.info(f"not counted: {len(document['noise'])} files that every bake writes anew")
    if not any(document[name] for name in (*TITLES, "files") if name != "seconds"):
        log.info("no difference")


def page(document: Document) -> str:
    """One self-contained page."""
    template = html.environment(TEMPLATES).get_template("page.html.j2")
    return template.render(document=document, titles=TITLES, title=title, mib=mib)


def title(side: Mapping[str, str]) -> str:
    """The name of A or B, and what is known of its bake."""
    baked = f", baked {side['baked']}" if side["baked"] else ""
    tree = f", tree {side['tree']}" if side["tree"] else ""
    return f"{side['name']}{baked}{tree}"


def _table(title: str, rows: Sequence[Sequence[str]], most: int | None) -> None:
    if rows:
        log.table(("name", "A", "B"), rows[:most], title=title)
        _cut(len(rows), most, title.lower())


def _sizes(rows: Sequence[tuple[str, int, int]], most: int | None) -> None:
    shown = [(name, mib(before), mib(after), mib(after - before)) for name, before, after in rows]
    if shown:
        log.table(("folder", "A MiB", "B MiB", "more"), shown[:most], title="Size by folder")
        _cut(len(shown), most, "folders")


def mib(size: int) -> str:
    """Bytes in MiB."""
    return f"{size / (1 << 20):.2f}"


def _files(files: Sequence[Mapping[str, Any]], lines: int | None, most: int | None) -> None:
    for file in files[:most]:
        facts = "; ".join(
            f"{name}: {before or 'none'} → {after or 'none'}"
            for name, before, after in file["facts"]
        )
        about = f" ({facts})" if facts and file["what"] == "changed" else ""
        made = f", made from {file['origin']}" if file["origin"] else ""
        log.info(f"{file['what']}: {file['path']}{about}{made}")
        for line in file["lines"][2:][:lines]:
            log.info(f"    {line}{_place(file, line)}")
        _cut(len(file["lines"]) - 2, lines, "lines")
    _cut(len(files), most, "files")


def _place(file: Mapping[str, Any], line: str) -> str:
    number = file["template"].get(line[1:]) if line.startswith("+") else None
    return f"   ← line {number}" if number else ""


def _cut(count: int, most: int | None, what: str) -> None:
    if most is not None and count > most:
        log.info(f"    and {count - most} more {what}; --verbose shows all")
