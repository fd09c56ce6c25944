"""How a recorder ends: an expected error is one message and the exit code that a task gives it."""

from __future__ import annotations

from collections.abc import Callable

from golden import log
from golden.errors import STAGE_ERROR_CODE, USER_ERROR_CODE, StageError, UserError


def exit_code(work: Callable[[], int]) -> int:
    """What `work` returns, or the exit code of the expected error in which it ended."""
    try:
        return work()
    except UserError as error:
        log.error(str(error))
        return USER_ERROR_CODE
    except StageError as error:
        log.error(str(error))
        return STAGE_ERROR_CODE
