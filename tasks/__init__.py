"""The menu: what an operator can ask for. Each task is thin and calls one function of golden/.

A module here holds the tasks of one subject. Imports of golden's parts stand inside the tasks, so
that `inv --list` and a bake with nothing to do stay quick.
"""

from __future__ import annotations

from types import ModuleType

from invoke.collection import Collection
from invoke.tasks import Task

from tasks import baking, booting, keeping, metal, releasing

SUBJECTS: tuple[ModuleType, ...] = (baking, booting, metal, keeping, releasing)


def menu() -> Collection:
    """Every task of every subject, under its own name."""
    collection = Collection()
    for subject in SUBJECTS:
        for item in vars(subject).values():
            if isinstance(item, Task):
                collection.add_task(item)
    return collection
