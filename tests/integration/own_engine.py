"""A Docker engine of a test's own, which ends with the test."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from golden import paths, run
from golden.boot.container import engine

DOCKERD = paths.SCRIPTS / "host" / "dockerd"


@contextlib.contextmanager
def own_engine(folder: Path) -> Iterator[docker.DockerClient]:
    """An engine with its data in `folder`, and DOCKER_HOST set to it; both are gone afterwards."""
    run.run([DOCKERD, "start", folder])
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", f"unix://{folder}/docker.sock")
            yield engine.connect()
    finally:
        run.run([DOCKERD, "stop", folder])
        shutil.rmtree(folder)
