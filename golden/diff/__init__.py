"""The differences between two images: `inv diff`.

Read in this order: `sides` (what A and B may be), `tree` (an image's files, from its layers),
`compare` (files that differ), `subjects` (what that means: packages, accounts, services, …),
`origin` (which template a changed line comes from), `document` (all of it as data), `text` (as text
and as a page).
"""

from __future__ import annotations

import json
from pathlib import Path

from golden import atomic, log, paths
from golden.diff import document, sides, text

__all__ = ["diff"]


def diff(
    a: str, b: str, site: str, *, as_json: bool = False, html: str = "", verbose: bool = False
) -> None:
    """Print how `b` differs from `a` (see `sides.find`) and write the page `html`.

    Raises UserError for an unknown image, or one whose layers left the cache.
    """
    found = document.make(sides.find(a, site), sides.find(b, site))
    if as_json:
        log.raw(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    else:
        text.show(found, verbose=verbose)
    if html:
        atomic.write(Path(html), text.page(found))
        if not as_json:
            log.info(f"page: {paths.shown(Path(html))}")
