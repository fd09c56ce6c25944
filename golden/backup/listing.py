"""The saved states of a site, as a table or JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from golden import log
from golden.backup import model
from golden.errors import UserError

HEADERS = ("state", "saved", "target", "release", "versions", "nodes", "MB")


def show(site: str, *, as_json: bool = False, verify: bool = False) -> None:
    """Print the saved states of a site; `verify` checks every byte.

    Raises UserError, after all of them are listed, when one is broken, or not what was signed.
    """
    found, wrong = list[model.Saved](), list[str]()
    for name in model.names(site):
        try:
            found.append(model.find(site, name))
            if verify:
                found[-1].verify()
        except UserError as error:
            wrong.append(str(error))
    if as_json:
        log.raw(json.dumps([asdict(each) for each in found], indent=1))
    elif found:
        log.table(HEADERS, [_row(each) for each in found], title=f"Saved states of site {site}")
    elif not wrong:
        log.info(f"site {site} has no saved state; save one with: ./inv state.save --site {site}")
    if wrong:
        raise UserError("\n".join(wrong))
    if verify and found:
        log.info("every SHA256SUMS is signed, and every file has the bytes that it records")


def _row(saved: model.Saved) -> tuple[str, ...]:
    return (
        saved.name,
        saved.saved[:16].replace("T", " "),
        saved.target,
        saved.release,
        ", ".join(f"{name} {version}" for name, version in saved.versions.items()),
        ", ".join(part for part in saved.parts if part),
        f"{saved.bytes() / 1e6:.1f}",
    )
