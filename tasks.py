"""The door: `invoke TASK` here or in any folder below, with a Python that has the dependencies.

`./inv TASK` brings what is missing, then runs the same invoke. The tasks are in golden/menu/.
"""

from __future__ import annotations

import contextlib
import locale
import os
import sys
from importlib.util import find_spec

from invoke.exceptions import Exit

# One import name of each dependency in pyproject.toml that a task needs.
NEEDED = (
    *(
        "cryptography",
        "cyclonedx",
        "debian",
        "docker",
        "elftools",
        "filelock",
        "jinja2",
        "jsonschema",
    ),
    *("pycdlib", "pytest", "requests", "rich", "selenium", "testinfra", "torf", "xdist", "yaml"),
    "zstandard",
)
if missing := [name for name in NEEDED if find_spec(name) is None]:
    raise Exit(
        f"error: this Python lacks {', '.join(missing)}, which ./inv installs: type ./inv where "
        "you typed invoke, or activate .venv, which ./inv made",
        code=2,
    )

# invoke never lets Python keep what it has compiled (its --write-pyc), which is a third of a second
# of every task; whoever wants that says so to Python.
sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

from golden import log, menu, run  # noqa: E402

# What goes into an image must not depend on the operator's umask; a secret gets its mode by name.
os.umask(0o022)
run.end_with_children()
log.accept_any_stream()
# Our files are UTF-8, whatever the terminal is.
with contextlib.suppress(locale.Error):
    locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
namespace = menu.namespace()
