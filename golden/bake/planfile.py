"""A plan in a file: what was reviewed is baked, or nothing is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import atomic, paths
from golden.bake.planning import Plan
from golden.errors import MALFORMED, UserError
from golden.layers.reasons import Side, changes

FORMAT = 1


@dataclass(frozen=True)
class PlanFile:
    """The plan in `path`: for which `site`, `nodes` and `format`, and the inputs of each step."""

    path: Path
    site: str
    nodes: tuple[str, ...]
    format: str
    inputs: Mapping[str, Any]

    def require(self, now: Plan) -> None:
        """Raise UserError, naming the differences, unless `now` has the inputs of this plan."""
        moved = []
        for step in now.steps:
            old = self.inputs.get(step.name)
            if old is None:
                moved.append(f"{step.name}: it is new")
            elif old != step.inputs:
                moved.append(f"{step.name}: {'; '.join(changes(Side(old), Side(step.inputs)))}")
        gone = self.inputs.keys() - {step.name for step in now.steps}
        moved += [f"{name} is gone" for name in sorted(gone)]
        if moved:
            raise UserError(
                f"{paths.shown(self.path)}: the inputs changed since this plan was made: "
                f"{' / '.join(moved)}; review them and plan again with: ./inv plan --site "
                f"{self.site} --out {paths.shown(self.path)}"
            )


def write(path: Path, plan: Plan) -> None:
    """Write `plan` to `path` as JSON. Raises UserError when that is not possible."""
    record = {"plan": FORMAT, **plan.to_json()}
    if not path.parent.is_dir():
        raise UserError(f"--out {path}: there is no folder {path.parent}; make it, or name another")
    try:
        atomic.write(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UserError(f"--out {path}: {error.strerror}; name a file elsewhere") from None


def read(path: Path) -> PlanFile:
    """The plan in `path`. Raises UserError when there is none."""
    try:
        record = json.loads(path.read_text())
        if record["plan"] != FORMAT:
            raise ValueError
        inputs = {step["name"]: step["inputs"] for step in record["items"]}
        return PlanFile(path, record["site"], tuple(record["nodes"]), record["format"], inputs)
    except OSError as error:
        why = error.strerror
    except MALFORMED:
        why = "this is no plan"
    raise UserError(f"--plan {path}: {why}; make one with: ./inv plan --out {path}")
