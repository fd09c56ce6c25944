"""Every file that a site's images get, rendered from images/ into rendered/.

Read in this order: `compose` (definition → files in memory), `context` and `template` (what a
template sees), `header`, `records` (what is written beside the files),
`machines` (libvirt's XML), `disk`.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from golden import log, paths
from golden.definition import load, load_all, schema
from golden.render.compose import render
from golden.render.disk import remove_other_sites, write
from golden.render.rendering import RenderedFile, RenderedKind, Rendering

__all__ = [
    "RenderedFile",
    "RenderedKind",
    "Rendering",
    "render",
    "render_all",
    "write",
]


def render_all(names: Collection[str] = (), root: Path = paths.ROOT) -> None:
    """Write rendered/ for the sites called `names`, by default for all, and print what changed.

    By default, sites that are like another are rendered but not written, the schemas of docs/schema
    are written, and files of former sites are removed. Raises UserError before anything is written
    when any of the sites has a problem.
    """
    sites = [load(name, root) for name in names] if names else load_all(root)
    renderings = [render(site, root) for site in sites]
    written = [each for each in renderings if names or not each.site.like]
    changed = [f"rendered/{path}" for each in written for path in write(each, root / "rendered")]
    if not names:
        former = remove_other_sites([each.site.name for each in written], root / "rendered")
        changed += [f"rendered/{name}" for name in former]
        schemas = schema.export(root / "docs" / "schema")
        changed += [str(path.relative_to(root)) for path in schemas]
    for path in changed:
        log.info(path)
    log.info(f"{len(changed)} changed" if changed else "nothing to do")
