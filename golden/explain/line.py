"""A line of an image's file: its template, what it fills in, and where each value stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from golden import paths
from golden.definition import File, Kind, Role, Site
from golden.definition.problems import Problems, nearest
from golden.errors import UserError
from golden.explain.values import Values
from golden.render import trace
from golden.render.context import context
from golden.render.header import with_header
from golden.render.trace import Line, Source


@dataclass(frozen=True)
class Explained:
    """What is known of a line of the file `path` of an image, as lines of text."""

    path: str
    role: Role
    template_text: str
    parts: tuple[str, ...]


def explain_line(site: Site, kind: str, path: str, line: int, root: Path = paths.ROOT) -> Explained:
    """Explain `line` (from 1) of `path` in images of `kind`.

    Raises UserError when no role of the kind has the file, or the file no such line.
    """
    of_kind = site.kind(kind)
    role = _role(of_kind, path)
    file = role.files[path]
    lines = traced(site, of_kind, role, file, root)
    if not 1 <= line <= len(lines):
        raise UserError(f"{path} has {len(lines)} lines, so no line {line}")
    found = lines[line - 1]
    values = Values(site, of_kind, role, root)
    parts = (
        f"line:      {found.text.strip()}",
        *(f"template:  images/{place}" for place in _places(found.sources)),
        *(
            f"value:     {name} = {values.value(name)} ({values.place(name)})"
            for name in found.names
        ),
        f"role:      {role.name}: {role.summary}",
    )
    return Explained(path, role, file.source.read_text(), parts)


def traced(site: Site, kind: Kind, role: Role, file: File, root: Path = paths.ROOT) -> list[Line]:
    """The lines of `file`, which `role` brings, in images of `kind`, with its header."""
    images, problems = root / "images", Problems(root)
    if file.template:
        lines = trace.trace(images, file.source, context(site, kind, role), problems)
        problems.raise_any()
    else:
        name = str(file.source.relative_to(images))
        texts = file.source.read_text().splitlines()
        lines = [Line(text, (Source(name, number),)) for number, text in enumerate(texts, 1)]
    plain = "".join(f"{line.text}\n" for line in lines).encode()
    whole = with_header(file.path, plain, str(file.source.relative_to(root))).decode().splitlines()
    if len(whole) > len(lines):
        at = next(number for number, text in enumerate(whole) if text != lines[number].text)
        lines.insert(at, Line(whole[at], (Source(str(file.source.relative_to(images)), 1),)))
    return lines


def _role(kind: Kind, path: str) -> Role:
    roles = {file: role for role in kind.roles for file in role.files}
    if path not in roles:
        raise UserError(f"no role of '{kind.name}' has the file {path}; {nearest(path, roles)}")
    return roles[path]


def _places(sources: tuple[Source, ...]) -> list[str]:
    places = [f"{source.template}:{source.line}" for source in sources]
    return list(dict.fromkeys(places))
