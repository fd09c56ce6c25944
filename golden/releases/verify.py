"""`inv verify`: prove offline that a release, or a stick, is what its checkout signed."""

from __future__ import annotations

from pathlib import Path

from golden import log, manifest, paths
from golden.disk.build import FORMATS
from golden.errors import UserError
from golden.keys import signing
from golden.layers import Store
from golden.releases import model, sums
from golden.releases.model import ImageRelease


def verify(name: str, site: str, key: str = "", volume: str = "") -> None:
    """Verify the release `name` (an id, the start of one, or a folder), or the signed file `name`.

    `volume` is a file that must be one of the release's disks, wherever it was copied to. `key`
    names a file with the public key of the checkout that signed it (default: this one's). Raises
    UserError naming the first file that is not what was signed.
    """
    public = signing.read_key(Path(key)) if key else None
    path = Path(name)
    if path.is_file() and not volume:
        signing.verify(path, public)
        log.info(f"{paths.shown(path)}: signed, and unchanged since")
        return
    folder = path.resolve() if path.is_dir() else model.find(site, name).folder
    count = sums.verify(folder, key=public)
    release = model.read(folder)
    if volume:
        _compare_volume(release, Path(volume))
    there, of = _compare_layers(release)
    log.info(
        f"release {release.id} of site {release.site}: SHA256SUMS is signed, and its {count} files "
        f"have the bytes that it records; of its {of} layers {there} are in this cache, as baked"
    )


def _compare_volume(release: ImageRelease, volume: Path) -> None:
    """Raise UserError unless the bytes of `volume` are those of a disk of the release."""
    if not volume.is_file():
        raise UserError(f"--volume {paths.shown(volume)}: no such file; name the volume's own file")
    content = manifest.sha256(volume)
    for image in release.images.values():
        for name in {manifest.disk_name(fmt) for fmt in FORMATS} & image.files.keys():
            if image.files[name][0] == content:
                log.info(f"{paths.shown(volume)}: the bytes of {image.kind}/{name}")
                return
    raise UserError(
        f"{paths.shown(volume)}: not the bytes of a disk of release {release.id}; upload it again"
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
