"""What serves the console of a node that has no socket of its own."""

from __future__ import annotations

import sys

import pytest

from golden import run
from golden.boot.container.target import CONSOLE as CONTAINER
from golden.boot.libvirt.power import CONSOLE as LIBVIRT
from golden.paths import ROOT


@pytest.mark.parametrize("module", [CONTAINER, LIBVIRT])
def test_it_needs_no_library(module: str) -> None:
    # As golden.boot.consoles starts it. One import too many, and no node of the target boots.
    run.run([sys.executable, "-S", "-c", f"import {module}"], cwd=ROOT)
