"""What makes invoke a menu of ours: expected errors end in one message and our exit codes."""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from invoke.exceptions import Exit, ParseError
from invoke.parser.argument import Argument
from invoke.program import Program
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from golden import log
from golden.errors import STAGE_ERROR_CODE, USER_ERROR_CODE, StageError, UserError
from golden.journal import Journal
from golden.paths import HOME


class Menu(Program):
    """invoke's command line; what it cannot parse is a user error like any other."""

    def parse_tasks(self) -> None:
        """Raises Exit with USER_ERROR_CODE for unknown tasks and options and missing values."""
        self.core.unparsed = self._with_names(self.core.unparsed)
        try:
            super().parse_tasks()
        except ParseError as error:
            log.error(_in_words(error))
            raise Exit(code=USER_ERROR_CODE) from None

    def print_task_help(self, name: str) -> None:
        """A task's words, what it does, and its options with what each of them takes."""
        context = self.parser.contexts[name]
        words = [argument.name.upper() for argument in context.positional_args]
        if option := getattr(self.collection.tasks[name], "optional_word", ""):
            words.append(f"[{option.upper()}]")
        told = inspect.getdoc(self.collection[name])
        log.raw(" ".join(["Usage: ./inv", name, *words, "[options]"]) + f"\n\n{told}")
        lists = {argument.name for argument in context.args.values() if argument.kind is list}
        options = [(_option(flags, lists), text) for flags, text in context.help_tuples() if text]
        if options:
            log.raw("")
            self.print_columns(options)

    def _with_names(self, words: Sequence[str]) -> list[str]:
        """`words` with the option's name before a task's optional word: invoke's own positional
        arguments must be given."""
        named: list[str] = []
        for before, word in zip(("", *words), words, strict=False):
            option = getattr(self.collection.tasks.get(before), "optional_word", "")
            plain = not word.startswith("-") and word not in self.collection.tasks
            named += [f"--{option}", word] if option and plain else [word]
        return named


def _option(flags: str, lists: set[str]) -> str:
    """invoke's `-s STRING, --site=STRING` in words: `-s SITE, --site=SITE`, and so for lists."""
    name = flags.rpartition("--")[2].partition("=")[0]
    if name.replace("-", "_") in lists:
        flags = f"{flags.replace(',', ' STRING,', 1)}=STRING"
    return re.sub("STRING|INT", name.upper(), flags)


def _in_words(error: ParseError) -> str:
    text = str(error).rstrip("!")
    text = re.sub(r"^Flag <Argument: (\S+).* needed value .*", r"--\1 needs a value", text)
    task = getattr(error.context, "name", None)
    if task:
        return f"{text}; ./inv --help {task} shows what it takes"
    return f"{text}; ./inv --list shows the tasks"


class _Task(Task[Callable[..., None]]):
    # The option that may be given as a word behind the task, or not at all.
    optional_word = ""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """invoke's own, but an option that may be repeated wants a value each time.

        Else `./inv down --node` would mean all nodes: invoke takes the [] that such an option
        begins with for a value.
        """
        arguments = super().get_arguments(ignore_unknown_help)
        for argument in arguments:
            if argument.kind is list:
                argument.raw_value = None
        return arguments


def _is_ours(error: PermissionError) -> bool:
    """Whether it is about what the tool makes, as opposed to a bug of the tool."""
    return isinstance(error.filename, str) and Path(error.filename).is_relative_to(HOME)


def task(
    *names: str, texts: Mapping[str, str], word: str = "", **options: Any
) -> Callable[[Callable[..., None]], Any]:
    """An invoke task whose expected errors end in one message and an exit code, no traceback.

    `names` picks help texts from `texts`. `word` is the option that may also be given as a word
    without its name. Other options are invoke's own.
    """
    options["help"] = {**{name: texts[name] for name in names}, **options.get("help", {})}

    def wrap(body: Callable[..., None]) -> Any:
        @functools.wraps(body)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                # A killed bump leaves no half of it for whoever comes next.
                Journal().settle()
                body(*args, **kwargs)
            except UserError as error:
                log.error(str(error))
                raise Exit(code=USER_ERROR_CODE) from None
            except StageError as error:
                log.error(str(error))
                raise Exit(code=STAGE_ERROR_CODE) from None
            except PermissionError as error:
                if not _is_ours(error):
                    raise
                log.error(
                    f"{error.filename}: this user may not use it; run as the user who made it (was "
                    f"it root?), or give it to this one with: chown -R {os.geteuid()} {HOME}"
                )
                raise Exit(code=USER_ERROR_CODE) from None

        made: Any = invoke_task(guarded, klass=_Task, **options)
        made.optional_word = word
        return made

    return wrap
