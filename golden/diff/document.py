"""Every difference between two images as plain data: for --json and the page."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from golden.diff import compare, origin, subjects
from golden.diff.compare import Change
from golden.diff.sides import Side
from golden.errors import UserError
from golden.layers import overlay
from golden.layers.overlay import Tree


def make(a: Side, b: Side) -> dict[str, Any]:
    """{a, b, packages, files, services, ports, accounts, privileged, sizes, seconds, noise}.

    Each subject but files is a list of [name, before, after]; sizes are bytes.
    """
    old, new = _trees(a, b)
    found = list(compare.changes(old, new))
    counted = [change for change in found if not change.noise]
    touched = [change.path for change in found]
    return {
        "a": _named(a),
        "b": _named(b),
        **{
            name: subjects.differences(subject(old, touched), subject(new, touched))
            for name, subject in subjects.SUBJECTS.items()
        },
        "files": [_file(change, new) for change in counted],
        "sizes": _sizes(old, new),
        "seconds": subjects.differences(_seconds(a.manifest), _seconds(b.manifest)),
        "noise": [change.path for change in found if change.noise],
    }


def _trees(a: Side, b: Side) -> tuple[Tree, Tree]:
    """The files of both; the layers that they share are read once."""
    pairs = itertools.takewhile(
        lambda pair: pair[0] == pair[1], zip(a.layers, b.layers, strict=False)
    )
    shared = len(list(pairs))
    try:
        common = overlay.merged(a.layers[:shared])
        return overlay.merged(a.layers[shared:], common), overlay.merged(b.layers[shared:], common)
    except OSError as error:
        # A folder of a running system, say: its /proc changes, and parts of it nobody may read.
        raise UserError(
            f"{error.filename}: {error.strerror}; compare images, or folders of files at rest"
        ) from error


def _named(side: Side) -> dict[str, str]:
    record = side.manifest
    return {
        "name": side.name,
        "baked": str(record.get("baked", "")),
        "tree": str(record.get("tree", ""))[:12],
    }


def _file(change: Change, image: Tree) -> dict[str, Any]:
    """A changed file. `origin` is the file of images/ it is made from; `template` maps each added
    line to the number of the line there that it comes from."""
    entry = image.get(change.path)
    text = (entry.text() or "") if entry and change.lines else ""
    source = origin.source(text)
    added = [line[1:] for line in change.lines[2:] if line.startswith("+")]
    found = {**asdict(change), "origin": source}
    del found["noise"]
    found["template"] = origin.template_lines(source, added) if source else {}
    return found


def _sizes(old: Tree, new: Tree) -> list[tuple[str, int, int]]:
    before, after = subjects.sizes(old), subjects.sizes(new)
    changed = [name for name in before.keys() | after.keys() if before[name] != after[name]]
    ordered = sorted(changed, key=lambda name: (-abs(after[name] - before[name]), name))
    return [(name, before[name], after[name]) for name in ordered]


def _seconds(record: Mapping[str, Any]) -> dict[str, str]:
    """{layer or disk: seconds that its bake took}."""
    layers: Sequence[Mapping[str, Any]] = record.get("layers", ())
    found = {layer["name"]: layer["seconds"] for layer in layers}
    for name, each in record.get("artifacts", {}).items():
        found[f"{name} disk"] = each["seconds"]["all"]
    return {name: f"{seconds:.1f}" for name, seconds in found.items() if seconds is not None}
