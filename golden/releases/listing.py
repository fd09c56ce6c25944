"""The image releases of a site, as a table or JSON."""

from __future__ import annotations

import json
from typing import Any

from golden import log
from golden.errors import UserError
from golden.releases import stages
from golden.releases.model import ImageRelease, broken, every

HEADERS = ("release", "stage", "baked", "Synnefo", "kinds, MB")


def show(site: str, *, as_json: bool = False, verify: bool = False) -> None:
    """Print the image releases of a site, newest first; `verify` checks every byte.

    Raises UserError, after all of them are listed, when one is broken, or not what was signed.
    """
    problems = _problems(site) if verify else {}
    lost = broken(site)
    rows = [_facts(release, problems) for release in every(site)]
    if as_json:
        log.raw(json.dumps(rows, indent=1) + "\n")
    elif rows:
        log.table(HEADERS, [_row(row) for row in rows], title=f"Image releases of site {site}")
    elif not lost:
        log.info(f"site {site} has no release yet; make one with: ./inv bake --site {site}")
    if wrong := [*lost, *problems.values()]:
        raise UserError("\n".join(wrong))
    if verify and rows:
        log.info("every SHA256SUMS is signed, and every file has the bytes that it records")


def _problems(site: str) -> dict[str, str]:
    found = {}
    for release in every(site):
        try:
            release.verify()
        except UserError as error:
            found[release.id] = str(error)
    return found


def _facts(release: ImageRelease, problems: dict[str, str]) -> dict[str, Any]:
    return {
        "id": release.id,
        "stage": stages.read(release.site).stage_of(release),
        "in_place": release == stages.in_place(release.site),
        "baked": release.baked,
        "synnefo": release.synnefo,
        "lock": release.lock,
        "kinds": {
            kind: {
                name: {"sha256": sha256, "bytes": length}
                for name, (sha256, length) in image.files.items()
            }
            for kind, image in release.images.items()
        },
        "problem": problems.get(release.id),
    }


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    sizes = (
        f"{kind} {sum(file['bytes'] for file in files.values()) / 1e6:.0f}"
        for kind, files in facts["kinds"].items()
    )
    words = [facts["stage"]]
    words += ["in place"] if facts["in_place"] else []
    words += ["DAMAGED"] if facts["problem"] else []
    baked = facts["baked"][:16].replace("T", " ")
    return facts["id"], ", ".join(words), baked, facts["synnefo"], ", ".join(sizes)
