"""`inv state.save`: copy the state of all nodes of a site while they are off; pack and sign it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from golden import atomic, log, manifest, rundir, seed
from golden.backup import model, packing
from golden.backup.model import Part, Saved
from golden.boot import former, running, watching
from golden.boot.target import SHARED, Target, target
from golden.definition.models import Site
from golden.errors import UserError
from golden.host.resources import must_have_room
from golden.keys import secrets
from golden.paths import shown
from golden.releases import stages, sums
from golden.render import records
from golden.rundir import NodeDir

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def save(site: Site, name: str = "", *, stop: bool = False) -> Saved:
    """Save the state of all nodes as `name`, by default the time in UTC.

    With `stop` nodes that run are shut down first, started again as soon as their state is copied,
    and followed until ready. Raises UserError, and changes nothing, when nodes run without it, have
    no state apart from their system disk, an upgrade was cut, or there is no room.
    """
    name = name or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    with model.lock(site.name):
        saved, on, place = _save(site, name, stop)
    log.info(
        f"{shown(saved.folder)}: the state of {', '.join(node.name for node in site.nodes)}, "
        f"{saved.bytes() / 1e6:.1f} MB, signed; it holds passwords and all data. Restore it with: "
        f"./inv state.restore {name} --site {site.name}"
    )
    if on:
        watching.follow(site.name, on, place)
    return saved


def _save(site: Site, name: str, stop: bool) -> tuple[Saved, list[str], Target]:
    """The saved state, the nodes that were shut down for it and run again, and where."""
    former.must_not_be_under_way(site.name)
    place = _place(site)
    sizes = {part: place.state_bytes(site.name, part) for part in _parts(site, place)}
    on = [node.name for node in site.nodes if NodeDir(site.name, node.name).running()]
    _refuse(site, name)
    _refuse_running(site, place, on, sizes, stop)
    _must_have_room(site, sizes)
    partial = model.folder(site.name) / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        _copy(site, place, sizes, on, partial)
        saved = _packed(site, place, name, sizes, partial)
        _publish(saved, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return saved, on, place


def _place(site: Site) -> Target:
    """Where all nodes were booted last."""
    places = {node.name: NodeDir(site.name, node.name).target() for node in site.nodes}
    if none := [name for name, found in places.items() if not found]:
        raise UserError(
            f"{', '.join(none)} of site {site.name}: nothing of it is on this host, so there is no "
            f"state to save; boot it with: ./inv boot --site {site.name}"
        )
    if len(found := set(places.values())) > 1:
        raise UserError(
            f"the nodes of site {site.name} are at several targets ({', '.join(sorted(found))}): "
            "end those at all but one with ./inv down --node NODE"
        )
    return target(found.pop())


def _parts(site: Site, place: Target) -> list[str]:
    """Whose state there is. Raises UserError for a node that has none."""
    for node in site.nodes:
        if not place.has_state_apart(site.name, node.name):
            raise UserError(
                f"{node.name} of site {site.name} has no state apart from its system disk; a "
                "virtual machine has it when it is booted with --state from the start"
            )
    return place.state_parts(site)


def _refuse(site: Site, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UserError(f"--name {name}: not a name of letters, digits, '.', '_' and '-'")
    folder = model.folder(site.name)
    if (folder / name).exists():
        raise UserError(f"--name {name}: {shown(folder / name)} is there already; name another")
    if (half := rundir.restoring(site.name)).exists():
        raise UserError(
            f"the state {half.read_text()} is only half restored: ./inv state.restore "
            f"{half.read_text()} --site {site.name} goes on"
        )


def _refuse_running(
    site: Site, place: Target, on: list[str], sizes: Mapping[str, int], stop: bool
) -> None:
    if on and not stop:
        raise UserError(
            f"{', '.join(on)} run, and a copy of their {sum(sizes.values()) / 1e6:.0f} MB of state "
            "is only right while they are off: --stop shuts them down, copies it, starts them "
            f"again and packs it then: ./inv state.save --stop --site {site.name}"
        )
    for name in on:
        if not place.starts_again(site, site.node(name)):
            raise UserError(
                f"--stop: {name} runs from an image that is no longer in place, and could not be "
                f"started again: put that back first, with: ./inv release.rollback --site "
                f"{site.name}"
            )


def _must_have_room(site: Site, sizes: Mapping[str, int]) -> None:
    folder = model.folder(site.name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Every copy, and one of them packed beside it.
    need = sum(sizes.values()) + max(sizes.values())
    must_have_room(folder, need, "saving the state needs")


def _copy(
    site: Site, place: Target, sizes: Mapping[str, int], on: list[str], partial: Path
) -> None:
    with ExitStack() as afterwards:
        if on:
            log.info(f"{', '.join(on)}: shutting down; they start again after the copy")
            # Also after a copy that failed.
            nodes = [site.node(name) for name in on]
            afterwards.callback(running.power_on, site, nodes, place)
            running.down(site, on, keep=True)
        with rundir.lock(site.name), log.progress() as progress:
            for part, size in sizes.items():
                task = progress.task(f"copy {part or 'what the nodes share'}")
                place.save_state(site.name, part, partial / model.of_part(part))
                task.done(f"{size / 1e6:.1f} MB")


def _packed(site: Site, place: Target, name: str, sizes: Mapping[str, int], partial: Path) -> Saved:
    kept, release = secrets.load(site), stages.in_place(site.name)
    parts = {}
    with log.progress() as progress:
        for part, size in sizes.items():
            task = progress.task(f"pack {part or 'what the nodes share'}")
            packed = [packing.pack(file) for file in (partial / model.of_part(part)).iterdir()]
            files = {file.name: (manifest.sha256(file), file.stat().st_size) for file in packed}
            instance = seed.instance_id(site, site.node(part), kept) if part != SHARED else ""
            parts[part] = Part(instance, size, files)
            task.done(f"{sum(length for _, length in files.values()) / 1e6:.1f} MB")
    return Saved(
        site=site.name,
        name=name,
        saved=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        target=place.name,
        release=release.id if release else "",
        versions=records.versions(site.release),
        parts=parts,
    )


def _publish(saved: Saved, partial: Path) -> None:
    atomic.write(partial / model.RECORD, saved.text(), mode=0o600)
    signed = {
        f"{model.of_part(part)}/{name}": sha256
        for part, found in saved.parts.items()
        for name, (sha256, _) in found.files.items()
    }
    sums.write(partial, {**signed, model.RECORD: manifest.sha256(partial / model.RECORD)})
    for path in partial.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        atomic.flush(path)
    partial.rename(saved.folder)
    atomic.flush(saved.folder.parent)
