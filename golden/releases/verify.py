"""`inv verify`: prove offline that a release, or a stick, is what its checkout signed."""

from __future__ import annotations

from pathlib import Path

from golden import log, paths
from golden.errors import UserError
from golden.keys import signing
from golden.layers import Store
from golden.releases import model, sums
from golden.releases.model import ImageRelease


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
    there, of = _compare_layers(release)
    log.info(
        f"release {release.id} of site {release.site}: SHA256SUMS is signed, and its {count} files "
        f"have the bytes that it records; of its {of} layers {there} are in this cache, as baked"
    )


def _compare_layers(release: ImageRelease) -> tuple[int, int]:
    """Compare the layers that this cache has with the release's manifests; (how many, of how many).

    Raises UserError naming the file that differs.
    """
    store, layers = Store(paths.CACHE), dict[str, str]()
    for image in release.images.values():
        layers |= {layer["key"]: layer["content"] for layer in image.manifest()["layers"]}
    there = [stored for key in layers if (stored := store.find(key))]
    for stored in there:
        if store.verify(stored, every_byte=True).content != layers[stored.folder.name]:
            raise UserError(
                f"{paths.shown(stored.folder)}: another tree than that of release {release.id}; "
                f"have it made again with: ./inv bake --paranoid --site {release.site}"
            )
    return len(there), len(layers)
