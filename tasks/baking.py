"""What becomes an image: bake it, and know beforehand what that means."""

from __future__ import annotations

from invoke.context import Context

from golden import log
from tasks.words import DEFAULT_SITE, Nodes, task


@task(
    "site",
    "node",
    "verbose",
    help={"format": "qcow2, raw, or tree: layers only"},
    iterable=["node"],
)
def bake(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    format: str = "qcow2",
    verbose: bool = False,
) -> None:
    """Bake the nodes' images into bootable disks: only the layers whose inputs changed."""
    from golden.bake import bake

    log.set_verbose(verbose)
    bake(site, tuple(node or ()) or None, format)


@task("site", "node", iterable=["node"])
def plan(_: Context, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Tell what a bake would do now: each stale layer, why, and about how long it takes."""
    from golden.bake import plan

    plan(site, tuple(node or ()) or None)
