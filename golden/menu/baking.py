"""What becomes an image: bake it, and know beforehand what that means."""

from __future__ import annotations

import json as json_module
from pathlib import Path

from invoke.context import Context

from golden import log
from golden.errors import UserError
from golden.menu.task import DEFAULT_SITE, Nodes, task


@task(
    "site",
    "node",
    "verbose",
    help={
        "format": "qcow2, raw, or tree: layers only",
        "offline": "ask no mirror: every package comes from the pool (./inv pool.fill)",
        "plan": "bake just what this file of ./inv plan --out says: its site, nodes and format",
    },
    iterable=["node"],
)
def bake(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    format: str = "qcow2",
    plan: str = "",
    offline: bool = False,
    verbose: bool = False,
) -> None:
    """Bake the nodes' images into bootable disks: only the layers whose inputs changed."""
    from golden.bake import bake, bake_planned

    log.set_verbose(verbose)
    if plan and node:
        raise UserError("--node goes with no --plan: the plan says which nodes; give one of them")
    if plan:
        bake_planned(Path(plan), offline=offline)
    else:
        bake(site, tuple(node or ()) or None, format, offline=offline)


@task(
    "site",
    "node",
    "json",
    help={
        "format": "of the disks: qcow2, raw or tree",
        "out": "write the plan to this file, for ./inv bake --plan",
    },
    iterable=["node"],
)
def plan(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    format: str = "qcow2",
    json: bool = False,
    out: str = "",
) -> None:
    """Tell of every layer and disk whether a bake would make it, why, and what that takes."""
    from golden.bake import overview, plan, planfile
    from golden.layers.reasons import ALL

    nodes = tuple(node or ()) or None
    if out or json:
        whole = plan(site, nodes, format, ALL)
    if out:
        planfile.write(Path(out), whole)
    if json:
        log.raw(json_module.dumps(whole.to_json(), indent=1, ensure_ascii=False))
    else:
        overview.show(plan(site, nodes, format))


@task("site", positional=["layer"])
def why(_: Context, layer: str, site: str = DEFAULT_SITE) -> None:
    """Tell every reason for which a bake would make a layer or a disk, such as node1.site."""
    from golden.bake import why

    why(site, layer)


@task(
    "site",
    "json",
    "verbose",
    positional=["a", "b"],
    help={
        "a": "KIND, SITE/KIND, RELEASE/KIND, a manifest.json, or a folder",
        "b": "the same; what is told is how it differs from the first",
        "html": "write it as one page to this file, too",
    },
)
def diff(
    _: Context,
    a: str,
    b: str,
    site: str = DEFAULT_SITE,
    json: bool = False,
    html: str = "",
    verbose: bool = False,
) -> None:
    """Tell what is different in image B from image A: packages, files, accounts, sizes, …"""
    from golden.diff import diff

    diff(a, b, site, as_json=json, html=html, verbose=verbose)


@task("site", help={"verify": "compare it with the bake that is there; each difference is named"})
def rebake(_: Context, site: str = DEFAULT_SITE, verify: bool = False) -> None:
    """Bake a site once more from nothing, in other surroundings, beside what is there."""
    from golden.rebake import rebake

    rebake(site, verify=verify)
