"""The report of a site, as pages to look at: `inv report`.

.artifacts/SITE/report/ needs neither a network nor a server, and loads nothing from elsewhere. Read
in this order: here (what is written), `facts` (what the pages show), `timeline` and `drawing` (the
geometry of their pictures), the templates.
"""

from __future__ import annotations

import shutil
import webbrowser
from pathlib import Path

from golden import atomic, html, log, manifest, paths
from golden.definition import Site
from golden.diff import text
from golden.pages import facts

FOLDER = "report"
PAGES = {
    "index": "Overview",
    "checks": "Checks",
    "guide": "Guide",
    "images": "Images",
    "changes": "Changes",
    "site": "Site",
    "history": "History",
}


def write(site: Site, *, open_it: bool = False) -> Path:
    """Write the pages of `site` from what its last bake, rehearsal and checks left; return the
    first one. What was never done is said on the page."""
    folder = paths.ARTIFACTS / site.name / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    environment = html.environment(Path(__file__).parent, text.TEMPLATES)
    shown = facts.gather(site, folder)
    for name in PAGES:
        template = environment.get_template(f"{name}.html.j2")
        atomic.write(folder / f"{name}.html", template.render(pages=PAGES, page=name, **shown))
    for kind in site.kinds:
        _copy_beside(site, kind.name, folder)
    index = folder / "index.html"
    log.info(f"report: {paths.shown(index)}")
    if open_it:
        webbrowser.open(index.as_uri())
    return index


def _copy_beside(site: Site, kind: str, folder: Path) -> None:
    """Lay the SBOM of a kind beside the pages, which link to it."""
    sbom = paths.ARTIFACTS / site.name / kind / manifest.SBOM
    if sbom.is_file():
        shutil.copyfile(sbom, folder / f"{kind}.{manifest.SBOM}")
