"""The Jinja environment: strict, with errors that name template, line and variable."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2.utils import missing

from golden.definition.problems import Problems, nearest
from golden.errors import UserError
from golden.render.context import VARIABLES, Named
from golden.render.quoting import filters

# Errors of a template. Any other is a bug of ours and keeps its traceback.
_TEMPLATE_ERRORS = (
    jinja2.TemplateError,
    UserError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
)


class _Missing(jinja2.StrictUndefined):
    """An undefined name: an error with the likeliest name."""

    @property
    def _undefined_message(self) -> str:
        name, thing = str(self._undefined_name), self._undefined_obj
        if thing is missing:
            return f"variable '{name}' is not defined; {nearest(name, VARIABLES)}"
        return f"{_called(thing)} has no '{name}'; {nearest(name, _members(thing))}"


class Environment(jinja2.Environment):
    """One whose names of mappings come before their methods."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        # Jinja would find a dictionary's method first, where a fact is called `copy` or `values`.
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class Templates:
    """The templates under `root`; `problems` collects their errors."""

    def __init__(
        self, root: Path, problems: Problems, environment: type[Environment] = Environment
    ) -> None:
        self._root = root
        self._problems = problems
        self._environment = environment(
            loader=jinja2.FileSystemLoader(root),
            undefined=_Missing,
            # libvirt's; | e is the language of XML.
            autoescape=jinja2.select_autoescape(["xml.j2"], default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters |= filters()

    def render(self, source: Path, context: Mapping[str, Any]) -> bytes:
        """The text of the template `source`; empty after a problem."""
        name = str(source.relative_to(self._root))
        try:
            return self._environment.get_template(name).render(context).encode()
        except _TEMPLATE_ERRORS as error:
            self._problems.add(*self._place(error, source), "", _message(error))
            return b""

    def _place(self, error: Exception, source: Path) -> tuple[Path, int]:
        """The template and line at fault: `source`, or a template that it includes."""
        if isinstance(error, jinja2.TemplateSyntaxError):
            return Path(error.filename or source), error.lineno
        place = source, 1
        for frame, line in traceback.walk_tb(error.__traceback__):
            # Jinja rewrites the traceback so that its compiled code appears as the template.
            file = Path(frame.f_code.co_filename)
            if file.suffix == source.suffix and file.is_relative_to(self._root):
                place = file, line
        return place


def _message(error: Exception) -> str:
    expected = isinstance(error, jinja2.TemplateError | UserError)
    return str(error) if expected else f"{type(error).__name__}: {error}"


def _called(thing: object) -> str:
    return thing.name if isinstance(thing, Named) else f"a {type(thing).__name__.lower()}"


def _members(thing: object) -> list[str]:
    if isinstance(thing, Mapping):
        return [str(key) for key in thing]
    return [name for name in dir(thing) if not name.startswith("_")]
