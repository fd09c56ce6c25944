"""From the plans of all sites to the tasks of one graph: what several sites share is one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from golden.bake.planning import Plan, Step
from golden.errors import UserError

# What a task needs of its worker, as `dask worker --resources` names it: to be root of a namespace,
# and MiB of disk. A layer of 1.5 GB comes with its packages; a disk is written once raw, too.
ROOT, DISK = "root", "disk"
LAYER_MIB, DISK_MIB = 3072, 4096

Resources = Mapping[str, float]


@dataclass(frozen=True)
class Task:
    """A layer or a disk: `step` of `site`'s plan, which others may share; `needs` are keys.

    `label` is what people see, `seconds` what it took last time.
    """

    key: str
    site: str
    step: str
    label: str
    needs: tuple[str, ...]
    seconds: float | None

    @property
    def is_disk(self) -> bool:
        """Whether it is a disk."""
        return self.key.startswith("disk-")

    @property
    def resources(self) -> Resources:
        """What it takes of its worker."""
        return {ROOT: 1, DISK: DISK_MIB if self.is_disk else LAYER_MIB}


def tasks(plans: Sequence[Plan]) -> list[Task]:
    """What is stale in `plans`, each layer once, in an order in which it can be made."""
    found: dict[str, Task] = {}
    for plan in plans:
        keys = {step.name: _key(plan, step) for step in plan.stale}
        for step in plan.stale:
            label = step.name if len(plans) == 1 else f"{plan.site}:{step.name}"
            needs = tuple(keys[name] for name in step.needs)
            key = keys[step.name]
            found.setdefault(key, Task(key, plan.site, step.name, label, needs, step.seconds))
    return list(found.values())


def _key(plan: Plan, step: Step) -> str:
    # A disk has its place: two kinds do not share one of the same bytes.
    is_disk = step.name.endswith(".disk")
    return f"disk-{plan.site}-{step.name}-{step.key}" if is_disk else f"layer-{step.key}"


def require_offered(found: Sequence[Task], offers: Mapping[str, Resources]) -> None:
    """Raise UserError unless a worker of `offers` ({address: resources}) is enough for each task:
    dask would let it wait for one for ever."""
    for task in found:
        if not any(
            all(offer.get(name, 0) >= much for name, much in task.resources.items())
            for offer in offers.values()
        ):
            asked = " ".join(f"{name}={much}" for name, much in task.resources.items())
            raise UserError(
                f"--farm: no worker offers what {task.label} needs: start one with: dask worker "
                f'--resources "{asked}" …'
            )
