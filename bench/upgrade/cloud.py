"""The cloud in the copy: filled, upgraded, cut, compared."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import recording
from bench.checkout import WARM, fresh
from golden import definition, run
from golden.check.connection import Connection
from golden.errors import STAGE_ERROR_CODE, USER_ERROR_CODE
from golden.paths import CACHE

SITE = "rehearsal"
FOLDER = CACHE / "bench" / "upgrade"
TENANTS = Path(__file__).with_name("tenants.py")
MANAGEMENT = (
    "images/standins/snf-webproject/files/usr/lib/python3/dist-packages"
    "/synnefo/webproject/management.py"
)
BEGIN = "def migrate(context: Any, arguments: list[str], _: Any) -> None:\n"
# The tables are migrated while baking, too, where this file is not there yet.
FAULT = """    import os
    if os.path.exists("/etc/golden/image.json"):
        raise CommandError("migration 0042_on_purpose: the column exists")
"""
SAVED = "before"
SECONDS = 1800


class Cloud:
    """Its site, booted at `target`, with `amount` in it: how many objects, and how many bytes the
    largest has."""

    def __init__(self, target: str, amount: tuple[int, int]) -> None:
        self.target, self._amount = target, amount
        self._versions = [definition.load(SITE).release.synnefo]
        self._copy = fresh(FOLDER, *WARM)
        self._state: dict[str, Any] = {}

    @property
    def version(self) -> str:
        """Of Synnefo, as it is defined now."""
        return self._versions[-1]

    def boot(self) -> None:
        """Boot it with its state apart."""
        more = ["--state"] if self.target == "qemu" else []
        self._copy.inv("boot", "--site", SITE, "--target", self.target, *more)

    def boot_and_cut(self) -> None:
        """The same, and cut the power of its nodes four times meanwhile."""
        self._copy.bench("cuts", "--boot", "--site", SITE, "--target", self.target)

    def cut_and_boot(self) -> None:
        """Cut the power of both nodes, and start them again; instances are the watcher's to start,
        which looks every five minutes."""
        self._copy.inv("down", "--cut", "--site", SITE)
        self._copy.inv("boot", "--site", SITE, "--target", self.target)
        self._on_master("ganeti-watcher")

    def save(self) -> None:
        """Save its state under a name."""
        self._copy.inv("state.save", "--name", SAVED, "--stop", "--site", SITE)
        self._on_master("ganeti-watcher")

    def restore(self) -> str:
        """Throw its nodes away, and boot new ones of the images in place on the saved state; the
        release that then runs."""
        self._copy.inv("down", "--site", SITE)
        self._copy.inv("state.restore", SAVED, "--site", SITE)
        self.boot()
        self._on_master("ganeti-watcher")
        return self._release()

    def end(self) -> None:
        """Throw its nodes away."""
        self._copy.inv("down", "--site", SITE)

    def bake(self) -> str:
        """Bake what is defined now; the id of the release."""
        form = "tree" if self.target == "container" else "qcow2"
        said = self._copy.inv("bake", "--site", SITE, "--format", form).out
        return str(said).rpartition("release ")[2].partition(":")[0]

    def bump(self) -> None:
        """Define the next Synnefo."""
        self._versions.append(recording.next_version(self.version))
        self._copy.inv("bump", "--synnefo", self.version, "--site", SITE)

    def break_migration(self) -> None:
        """Have the migrations of the next Synnefo fail on a booted node."""
        path = self._copy.root / MANAGEMENT
        text = path.read_text()
        assert BEGIN in text, f"{path} has no migrate() of this form"
        path.write_text(text.replace(BEGIN, BEGIN + FAULT))

    def take_back_bump(self) -> None:
        """Define what was before the last bump, whose migrations work."""
        self._copy.inv("bump", "--undo", "--site", SITE)
        path = self._copy.root / MANAGEMENT
        path.write_text(path.read_text().replace(FAULT, ""))
        self._versions.pop()

    def check(self) -> None:
        """Run all checks of what is defined."""
        self._copy.inv("check", "--site", SITE)

    def amount(self) -> str:
        """What is in it, in words."""
        count, largest = self._amount
        return f"three users, {count} objects of 1 B to {largest >> 20} MiB, two running instances"

    def fill(self) -> None:
        """Have people leave their data in it."""
        self._tenants("fill")
        self._state = json.loads(self._tenants("see"))

    def require_all(self, when: str, release: str) -> None:
        """Raise StageError unless all that was there at `fill` is there, and `release` runs."""
        now = json.loads(self._tenants("see"))
        for name, had in self._state.items():
            self._require(now[name] == had, f"{when}, {name}: {now[name]}, and was {had}")
        self._require(now["objects"] == [], f"{when}, objects differ: {now['objects']}")
        self._require(self._release() == release, f"{when}, release {self._release()} runs")

    def require_one_of(self, release: str, releases: Iterable[str]) -> None:
        """Raise StageError unless `release` is among `releases`."""
        self._require(release in releases, f"release {release} is none of {releases}")

    def require_said(self, text: str, *words: str) -> None:
        """Raise StageError unless all `words` are in `text`."""
        for each in words:
            self._require(each in text, f"'{each}' was not said")

    def upgrade(self, fails: bool = False) -> str:
        """What `inv upgrade` says; with `fails` it must end as a stage does that failed."""
        said = self._copy.inv("upgrade", "--site", SITE, check=not fails)
        if fails:
            self._require(said.code == STAGE_ERROR_CODE, f"it must fail: exit {said.code}")
        return str(said.out)

    def refuse(self, release: str) -> None:
        """`release`, of an older Synnefo, must be refused before anything is done."""
        said = self._copy.inv("upgrade", "--site", SITE, "--to", release, check=False)
        self._require(said.code == USER_ERROR_CODE, f"older than its data: exit {said.code}")
        self.require_said(str(said.out), "older than")

    def cut(self, seconds: float) -> None:
        """Begin an upgrade, and after so long kill it and both nodes."""
        child = self._copy.start("upgrade", "--site", SITE)
        time.sleep(seconds)
        ended = child.poll() is not None
        run.end(child, 0)
        self._copy.inv("down", "--cut", "--site", SITE)
        self._require(not ended, f"the upgrade was at its end before {seconds:.0f} s")

    def go_on(self) -> str:
        """What an operator does after a cut; the release that then runs."""
        said = self._copy.inv("boot", "--site", SITE, "--target", self.target, check=False)
        if said.code:
            self.require_said(str(said.out), "has not ended: go on with")
            self.upgrade()
        else:
            # Cut before it had noted which instances run.
            self._on_master("ganeti-watcher")
        return self._release()

    def undo(self) -> None:
        """Go back to before the upgrade."""
        self._copy.inv("upgrade", "--undo", "--site", SITE)

    def _release(self) -> str:
        place = self._copy.home / ".cache/run" / SITE
        found = {path.read_text() for path in place.glob("*/release")}
        self._require(len(found) == 1, f"the nodes are of the releases {found}")
        return found.pop()

    def _tenants(self, word: str) -> str:
        argv = ["python3", "-", word, *map(str, self._amount)]
        return self._on_master(" ".join(argv), TENANTS.read_text())

    def _on_master(self, words: str, stdin: str = "") -> str:
        link = Connection(self._copy.home / ".cache/run" / SITE / "ssh_config")
        said = link.run("node1", words, stdin=stdin, timeout=SECONDS)
        self._require(said.code == 0, f"{words}: {said.out[-2000:]}")
        return str(said.out)

    def _require(self, fact: bool, what: str) -> None:
        recording.require(fact, what, self._copy.log)
