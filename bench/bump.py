"""The recorded run of a bump. Any deviation from what it should show ends it.

scripts/host/record-bump            all of it: with a rehearsal in containers, and time limits
scripts/host/record-bump --short    without both, from the layers that are there: for CI

What was printed goes to .artifacts/rehearsal/bump.md; a whole run's times and findings also to
docs/bump.md, which is committed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import recording
from bench.checkout import WARM, Copy, fresh
from bench.ending import exit_code
from bench.recording import Record, next_version
from golden import definition, log, manifest
from golden.errors import USER_ERROR_CODE
from golden.packages.standins import SUFFIX
from golden.packages.synnefo import members
from golden.paths import ARTIFACTS, CACHE, ROOT, shown

SITE = "rehearsal"
FOLDER = CACHE / "bench" / "bump"
DOCUMENT = ROOT / "docs" / "bump.md"
REPORT = ARTIFACTS / SITE / "bump.md"
# The aim, on 2 cores: both disks of a new Synnefo.
MOST_SECONDS = 40.0
# Where dpkg writes down which packages are there.
DPKG = "/var/lib/dpkg/"
# Where an image says of which versions a node's state is.
VERSIONS = "/etc/golden/image.json"
MOST_SHARE = 0.25  # of the cold bake in the same run


def require(fact: bool, what: str) -> None:
    """Raise StageError, saying `what` deviates, unless `fact`."""
    recording.require(fact, what, FOLDER / "inv.log")


def record(*, short: bool) -> Record:
    """The whole run. Raises StageError where it deviates from what it should show."""
    copy, seen = fresh(FOLDER, *(WARM if short else ())), Record()
    old = definition.load(SITE).release.synnefo
    new = next_version(old)
    first, bumped, undone = f"bake at Synnefo {old}", f"bake at {new}", "bake after the undo"
    seen.stage(first, lambda: copy.inv("bake", "--site", SITE))
    before, definitions = _artifacts(copy), _definitions(copy)
    told = seen.stage(f"bump to {new}", lambda: copy.inv("bump", "--synnefo", new, "--site", SITE))
    seen.texts["What `inv bump` printed"] = told.out
    stale = _require_plan(_plan(copy, seen, "plan of the bump"), old, new)
    seen.findings.append(f"to be made anew are {stale}: Synnefo's layers and what is above them")
    seen.stage(bumped, lambda: copy.inv("bake", "--site", SITE))
    for kind, (_, packages) in _artifacts(copy).items():
        own = members(definition.load(SITE).release) & packages.keys()
        wanted = [[name, old + SUFFIX, new + SUFFIX] for name in sorted(own)]
        seen.texts[f"What `inv diff` says of {kind}"] = _diff(copy, seen, kind, wanted)
        seen.findings.append(
            f"{kind} differs in {len(own)} packages, in what dpkg records of them, and in the "
            "version that it says its state is of"
        )
    if not short:
        _require_speed(seen, first, bumped)
        words = ("rehearse", "--target", "container", "--site", SITE)
        seen.stage(f"rehearsal at {new}", lambda: copy.inv(*words))
        seen.findings.append(f"nodes of {new} boot as containers and pass their checks")
    seen.stage("undo", lambda: copy.inv("bump", "--undo", "--site", SITE))
    require(_definitions(copy) == definitions, "after the undo the definition is another one")
    states = {item["state"] for item in _plan(copy, seen, "plan after the undo")["items"]}
    require("stale" not in states, "after the undo something is to be baked")
    seen.stage(undone, lambda: copy.inv("bake", "--site", SITE))
    back = _artifacts(copy)
    for kind, (sha256, _) in before.items():
        require(back[kind][0] == sha256, f"the disk of {kind} has other bytes after the undo")
    seen.findings.append("after the undo, definitions and disks are byte for byte those of before")
    seen.texts["SHA-256 of the disks, before the bump and after the undo"] = "".join(
        f"{kind}  {sha256}\n" for kind, (sha256, _) in back.items()
    )
    return seen


def _plan(copy: Copy, seen: Record, name: str) -> Any:
    path = copy.folder / "plan.json"
    told = seen.stage(name, lambda: copy.inv("plan", "--site", SITE, "--out", str(path)))
    seen.texts[f"The {name}"] = told.out
    return json.loads(path.read_text())


def _require_plan(plan: Mapping[str, Any], old: str, new: str) -> str:
    """Only Synnefo's layers and what is above them are stale, each with its reason.

    Gives how many that are of all.
    """
    site = definition.load(SITE)
    own = members(site.release)
    step = f": {old}{SUFFIX} → {new}{SUFFIX}"
    for item in plan["items"]:
        name, reasons = item["name"], item["reasons"]
        kind, _, layer = name.partition(".")
        above = layer in ("synnefo", "site", "disk")
        require((item["state"] == "stale") == above, f"{name} is {item['state']}")
        if layer == "synnefo":
            packages = [reason.removeprefix("package ").removesuffix(step) for reason in reasons]
            require(set(packages) <= own and bool(packages), f"{name}: {'; '.join(reasons)}")
        elif above:
            require(f"layer {kind}.synnefo" in reasons[0], f"{name}: {'; '.join(reasons)}")
    stale = sum(item["state"] == "stale" for item in plan["items"])
    return f"{stale} of {len(plan['items'])} layers and disks"


def _artifacts(copy: Copy) -> dict[str, tuple[str, Mapping[str, str]]]:
    """The SHA-256 of each kind's disk, read from its bytes, and the packages in it."""
    found = {}
    for kind in definition.load(SITE).kinds:
        place = copy.home / ".artifacts" / SITE / kind.name
        packages = json.loads((place / manifest.NAME).read_text())["packages"]
        found[kind.name] = manifest.sha256(place / manifest.disk_name("qcow2")), packages
    return found


def _definitions(copy: Copy) -> dict[str, bytes]:
    """Every file that a bump may touch."""
    folders = (copy.root / name for name in ("images", "rendered"))
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(copy.root)): path.read_bytes() for path in paths}


def _diff(copy: Copy, seen: Record, kind: str, packages: list[list[str]]) -> str:
    """The difference to the release before the bump, which must be `packages`, what dpkg writes
    down of them, and VERSIONS, and nothing else."""
    first = min((copy.home / ".artifacts" / SITE / "releases").glob("[!.]*/"), key=_made).name
    words = ("diff", f"{first}/{kind}", kind, "--site", SITE)
    told = seen.stage(f"diff of {kind}", lambda: copy.inv(*words, "--verbose"))
    out = copy.inv(*words, "--json").out
    found = json.loads(out[out.index("{") :])
    require(found["packages"] == packages, f"packages of {kind}: {found['packages']}")
    for subject in ("services", "ports", "accounts", "privileged"):
        require(not found[subject], f"{subject} of {kind}: {found[subject]}")
    files = {file["path"] for file in found["files"]}
    others = sorted(path for path in files if path != VERSIONS and not path.startswith(DPKG))
    require(not others, f"files of {kind}: {', '.join(others)}")
    return str(told.out)


def _made(folder: Path) -> float:
    return folder.stat().st_mtime


def _require_speed(seen: Record, cold: str, bumped: str) -> None:
    took, whole = seen.seconds(bumped), seen.seconds(cold)
    require(took < MOST_SECONDS, f"the bake of the bump took {took:.0f} s, more than 40 s")
    require(took <= whole * MOST_SHARE, f"it took {took:.0f} s, the cold bake {whole:.0f} s")


def summary(seen: Record, command: str) -> str:
    """The document: what the run showed, and how long it took."""
    about = (
        f"Written by `{command}` on {os.cpu_count()} cores. It bakes, bumps, bakes, compares and\n"
        "undoes in a copy of this checkout, and ends at any deviation from this:"
    )
    return seen.document("A bump of Synnefo, recorded", about)


def whole(seen: Record, command: str) -> str:
    """The report: the document, and all that was printed."""
    texts = (
        f"\n## {title}\n\n```text\n{body.rstrip()}\n```\n" for title, body in seen.texts.items()
    )
    return summary(seen, command) + "".join(texts)


def main(words: list[str]) -> int:
    """Record; `--short` is the only word there is."""
    if words not in ([], ["--short"]):
        log.error("record-bump takes nothing, or --short")
        return USER_ERROR_CODE
    short = bool(words)
    seen = record(short=short)
    command = " ".join(["scripts/host/record-bump", *words])
    _write(REPORT, whole(seen, command))
    if not short:
        _write(DOCUMENT, summary(seen, command))
    return 0


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    log.info(f"all as it should be; written: {shown(path)}")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
