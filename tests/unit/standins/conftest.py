"""The stand-ins, unpacked as dpkg would, and a node's settings beside them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import run
from tests.unit.standins import services, site
from tests.unit.standins.unpacked import unpacked

PACKAGES = "usr/lib/python3/dist-packages"
Manage = Callable[..., run.Result]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All packages unpacked into one tree."""
    return unpacked(tmp_path_factory.mktemp("standins"))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """node1's settings; a test may change the files."""
    values = {"mail": tmp_path, "port": 1, "amqp": 1, "archipelago": "/nonexistent"}
    return site.write(tmp_path / "etc", site.NODE1, **values)


@pytest.fixture
def load(root: Path, settings: Path) -> Callable[[], run.Result]:
    """Load the settings as every Synnefo process does."""

    def act() -> run.Result:
        env = {"PYTHONPATH": str(root / PACKAGES), "SYNNEFO_SETTINGS_DIR": str(settings)}
        env["SYNNEFO_EXCLUDE_PACKAGES"] = site.WITHOUT["node1"]
        # Without the virtual environment's own paths: what is imported here needs only yaml.
        code = "from synnefo import settings; settings.load()"
        return run.run([sys.executable, "-c", code], env=env, check=False)

    return act


@pytest.fixture(autouse=True)
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports must leave nothing in the unpacked tree."""
    monkeypatch.setitem(os.environ, "PYTHONDONTWRITEBYTECODE", "1")


class Cloud:
    """Both nodes' settings over one throw-away PostgreSQL; commands run as on the nodes."""

    def __init__(self, root: Path, place: Path, port: int) -> None:
        self.root, self.place = root, place
        self.routes: dict[str, str] = {}
        for folder in ("mail", "segment", "blocks", "maps"):
            (place / folder).mkdir()
        config = place / "archipelago.conf"
        blocks, maps = place / "blocks", place / "maps"
        config.write_text(f"[blockerb]\narchip_dir={blocks}\n[blockerm]\narchip_dir={maps}\n")
        values = {"mail": place / "mail", "port": port, "amqp": 5672, "archipelago": config}
        site.write(place / "node1", site.NODE1, **values)
        site.write(place / "node2", site.NODE2, **values)

    def environment(self, node: str) -> dict[str, str]:
        """What makes a process one of the node's."""
        reroute = Path(__file__).parent / "reroute"
        return {
            "PYTHONPATH": f"{reroute}:{self.root / PACKAGES}",
            "SYNNEFO_SETTINGS_DIR": str(self.place / node),
            "SYNNEFO_EXCLUDE_PACKAGES": site.WITHOUT[node],
            "ROUTES": json.dumps(self.routes),
            "SEGMENT": str(self.place / "segment"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, program: str, *words: str, node: str = "node1", stdin: str = "") -> run.Result:
        """Run a program of the stand-ins with Debian's Python, which has psycopg2."""
        argv = ["/usr/bin/python3", self.root / program, *words]
        return run.run(argv, env=self.environment(node), stdin=stdin, check=False)

    def manage(self, *words: str, node: str = "node1", stdin: str = "") -> run.Result:
        """Run snf-manage."""
        return self.run("usr/bin/snf-manage", *words, node=node, stdin=stdin)


@pytest.fixture(scope="module")
def cloud(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud without tables yet."""
    with services.postgresql() as port:
        yield Cloud(root, tmp_path_factory.mktemp("cloud"), port)
