"""JSON schemas derived from the dataclasses of `files`: for `validate`, and for editors.

Only what the dataclasses need is translated; a type outside that is a bug and raises TypeError.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from golden import atomic
from golden.definition import files
from golden.definition.fields import Doc, Key, NotEmpty, Range, Rule

Schema = dict[str, Any]

FAMILIES = {
    "release": files.ReleaseFile,
    "site": files.SiteFile,
    "kind": files.KindFile,
    "role": files.RoleFile,
}

# Our own keywords, which other readers of a schema ignore. The first holds the family of names to
# which the text must belong (`Rule.names`), the second completes "'x' is not …" (`Rule.words`).
NAMES = "x-names"
RULE = "x-rule"

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}


@functools.cache
def file_schema(model: type) -> Schema:
    """The schema of a file described by the dataclass `model`. Do not change what it returns."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object(model)}


def fields(model: type) -> Mapping[str, tuple[dataclasses.Field[Any], Any]]:
    """The keys a file of `model` may have, each with its dataclass field and its type."""
    return _fields(model)


@functools.cache
def _fields(model: type) -> Mapping[str, tuple[dataclasses.Field[Any], Any]]:
    hints = get_type_hints(model, include_extras=True)
    result = {}
    for field in dataclasses.fields(model):
        hint = hints[field.name]
        notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        key = next((note.name for note in notes if isinstance(note, Key)), field.name)
        result[key] = (field, hint)
    return result


def export(directory: Path) -> list[Path]:
    """Write `<family>.schema.json` for each family of files into `directory`.

    Returns the paths of those that were not like that already.
    """
    directory.mkdir(parents=True, exist_ok=True)
    targets = {directory / f"{name}.schema.json": text for name, text in texts().items()}
    return [path for path, text in targets.items() if _replace(path, text)]


def texts() -> dict[str, str]:
    """The exported form of each family's schema."""
    return {
        name: json.dumps(_exported(file_schema(model)), indent=2, ensure_ascii=False) + "\n"
        for name, model in FAMILIES.items()
    }


def _exported(schema: Schema) -> Schema:
    """`schema` for an editor, which sees a file alone: one that is like another may lack keys."""
    if "like" not in schema["properties"]:
        return schema
    own, *others = schema["required"]
    alone = {"if": {"not": {"required": ["like"]}}, "then": {"required": others}}
    return {**schema, "required": [own], **alone}


def _replace(path: Path, text: str) -> bool:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    atomic.write(path, text)
    return True


def _object(model: type) -> Schema:
    members = fields(model)
    required = [key for key, (field, _) in members.items() if _is_required(field)]
    return {
        "description": " ".join((model.__doc__ or "").split()),
        "type": "object",
        "properties": {key: type_schema(hint) for key, (_, hint) in members.items()},
        "required": required,
        "additionalProperties": False,
    }


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def type_schema(hint: Any) -> Schema:
    """The schema of one type; TypeError for one that no file needs."""
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if dataclasses.is_dataclass(hint):
        return _object(hint)  # type: ignore[arg-type]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _noted(type_schema(arguments[0]), arguments[1:])
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return _union([type_schema(argument) for argument in arguments])
    if origin is tuple:
        return _list(type_schema(arguments[0]))
    if origin is Mapping:
        names, values = (type_schema(argument) for argument in arguments)
        return {"type": "object", "propertyNames": names, "additionalProperties": values}
    raise TypeError(f"no JSON schema for {hint}")


def _list(item: Schema) -> Schema:
    schema: Schema = {"type": "array", "items": item}
    if RULE in item:
        # A name listed twice is always a slip; free text, numbers and mappings may repeat.
        schema["uniqueItems"] = True
    return schema


def _union(members: list[Schema]) -> Schema:
    """One schema for either: a keyword for one type says nothing about values of another."""
    merged: Schema = {}
    kinds: list[str] = []
    for member in members:
        kinds += [member["type"]] if isinstance(member["type"], str) else member["type"]
        merged |= member
    return merged | {"type": kinds}


def _noted(schema: Schema, notes: tuple[Any, ...]) -> Schema:
    """`schema` narrowed and explained by the annotations of its type."""
    for note in notes:
        match note:
            case Rule():
                schema |= _rule(note)
            case Doc(text=text):
                schema["description"] = "; ".join(filter(None, [text, schema.get("description")]))
            case Range(least=least, greatest=greatest):
                schema |= {"minimum": least, "maximum": greatest}
            case NotEmpty():
                schema["minItems"] = 1
    return schema


def _rule(rule: Rule) -> Schema:
    keywords = {"pattern": rule.pattern, "format": rule.format, NAMES: rule.names}
    words = {"description": rule.words, RULE: rule.words}
    return words | {key: text for key, text in keywords.items() if text}
