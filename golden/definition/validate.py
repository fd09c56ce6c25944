"""Validate a document against its schema; each deviation becomes a problem for the user."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from golden.definition import schema
from golden.definition.document import Document, Keys
from golden.definition.problems import nearest

# The valid names of each family (`fields.Rule.names`).
Names = Mapping[str, Collection[str]]

Found = Iterator[tuple[Keys, str]]

# A jsonschema.ValidationError; its stubs allow for attributes that are not set.
Error = Any

# RFC 1122, 3.2.1.3: sent by a host that does not know its address yet.
THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a mapping of keys to values",
}


def validate(document: Document, model: type, names: Names) -> None:
    """Report every deviation of `document` from `model` of `files`."""
    validate_value(document, (), document.data, schema.file_schema(model), names)


def validate_value(
    document: Document, place: Keys, value: Any, expected: schema.Schema, names: Names
) -> None:
    """Report every deviation of `value`, at `place` of `document`, from the schema `expected`."""
    for error in _validator(expected, names).iter_errors(value):
        keys = (*place, *error.absolute_path)
        if "propertyNames" in error.absolute_schema_path:
            # The validator is then at the key itself, and its path ends at the mapping.
            keys += (error.instance,)
        for found, message in _EXPLAIN[error.validator](error, keys, document):
            document.problem(found, message)


def _validator(expected: schema.Schema, names: Names) -> Any:
    validator, formats = _classes()
    return validator(expected, format_checker=formats(names))


@functools.cache
def _classes() -> tuple[Any, Any]:
    """A validator that also knows `schema.NAMES`, and what it is told the valid names by."""
    # Imported late: it takes long, and the models alone do not need it.
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

    class Formats(FormatChecker):
        def __init__(self, names: Names) -> None:
            super().__init__(())
            self.names = names
            self.checks("ipv4", ValueError)(_parses(_host_address))
            self.checks("ipv4-network", ValueError)(_parses(_host_network))

    def named(validator: Any, family: str, value: Any, _: Any) -> Iterator[ValidationError]:
        names = validator.format_checker.names[family]
        if isinstance(value, str) and value not in names:
            yield ValidationError(f"unknown {family} '{value}'; {nearest(value, names)}")

    def matches(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
        # jsonschema searches, and Python's "$" also matches before a last newline.
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            yield ValidationError(pattern)

    extend: Any = validators.extend
    return extend(Draft202012Validator, {schema.NAMES: named, "pattern": matches}), Formats


def _host_address(text: str) -> None:
    """Raise ValueError unless `text` is an address that a host can have."""
    address = ipaddress.IPv4Address(text)
    if address.is_multicast or address.is_reserved or address in THIS_NETWORK:
        raise ValueError(text)


def _host_network(text: str) -> None:
    """Raise ValueError unless `text` is a network in which hosts can have addresses."""
    network = ipaddress.IPv4Network(text)
    unusable = network.is_loopback or network.is_multicast or network.is_reserved
    # IPv4Network also takes a mask, no length at all and, as the network "this", 0.0.0.0/8.
    if str(network) != text or unusable or network.network_address in THIS_NETWORK:
        raise ValueError(text)


def _parses(parse: Callable[[str], object]) -> Callable[[object], bool]:
    """A format check that ignores what is not text; the type check reports that."""

    def check(value: object) -> bool:
        if isinstance(value, str):
            parse(value)
        return True

    return check


# ---- one function per keyword of JSON schema that `schema` uses


def _unknown_keys(error: Error, keys: Keys, _: Document) -> Found:
    valid = error.schema["properties"]
    for key in error.instance:
        if key not in valid:
            yield (*keys, key), f"unknown key; {nearest(key, valid)}"


def _missing_keys(error: Error, keys: Keys, _: Document) -> Found:
    for key in error.validator_value:
        if key not in error.instance:
            yield (*keys, key), "this key is missing"


def _wrong_type(error: Error, keys: Keys, document: Document) -> Found:
    allowed = error.validator_value
    allowed = [allowed] if isinstance(allowed, str) else allowed
    expected = " or ".join(_TYPES[name] for name in allowed)
    raw = document.raw(keys)
    if isinstance(error.instance, dict | list):
        kind = "a list" if isinstance(error.instance, list) else "a mapping"
        yield keys, f"expected {expected}, found {kind}"
    elif "string" in allowed and raw:
        # YAML 1.1 reads 0640, 1.0, on and 52:54:00:12:34:56 as something else than text.
        yield keys, f"expected {expected}: put {raw} in quotes"
    else:
        yield keys, f"expected {expected}, found {raw or 'nothing'}"


def _not_a_choice(error: Error, keys: Keys, _: Document) -> Found:
    yield keys, f"'{error.instance}' is not valid; {nearest(str(error.instance), _texts(error))}"


def _texts(error: Error) -> list[str]:
    return [str(choice) for choice in error.validator_value]


def _breaks_rule(error: Error, keys: Keys, _: Document) -> Found:
    yield keys, f"'{error.instance}' is not {error.schema[schema.RULE]}"


def _out_of_range(error: Error, keys: Keys, _: Document) -> Found:
    least, greatest = error.schema["minimum"], error.schema["maximum"]
    yield keys, f"{error.instance} is not between {least} and {greatest}"


def _empty(_: Error, keys: Keys, __: Document) -> Found:
    yield keys, "the list must not be empty"


def _repeated(error: Error, keys: Keys, _: Document) -> Found:
    for index, item in enumerate(error.instance):
        if item in error.instance[:index]:
            yield (*keys, index), f"'{item}' is already in this list"


def _unknown_name(error: Error, keys: Keys, _: Document) -> Found:
    yield keys, error.message


_EXPLAIN: Mapping[object, Callable[[Error, Keys, Document], Found]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _not_a_choice,
    "pattern": _breaks_rule,
    "format": _breaks_rule,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minItems": _empty,
    "uniqueItems": _repeated,
    schema.NAMES: _unknown_name,
}
