"""A copy of the checkout with caches and artifacts of its own, so that what is measured or recorded
changes nothing of the operator's. The .deb files are there, until `forget` takes them: the network
is part of no other number."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import run
from golden.boot.container import engine
from golden.errors import UserError
from golden.paths import CACHE, ROOT

# Caches with which nothing that was baked here is baked again.
WARM = ("layers", "latest", "standins")
LEFT_OUT = (".venv", ".cache", ".artifacts", ".secrets", "__pycache__", ".*_cache", ".hypothesis")


@dataclass(frozen=True)
class Copy:
    """The copy `root`, whose GOLDEN_HOME is `home`; both in `folder`, where the log is too."""

    folder: Path

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.folder / "checkout"

    @property
    def home(self) -> Path:
        """What the tool makes."""
        return self.folder / "home"

    @property
    def log(self) -> Path:
        """All that its commands printed."""
        return self.folder / "inv.log"

    def inv(self, *words: str, check: bool = True) -> run.Result:
        """Run inv there. Raises StageError when it fails, unless `check` is false."""
        argv, env = self._command(words)
        return run.run(argv, cwd=self.root, env=env, log=self.log, check=check, stage="bench")

    def bench(self, module: str, *words: str) -> run.Result:
        """Run a module of bench/ there. Raises StageError when it fails."""
        argv = [sys.executable, "-m", f"bench.{module}", *words]
        return run.run(argv, cwd=self.root, env=self._env(), log=self.log, stage="bench")

    def start(self, *words: str) -> run.Process:
        """Start inv there; end it with `run.end`."""
        argv, env = self._command(words)
        return run.start(argv, cwd=self.root, env=env, log=self.log, stage="bench")

    def _command(self, words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        argv = [sys.executable, "-P", "-m", "invoke", "--search-root", str(self.root), *words]
        return argv, self._env()

    def _env(self) -> dict[str, str]:
        env = {"GOLDEN_HOME": str(self.home)}
        if engine.OWN.exists():
            # This checkout's engine is the copy's, too.
            env["DOCKER_HOST"] = f"unix://{engine.OWN}"
        return env

    def forget(self, *but: str) -> None:
        """As if nothing had been baked or fetched there; the caches called so stay."""
        shutil.rmtree(self.home / ".artifacts", ignore_errors=True)
        for path in (self.home / ".cache").iterdir():
            if path.name not in but:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def fresh(folder: Path, *caches: str) -> Copy:
    """A new copy in `folder`, which is replaced, with links to what is in the `caches`, such as
    "layers". Raises UserError without any package fetched."""
    if not any((CACHE / "debs").glob("*.deb")):
        raise UserError("this needs a warm package cache: run ./inv bake once before")
    shutil.rmtree(folder, ignore_errors=True)
    copy = Copy(folder)
    shutil.copytree(ROOT, copy.root, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    debs = copy.home / ".cache/debs"
    debs.mkdir(parents=True)
    for deb in (CACHE / "debs").glob("*.deb"):
        (debs / deb.name).hardlink_to(deb)
    for name in caches:
        # Never written to, only replaced.
        run.run(["cp", "-al", str(CACHE / name), str(debs.parent / name)], stage="bench")
    return copy
