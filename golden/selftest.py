"""`inv test`: the tests of our own code, as opposed to the checks of an image."""

from __future__ import annotations

import sys

from golden import run
from golden.errors import StageError
from golden.paths import ROOT, TESTS


def self_test(*, slow: bool) -> None:
    """Run the unit tests, linters and type checks, or with `slow` the integration tests instead.

    Raises StageError when one fails; pytest's own output says which.
    """
    # The slow ones start VMs and bakes that fill both cores by themselves: one at a time.
    # A file's tests stay together: some share a database, and go on where the one before ended.
    together = ["-n", "auto", "--dist", "loadfile"]
    folder, options = ("integration", ["-m", "slow"]) if slow else ("unit", together)
    code = run.interactive([sys.executable, "-m", "pytest", TESTS / folder, *options], cwd=ROOT)
    if code != 0:
        raise StageError("test", "tests failed; pytest's output above says which", code=code)
