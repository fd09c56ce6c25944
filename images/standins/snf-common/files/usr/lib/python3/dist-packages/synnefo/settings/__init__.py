"""Reads /etc/synnefo/*.conf as upstream does (Python, sorted order) and refuses what is wrong.

Stricter than upstream on purpose: a missing, unknown, wrongly typed or inconsistent setting ends
the process with exit code 1 and a line per problem. Values are never printed, they may be secret.
Not: settings that upstream has and the guide does not name; those are unknown here.
"""

import ast
import difflib
import grp
import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synnefo.settings import components, consistency, types

SYSTEM_FOLDER = Path("/etc/synnefo")


class Settings:
    """The settings as attributes; `places` says where each was set, as file:line."""

    def __init__(self, values: dict[str, Any], places: dict[str, str], parts: set[str]) -> None:
        self.values, self.places, self.components = values, places, parts

    def __getattr__(self, name: str) -> Any:
        if name not in self.__dict__["values"]:
            raise AttributeError(f"setting {name} is not set")
        return self.values[name]

    def where(self, name: str) -> str:
        """Where the setting was made, for messages that must not show its value."""
        return self.places.get(name, "default")


def _assigned(tree: ast.Module) -> dict[str, int]:
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    stored = [node for node in names if isinstance(node.ctx, ast.Store)]
    return {node.id: node.lineno for node in stored if node.id.isupper()}


class _Reader:
    def __init__(self) -> None:
        self.space: dict[str, Any] = {}
        self.places: dict[str, str] = {}
        self.problems: list[str] = []

    def read(self, path: Path) -> None:
        try:
            tree = ast.parse(path.read_text(), str(path))
            before = dict(self.space)
            exec(compile(tree, str(path), "exec"), self.space)
        except Exception as error:
            sys.exit(f"Failed to read settings file: {path} [{error!r}]")
        for name, line in _assigned(tree).items():
            place = f"{path}:{line}"
            # 99-* holds a site's deliberate overrides; any other repetition is a mistake.
            again = name in self.places and before[name] != self.space[name]
            if again and not path.name.startswith("99-"):
                self.problems.append(f"{place}: {name} differs from {self.places[name]}")
            self.places[name] = place


def _access(folder: Path) -> Iterator[str]:
    expected = [(folder, 0o2750)] + [(path, 0o640) for path in sorted(folder.glob("*.conf"))]
    for path, mode in expected:
        stat = path.stat()
        owner = f"{pwd.getpwuid(stat.st_uid).pw_name}:{grp.getgrgid(stat.st_gid).gr_name}"
        found = f"{owner} {stat.st_mode & 0o7777:04o}"
        if found != f"root:synnefo {mode:04o}":
            yield f"{path}: is {found}, must be root:synnefo {mode:04o}"


def _declared(parts: dict[str, dict[str, Any]]) -> tuple[dict[str, str], dict[str, Any]]:
    """Name -> kind of all settings of these components; defaults of those that need not be set."""
    kinds, defaults = {}, {}
    for part in parts.values():
        kinds.update(part["settings"].get("required", {}))
        for name, (kind, default) in part["settings"].get("optional", {}).items():
            kinds[name], defaults[name] = kind, default
    return kinds, defaults


def _unknown(places: dict[str, str]) -> Iterator[str]:
    known, _ = _declared(components.installed())
    for name in set(places) - set(known):
        near = difflib.get_close_matches(name, known, 1, 0.5)
        hint = f", did you mean {near[0]}?" if near else ""
        yield f"{places[name]}: unknown setting {name}{hint}"


def load() -> Settings:
    """Load the settings of SYNNEFO_SETTINGS_DIR (default /etc/synnefo) or end the process."""
    folder = Path(os.environ.get("SYNNEFO_SETTINGS_DIR", SYSTEM_FOLDER))
    parts, reader = components.active(), _Reader()
    for path in sorted(folder.glob("*.conf")):
        reader.read(path)
    problems = reader.problems + (list(_access(folder)) if folder == SYSTEM_FOLDER else [])
    problems += sorted(_unknown(reader.places))
    kinds, values = _declared(parts)
    values.update({k: v for k, v in reader.space.items() if k.isupper()})
    missing = sorted(set(kinds) - set(values))
    problems += [f"{folder}: required setting {name} is not set" for name in missing]
    for name, kind in kinds.items():
        if name in reader.places and (fault := types.fault(kind, values[name])):
            problems.append(f"{reader.places[name]}: {name} {fault}")
    settings = Settings(values, reader.places, set(parts))
    if problems := problems or consistency.problems(settings):
        sys.exit("\n".join(["Settings refused:", *(f"  {problem}" for problem in problems)]))
    return settings
