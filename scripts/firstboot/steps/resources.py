"""Limit what a user may take of each resource, and show or hide resources.

The limits are the site's `quota_defaults`; everything is unlimited until set, and the guide gives
no figures: these are those of upstream's deployer (docs/synnefo.md S15.25).
"""

import re

from engine import synnefo
from engine.failures import StepError

GUIDE = ("G118", "G120")
SERVICES = ()

FIELDS = ("name", "system_default", "api_visible", "ui_visible")
LIMITS = [
    "astakos.pending_app=2",
    "cyclades.vm=4",
    "cyclades.total_cpu=32",
    "cyclades.cpu=16",
    "cyclades.total_ram=16G",
    "cyclades.ram=8G",
    "cyclades.disk=40G",
    "cyclades.network.private=4",
    "cyclades.floating_ip=4",
    "pithos.diskspace=40G",
]
# synnefo/util/units.py: 2^63 - 1 stands for no limit.
UNLIMITED = 2**63 - 1
LIMIT = re.compile(r"^(\d+) ?(|[KMGTP](?:i?B)?|bytes)$", re.IGNORECASE)
EXPONENTS = {"": 0, "B": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
VISIBLE = {"api": ["True", "False"], "ui": ["True", "True"], "none": ["False", "False"]}


def done(ctx):
    return not _changes(ctx, anew=True)


def run(ctx):
    for name, options in _changes(ctx, anew=False):
        synnefo.manage(ctx, ["resource-modify", name] + options)


def number(limit):
    """A limit such as 4, 10 GB or inf as a number. Raises StepError when it is none of these."""
    if limit in ("inf", "infinite"):
        return UNLIMITED
    found = LIMIT.match(limit)
    if not found:
        raise StepError(
            "the limit '{0}' is neither a number with or without a unit (4, 40G) nor "
            "inf: correct the site's quota_defaults".format(limit)
        )
    return int(found.group(1)) * 1024 ** EXPONENTS[found.group(2).upper()[:1]]


def _changes(ctx, anew):
    """(resource, options of resource-modify) for each that is not as the site wants it."""
    rows = synnefo.listing(ctx, "resource-list", FIELDS, ["--unit-style=none"], anew=anew)
    changes = []
    for item in ctx.variable("quota_defaults", LIMITS):
        name, _, limit = item.partition("=")
        if number(_row(rows, name)["system_default"]) != number(limit):
            changes.append((name, ["--system-default", limit]))
    for item in ctx.variable("resource_visibility", []):
        name, _, where = item.partition("=")
        row, wanted = _row(rows, name), VISIBLE[where]
        if [row["api_visible"], row["ui_visible"]] != wanted:
            changes.append((name, ["--api-visible=" + wanted[0], "--ui-visible=" + wanted[1]]))
    return changes


def _row(rows, name):
    row = synnefo.by_name(rows, name)
    if row is None:
        raise StepError(
            "there is no resource {0}, only: {1}".format(
                name, ", ".join(sorted(each["name"] for each in rows))
            )
        )
    return row
