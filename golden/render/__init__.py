"""Every file that a site's images get, rendered from images/ into rendered/.

Read in this order: `compose` (definition → files in memory), `context` and `template` (what a
template sees), `header`, `records` (what is written beside the files), `disk`.
"""

from __future__ import annotations

from collections.abc import Collection

from golden import log
from golden.definition import Site, load, load_all
from golden.render.compose import render
from golden.render.disk import differences, remove_other_sites, write
from golden.render.rendering import RenderedFile, RenderedKind, Rendering

__all__ = [
    "RenderedFile",
    "RenderedKind",
    "Rendering",
    "check",
    "render",
    "render_all",
    "write",
]


def check(site: Site) -> list[str]:
    """The paths below rendered/ at which the disk differs from a fresh rendering of `site`."""
    return differences(render(site))


def render_all(names: Collection[str] = ()) -> None:
    """Render the sites called `names`, or else all, to rendered/, and say what changed.

    Raises UserError before anything is written when any of them has a problem.
    """
    sites = [load(name) for name in names] if names else load_all()
    renderings = [render(site) for site in sites]
    for rendering in renderings:
        changed = write(rendering)
        log.info(f"{rendering.site.name}: {len(changed)} files changed")
        for path in changed:
            log.info(f"  rendered/{path}")
    if not names:
        for site in remove_other_sites([site.name for site in sites]):
            log.info(f"{site}: removed, since there is no such site any more")
