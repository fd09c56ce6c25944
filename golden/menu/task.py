"""The decorator of every task: expected errors end in one message and an exit code."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from golden import log
from golden.bump.journal import Journal
from golden.errors import STAGE_ERROR_CODE, USER_ERROR_CODE, StageError, UserError
from golden.menu.parsing import Word
from golden.paths import HOME

DEFAULT_SITE = "rehearsal"
# invoke gives a list; it would take another default's type, and a tuple cuts "node1" in letters.
Nodes = Sequence[str] | None
HELP = {
    "site": "a file of images/sites/ without its .yaml",
    "node": "only this node; may be given more than once",
    "target": "where the nodes boot: qemu, container, libvirt or metal",
    "connect": "the libvirt for --target libvirt: qemu:///system, qemu+ssh://USER@HOST/system",
    "verbose": "print every line of the work, not only what it does now",
    "json": "print JSON for another program",
}


class _Task(Task[Callable[..., None]]):
    # The option that may also be given as a word behind the task, or not at all.
    word = ""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """invoke's own, but an option that may be repeated wants a value each time.

        Else `inv down --node` would mean all nodes: invoke takes the [] that such an option
        begins with for a value.
        """
        arguments = super().get_arguments(ignore_unknown_help)
        for argument in arguments:
            if argument.kind is list:
                argument.raw_value = None
            if argument.name == self.word:
                argument.__class__ = Word
        return arguments


def _is_ours(error: PermissionError) -> bool:
    """Whether it is about what the tool makes, as opposed to a bug of the tool."""
    return isinstance(error.filename, str) and Path(error.filename).is_relative_to(HOME)


def _exit(error: Exception, code: int) -> Exit:
    log.error(str(error))
    return Exit(code=code)


def task(*names: str, word: str = "", **options: Any) -> Callable[[Callable[..., None]], Any]:
    """An invoke task whose expected errors end in one message and an exit code, no traceback.

    `names` picks help texts from `HELP`. `word` is the option that may also be given as a word
    without its name. Other options are invoke's own.
    """
    options["help"] = {**{name: HELP[name] for name in names}, **options.get("help", {})}

    def wrap(body: Callable[..., None]) -> Any:
        @functools.wraps(body)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                # A killed bump leaves no half of it for whoever comes next.
                Journal().settle()
                body(*args, **kwargs)
            except UserError as error:
                raise _exit(error, USER_ERROR_CODE) from None
            except StageError as error:
                raise _exit(error, STAGE_ERROR_CODE) from None
            except PermissionError as error:
                if not _is_ours(error):
                    raise
                message = (
                    f"{error.filename}: this user may not use it; run as the user who made it (was "
                    f"it root?), or give it to this one with: chown -R {os.geteuid()} {HOME}"
                )
                raise _exit(UserError(message), USER_ERROR_CODE) from None

        made: Any = invoke_task(guarded, klass=_Task, **options)
        made.word = word
        return made

    return wrap
