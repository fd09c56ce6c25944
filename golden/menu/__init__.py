"""The menu: what an operator can ask for. Each task is thin and calls one function of golden/.

A module here holds the tasks of one subject. Imports of golden's parts stand inside the tasks, so
that `inv --list` and a bake with nothing to do stay quick.
"""

from __future__ import annotations

from types import ModuleType

from invoke import program
from invoke.collection import Collection
from invoke.tasks import Task

from golden.menu import (
    baking,
    booting,
    completing,
    farm,
    keeping,
    metal,
    parsing,
    pool,
    release,
    state,
)

# What an operator types every day has a name of one word; the rest stands under its subject.
FLAT: tuple[ModuleType, ...] = (baking, booting, keeping)
GROUPS: dict[str, ModuleType] = {
    "release": release,
    "pool": pool,
    "metal": metal,
    "state": state,
    "farm": farm,
}
# Names before version 0.2, understood until the next version.
FORMER = {
    "releases": "release.list",
    "promote": "release.promote",
    "rollback": "release.rollback",
    "pool-status": "pool.status",
    "pool-export": "pool.export",
    "pool-import": "pool.import",
    "usb": "metal.usb",
    "flash": "metal.flash",
    "probe-host": "metal.probe",
    "will-it-boot": "metal.will-it-boot",
}


def namespace() -> Collection:
    """Every task: the flat ones under their own names, the others as GROUP.NAME."""
    parsing.install(FORMER)
    program.complete = completing.complete  # type: ignore[attr-defined, assignment]
    menu = Collection()
    for subject in FLAT:
        _add(menu, subject)
    for name, subject in GROUPS.items():
        group = Collection(name)
        _add(group, subject)
        menu.add_collection(group)
    return menu


def _add(collection: Collection, subject: ModuleType) -> None:
    for item in vars(subject).values():
        if isinstance(item, Task):
            collection.add_task(item)
