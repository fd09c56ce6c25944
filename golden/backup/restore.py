"""`inv state.restore`: make the state of all nodes of a site what a saved one was."""

from __future__ import annotations

import shutil
from pathlib import Path

from golden import atomic, log, rundir, seed
from golden.backup import model, packing
from golden.backup.model import Saved
from golden.boot import former
from golden.boot.target import SHARED, Target, target
from golden.definition.models import Site
from golden.errors import UserError
from golden.host.resources import must_have_room
from golden.keys import secrets
from golden.paths import shown
from golden.rundir import NodeDir


def restore(site: Site, name: str, *, overwrite: bool = False) -> None:
    """Make the state of all nodes, which are off, the saved state `name`; the next boot goes on
    with it, on new system disks.

    A restoration that was killed is begun anew by the same command, and until then nothing boots.
    Raises UserError, and changes nothing, when a byte is not as signed, it is another site's, nodes
    run, an upgrade was cut, or they have state and `overwrite` is not given.
    """
    with model.lock(site.name):
        saved = _restore(site, name, overwrite)
    log.info(
        f"site {site.name} has the state of {saved.saved} again; go on with: "
        f"./inv boot --site {site.name} --target {saved.target}"
    )


def _restore(site: Site, name: str, overwrite: bool) -> Saved:
    former.must_not_be_under_way(site.name)
    saved = model.find(site.name, name)
    with log.progress() as progress:
        task = progress.task("compare every byte with the signed record")
        saved.verify()
        task.done(f"{saved.bytes() / 1e6:.1f} MB")
    place = target(saved.target)
    _refuse_other(site, saved)
    packing.require({name for part in saved.parts.values() for name in part.files})
    with rundir.lock(site.name):
        _refuse_present(site, saved, place, overwrite)
        _replace(site, saved, place)
    return saved


def _refuse_other(site: Site, saved: Saved) -> None:
    """Raise UserError for a state of nodes that the site, with the secrets of now, has not."""
    where = shown(saved.folder)
    kept, nodes = secrets.load(site), {node.name: node for node in site.nodes}
    for part, found in saved.parts.items():
        if part != SHARED and part not in nodes:
            raise UserError(f"{where}: it has the node {part}, which site {site.name} has not")
        if part != SHARED and found.instance != (own := seed.instance_id(site, nodes[part], kept)):
            raise UserError(
                f"{where}: the state of {found.instance}, and {part} is {own} since the site's "
                "secrets were made anew: bring back the .secrets of then, or the node refuses it"
            )


def _refuse_present(site: Site, saved: Saved, place: Target, overwrite: bool) -> None:
    """Raise UserError while something is there that a restoration would take away unasked."""
    for node in site.nodes:
        files = NodeDir(site.name, node.name)
        if files.running():
            raise UserError(f"{node.name} runs: shut all nodes down first, with: {_down(site)}")
        if files.target() not in ("", place.name):
            raise UserError(
                f"{node.name} is kept at target {files.target()}, and the state is of one at "
                f"{place.name}: throw it away with: {_down(site)}"
            )
    half = rundir.restoring(site.name)
    goes_on = half.exists() and half.read_text() == saved.name
    there = [each.name for each in site.nodes if place.has_state_apart(site.name, each.name)]
    if there and not (overwrite or goes_on):
        raise UserError(
            f"{', '.join(there)} of site {site.name} have a state that would be lost: save it "
            f"first with ./inv state.save --site {site.name}, or give --overwrite"
        )


def _down(site: Site) -> str:
    return f"./inv down --site {site.name} (--keep-state keeps its state)"


def _replace(site: Site, saved: Saved, place: Target) -> None:
    atomic.write(rundir.restoring(site.name), saved.name, durable=True)
    for node in reversed(site.nodes):
        # What a kept system disk has done, it would not do again.
        place.down(site.name, node.name, keep=False, keep_state=True)
    unpacked = model.folder(site.name) / f".{saved.name}.unpacked"
    try:
        with log.progress() as progress:
            for part, found in saved.parts.items():
                task = progress.task(f"restore {part or 'what the nodes share'}")
                _unpack(saved, part, unpacked)
                place.restore_state(site.name, part, unpacked)
                task.done(f"{found.bytes / 1e6:.1f} MB")
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    rundir.restoring(site.name).unlink()


def _unpack(saved: Saved, part: str, folder: Path) -> None:
    """Make `folder` what the target wrote for `part`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    found = saved.parts[part]
    must_have_room(folder.parent, found.bytes, "unpacking needs")
    for name in found.files:
        shutil.copy(saved.folder / model.of_part(part) / name, folder / name)
        packing.unpack(folder / name)
