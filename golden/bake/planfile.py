"""A plan in a file: what was reviewed is what is baked, or nothing is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import atomic, paths
from golden.bake.overview import Overview
from golden.errors import UserError
from golden.layers.reasons import Side, changes

FORMAT = 1


@dataclass(frozen=True)
class Planned:
    """The plan in `path`: for which `site`, `nodes` and `format` it was made, and from what."""

    path: Path
    site: str
    nodes: tuple[str, ...]
    format: str
    items: dict[str, dict[str, Any]]

    def require(self, now: Overview) -> None:
        """Raise UserError, naming what moved, unless all is to be made from what was planned."""
        moved = [
            f"{item.name}: {'; '.join(_moved(self.items.get(item.name), item.inputs))}"
            for item in now.items
            if (self.items.get(item.name) or {}).get("inputs") != item.inputs
        ]
        gone = sorted(self.items.keys() - {item.name for item in now.items})
        moved += [f"{name} is gone" for name in gone]
        if moved:
            raise UserError(
                f"{paths.shown(self.path)}: what goes in has moved since this plan was made: "
                f"{' / '.join(moved)}; look at it and plan again with: ./inv plan --site "
                f"{self.site} --out {paths.shown(self.path)}"
            )


def _moved(old: dict[str, Any] | None, inputs: Any) -> list[str]:
    return changes(Side(old["inputs"]), Side(inputs)) if old else ["it is new"]


def write(path: Path, overview: Overview) -> None:
    """Write `overview` to `path` as JSON. Raises UserError when its folder is not there."""
    if not path.parent.is_dir():
        raise UserError(f"--out {path}: there is no folder {path.parent}; make it, or name another")
    record = {"plan": FORMAT, **overview.to_json()}
    atomic.write(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> Planned:
    """The plan in `path`. Raises UserError when there is none."""
    try:
        record = json.loads(path.read_text())
        if record["plan"] != FORMAT:
            raise ValueError
        items = {item["name"]: item for item in record["items"]}
        known = Planned(path, record["site"], tuple(record["nodes"]), record["format"], items)
    except OSError as error:
        raise UserError(
            f"--plan {path}: {error.strerror}; make one with: ./inv plan --out {path}"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"--plan {path}: this is no plan; make one with: ./inv plan --out {path}"
        ) from None
    return known
