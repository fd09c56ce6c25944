"""`inv verify`: prove offline that a release, or a stick, is what its checkout signed."""

from __future__ import annotations

from pathlib import Path

from golden import log, paths
from golden.keys import signing
from golden.releases import model, sums


def verify(name: str, site: str, key: str = "") -> None:
    """Verify the release `name` (an id, the start of one, or a folder), or the signed file `name`.

    `key` names a file with the public key of the checkout that signed it (default: this one's).
    Raises UserError naming the first file that is not what was signed.
    """
    public = signing.read_key(Path(key)) if key else None
    path = Path(name)
    if path.is_file():
        signing.verify(path, public)
        log.info(f"{paths.shown(path)}: signed, and unchanged since")
        return
    folder = path.resolve() if path.is_dir() else model.find(site, name).folder
    count = sums.verify(folder, key=public)
    release = model.read(folder)
    log.info(
        f"release {release.id} of site {release.site}: SHA256SUMS is signed, and its {count} files "
        "have the bytes that it records"
    )
