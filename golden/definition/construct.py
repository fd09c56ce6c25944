"""Validated data as dataclasses."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from golden.definition import schema

Model = TypeVar("Model")


def construct(model: type[Model], data: Mapping[str, Any]) -> Model:
    """An instance of `model`, a dataclass of `files`, from `data` that passed `validate`."""
    given = {
        field.name: _value(hint, data[key])
        for key, (field, hint) in schema.fields(model).items()
        if key in data
    }
    return model(**given)


def _value(hint: Any, data: Any) -> Any:
    """`data` as the type `hint`: lists become tuples, mappings of a dataclass its instances."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _value(arguments[0], data)
    if dataclasses.is_dataclass(hint):
        return construct(hint, data)  # type: ignore[arg-type]
    if origin is Mapping:
        return {key: _value(arguments[1], value) for key, value in data.items()}
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in data)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, data)
    return data


def _one_of(hints: tuple[Any, ...], data: Any) -> Any:
    """`data` as the one of `hints` that it is: of mappings and lists there is at most one each."""
    if isinstance(data, list):
        return tuple(data)
    model = next((hint for hint in hints if dataclasses.is_dataclass(hint)), None)
    return construct(model, data) if model and isinstance(data, dict) else data  # type: ignore[arg-type]
