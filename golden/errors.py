"""The two kinds of error meant for users; anything else is a bug and keeps its traceback."""

from __future__ import annotations

import contextlib
import errno
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# What reading raises where a file holds something else than it should: other types or names, text
# that is no JSON, or JSON too deep or too large for Python.
MALFORMED = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError),
    *(RecursionError, OverflowError),
)
USER_ERROR_CODE = 2
STAGE_ERROR_CODE = 1


class UserError(Exception):
    """The request or the definition is invalid.

    The message is one sentence (or one line per problem) saying where (file:line or option), what
    is valid, and what to do.
    """


class StageError(Exception):
    """A stage of the pipeline failed while it ran.

    `command` is the argv that failed, `code` its exit status, `tail` its last output lines, `log`
    the file that holds all of it, `hint` what to do next.
    """

    def __init__(
        self,
        stage: str,
        message: str,
        *,
        command: Sequence[str] = (),
        code: int | None = None,
        tail: Sequence[str] = (),
        log: Path | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.stage = stage
        self.message = message
        self.command = tuple(command)
        self.code = code
        self.tail = tuple(tail)
        self.log = log
        self.hint = hint

    def __reduce__(self) -> tuple[Callable[..., StageError], tuple[str, str], dict[str, Any]]:
        # Exception's own would call it with the message alone, in the process that it travels to.
        return type(self), (self.stage, self.message), vars(self)

    def __str__(self) -> str:
        lines = [f"{self.stage}: {self.message}" if self.stage else self.message]
        if self.command:
            lines.append(f"  command: {shlex.join(self.command)}")
        if self.code is not None:
            lines.append(f"  exit code: {self.code}")
        lines += [f"  | {line}" for line in self.tail]
        if self.log:
            lines.append(f"  log: {self.log}")
        if self.hint:
            lines.append(f"  next: {self.hint}")
        return "\n".join(lines)


class FullDiskError(StageError):
    """There is no space left where a stage writes."""


@contextlib.contextmanager
def explain_full_disk(stage: str, where: str, hint: str) -> Iterator[None]:
    """A FullDiskError for a disk that fills while `stage` writes to `where`."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise FullDiskError(stage, f"no space left on the disk of {where}", hint=hint) from error
