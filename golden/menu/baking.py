"""Images: plan and bake them, compare them, bake them again."""

from __future__ import annotations

import contextlib
import json as json_module
from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from golden import log
from golden.errors import UserError
from golden.menu.task import DEFAULT_SITE, Nodes, task


@task(
    "node",
    "packages",
    "verbose",
    help={
        "site": "a file of images/sites/ without .yaml (repeatable: what sites share is made once)",
        "format": "qcow2, raw, or tree (layers without a disk)",
        "offline": "take every package from the pool (inv pool.fill), ask no mirror",
        "paranoid": "compare every byte of cached layers and disks, and make changed ones again",
        "plan": "bake what this file of ./inv plan --out holds: its site, nodes and format",
        "farm": "let the workers of this dask scheduler (tcp://HOST:PORT) make layers and disks, "
        "or N workers on this host (local:N)",
        "web": "also show it as a page that updates, for a browser on this host",
    },
    iterable=["node", "site"],
)
def bake(
    _: Context,
    site: Sequence[str] | None = None,
    node: Nodes = None,
    format: str = "qcow2",
    plan: str = "",
    offline: bool = False,
    paranoid: bool = False,
    packages: str = "",
    farm: str = "",
    web: bool = False,
    verbose: bool = False,
) -> None:
    """Bake the nodes' disks; only layers whose inputs changed are made."""
    from golden import definition, live
    from golden.bake import bake_all, planfile

    log.set_verbose(verbose)
    names = tuple(dict.fromkeys(site or (DEFAULT_SITE,)))
    if plan and node:
        raise UserError("--node cannot be given with --plan, which names the nodes; drop one")
    if len(names) > 1 and node:
        raise UserError("--node names nodes of one site: give one --site with it")
    planned = planfile.read(Path(plan)) if plan else None
    if planned:
        names, node, format = (planned.site,), planned.nodes, planned.format
    make = None
    if farm:
        from golden.farm import maker

        make = maker(farm)
    loaded = [definition.load(name, packages=packages) for name in names]
    with live.served(f"Bake of {', '.join(names)}") if web else contextlib.nullcontext():
        bake_all(loaded, node or (), format, planned, offline=offline, paranoid=paranoid, make=make)


@task(
    "site",
    "node",
    "packages",
    "json",
    help={
        "format": "qcow2, raw, or tree (layers without a disk)",
        "out": "write the plan to this file, for inv bake --plan",
        "offline": "as a bake without any mirror would",
    },
    iterable=["node"],
)
def plan(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    format: str = "qcow2",
    packages: str = "",
    json: bool = False,
    out: str = "",
    offline: bool = False,
) -> None:
    """Show what a bake would do, why, and what it costs."""
    from golden import definition
    from golden.bake import plan, planfile, planning

    found = plan(definition.load(site, packages=packages), node or (), format, offline=offline)
    if out:
        planfile.write(Path(out), found)
    if json:
        log.raw(json_module.dumps(found.to_json(), indent=1, ensure_ascii=False))
    else:
        planning.show(found)


@task(
    "site",
    "packages",
    positional=["of"],
    help={"of": "a node, or a layer or disk such as node1.site"},
)
def why(_: Context, of: str, site: str = DEFAULT_SITE, packages: str = "") -> None:
    """Show why a node is not READY, or every reason to bake a layer or disk."""
    from golden import definition
    from golden.bake import plan, planning
    from golden.boot import why as of_node

    loaded = definition.load(site, packages=packages)
    if of in [node.name for node in loaded.nodes]:
        of_node.explain(loaded, of)
    else:
        planning.explain(plan(loaded), of)


@task(
    "site",
    "json",
    "verbose",
    positional=["a", "b"],
    help={
        "a": "KIND, SITE/KIND, RELEASE/KIND, a manifest.json, or a folder",
        "b": "compared with A",
        "html": "also write an HTML page to this file",
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
    """Show how image B differs from image A: packages, files, accounts, sizes, …"""
    from golden.diff import diff

    diff(a, b, site, as_json=json, html=html, verbose=verbose)


@task(
    "site",
    "packages",
    help={
        "layer": "the layer, as inv plan shows it",
        "with_": "install this package of the release first (repeatable)",
        "bind": "this folder of the host is /run/bind there, and writable",
        "command": "run this command instead of a login shell",
    },
    iterable=["with_"],
)
def shell(
    _: Context,
    site: str = DEFAULT_SITE,
    layer: str = "base",
    with_: Nodes = None,
    bind: str = "",
    command: str = "",
    packages: str = "",
) -> None:
    """Be root in a throw-away copy of a baked layer, without a network; bakes wait meanwhile."""
    from golden import definition
    from golden.bake.shell import shell

    loaded = definition.load(site, packages=packages)
    raise Exit(code=shell(loaded, layer, with_ or (), bind, command))


@task()
def builder(_: Context) -> None:
    """Make the image in which any machine with Docker bakes; load it where an engine answers."""
    from golden.builder import make

    make()


@task("site", help={"verify": "compare both bakes and name each difference"})
def rebake(_: Context, site: str = DEFAULT_SITE, verify: bool = False) -> None:
    """Bake a site again from nothing, in different surroundings, beside the first bake."""
    from golden.rebake import rebake

    rebake(site, verify=verify)
