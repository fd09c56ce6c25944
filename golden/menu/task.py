"""The decorator of every task: an expected error is one message and an exit code."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from golden import log
from golden.boot import target
from golden.bump.journal import Journal
from golden.errors import STAGE_ERROR_CODE, USER_ERROR_CODE, StageError, UserError
from golden.menu.parsing import Word
from golden.paths import HOME

DEFAULT_SITE = "rehearsal"
# invoke gives a list; it would take another default's type, and a tuple cuts "node1" in letters.
Nodes = Sequence[str] | None
HELP = {
    "site": "a file of images/sites/ without .yaml",
    "node": "only this node (repeatable)",
    "target": f"where the nodes boot: {', '.join(target.NAMES)}",
    "verbose": "print every line of the work",
    "json": "print JSON",
    "packages": "a folder of .debs of the site's own, which go before those of the sources",
}


def one_of(**flags: object) -> None:
    """Raise UserError when more than one of the options is given, by their Python names."""
    given = [f"--{name.replace('_', '-')}" for name, value in flags.items() if value]
    if len(given) > 1:
        raise UserError(f"{' and '.join(given)} exclude each other: give one of them")


class _Task(Task[Callable[..., None]]):
    # The option that may also be given as a word behind the task, or not at all.
    word = ""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """invoke's own, but an option that may be repeated wants a value each time.

        Else `inv down --node` would mean all nodes: invoke takes the [] that such an option
        begins with for a value. And the texts of the help stay, which invoke uses up.
        """
        texts = dict(self.help)
        arguments = super().get_arguments(ignore_unknown_help)
        self.help = texts
        for argument in arguments:
            if argument.kind is list:
                argument.raw_value = None
            if argument.name == self.word:
                argument.__class__ = Word
        return arguments


# Faults of a disk, whatever file they are about; those of single files are bugs unless they are
# about files that this tool makes, and FileNotFoundError always is.
_FULL = {errno.ENOSPC, errno.EDQUOT}
_DISK = {errno.EIO, errno.EROFS, *_FULL}


def _explain(error: OSError) -> str:
    """What to do about a fault of this host's files; "" for a bug of the tool."""
    name = error.filename or error.filename2 or ""
    file = Path(os.fsdecode(name)) if isinstance(name, str | bytes) else Path()
    ours = file.is_absolute() and file.is_relative_to(HOME)
    if isinstance(error, FileNotFoundError) or not (ours or error.errno in _DISK):
        return ""
    what = f"{name}: {error.strerror}" if name else f"{error.strerror}"
    if error.errno in _FULL:
        return f"{what}: make room (./inv gc --dry-run shows what can go) and try again"
    if isinstance(error, PermissionError):
        return (
            f"{name}: this user may not use it; run as the user who made it (was it root?), or "
            f"give it to this one with: chown -R {os.geteuid()} {HOME}"
        )
    return f"{what}: correct that, or put .cache, .artifacts and .secrets on another disk"


def _exit(error: Exception, code: int) -> Exit:
    log.error(str(error))
    return Exit(code=code)


def _with_options(body: Callable[..., None], declared: Mapping[str, target.Option]) -> Signature:
    """The signature of `body` with the options of targets in place of its **options."""
    kept = [one for one in signature(body).parameters.values() if one.kind != Parameter.VAR_KEYWORD]
    # invoke reads an option's kind off its default; one that may be repeated is `iterable`.
    defaults: dict[type, object] = {str: "", bool: False, list: None}
    more = [
        Parameter(option.name, Parameter.KEYWORD_ONLY, default=defaults[option.kind])
        for option in declared.values()
    ]
    return Signature([*kept, *more])


def task(
    *names: str, word: str = "", of_targets: str = "", **options: Any
) -> Callable[[Callable[..., None]], Any]:
    """An invoke task whose expected errors end in one message and an exit code, no traceback.

    `names` picks help texts from `HELP`. `word` is the option that may also be given as a word
    without its name. The task called `of_targets` also takes the options that targets declare for
    it, as its **options. Other options are invoke's own.
    """
    declared = target.options(of_targets) if of_targets else {}
    options["help"] = {
        **{name: HELP[name] for name in names},
        **{name: option.help for name, option in declared.items()},
        **options.get("help", {}),
    }
    repeated = [name for name, option in declared.items() if option.kind is list]
    options["iterable"] = [*options.get("iterable", ()), *repeated]

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
            except OSError as error:
                if isinstance(error, BrokenPipeError) or not (message := _explain(error)):
                    raise
                raise _exit(UserError(message), USER_ERROR_CODE) from None

        guarded.__signature__ = _with_options(body, declared)  # type: ignore[attr-defined]
        made: Any = invoke_task(guarded, klass=_Task, **options)
        made.word = word
        return made

    return wrap
