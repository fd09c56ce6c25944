"""Whether an upgrade can begin, before anything is changed."""

from __future__ import annotations

import re
from dataclasses import replace

from debian.debian_support import Version

from golden import log
from golden.bake.current import require_current
from golden.boot import former
from golden.boot.former import Journal
from golden.boot.target import Target, target
from golden.check.connection import Connection, refusal
from golden.definition import Site
from golden.errors import UserError
from golden.host.resources import must_have_room
from golden.releases import find, stages
from golden.releases.model import ImageRelease
from golden.rundir import NodeDir
from golden.upgrade import instances

_MAJOR = re.compile(r"postgresql-(\d+(?:\.\d+)?)")
# `firstboot status` ends with 0 on a node that is set up.
READY = "firstboot status > /dev/null"


def begin(site: Site, to: str, *, as_baked: bool, rehearsal: bool = False) -> Journal:
    """The journal of a new upgrade to the release `to`, the newest without one; an older upgrade is
    then committed. Raises UserError when the site cannot be upgraded, and changes nothing."""
    place, old = _place(site), former.read(site.name)
    if rehearsal and old:
        raise UserError(
            f"a rehearsal would remove what is kept of release {old.former}; if it can go: "
            f"./inv upgrade --commit --site {site.name}"
        )
    now = find(site.name, _running(site))
    new = find(site.name, to) if to else stages.in_place(site.name)
    if new is None:
        raise UserError(
            f"the images in place are no release: bake them with ./inv bake --site {site.name}, or "
            f"name one of ./inv release.list --site {site.name} with --to"
        )
    if new.id == now.id:
        raise UserError(
            f"site {site.name} runs release {now.id} already; ./inv bake --site {site.name} makes "
            "a newer one where something has changed"
        )
    if not to and not as_baked:
        require_current(site)
    _require_fitting(now, new)
    _require_room(site, place)
    link = _require_ready(site)
    journal = Journal("leaving", now.id, new.id, place.name, rehearsal=rehearsal)
    journal = replace(journal, instances=instances.running(site, link))
    if old:
        log.info(f"what was kept of release {old.former} goes")
        forget(site, place)
    log.info(f"site {site.name}: from release {now.id} to {new.id}")
    return journal


def forget(site: Site, place: Target) -> None:
    """Remove what an upgrade has kept to go back to."""
    for node in site.nodes:
        place.forget_aside(site.name, node.name)
    former.forget(site.name)


def _place(site: Site) -> Target:
    """The target of all nodes, whose state is apart."""
    files = [NodeDir(site.name, node.name) for node in site.nodes]
    for each in files:
        if not each.running():
            raise UserError(
                f"{each.node} of site {site.name} is not running; boot it with: "
                f"./inv boot --site {site.name}"
            )
    place = target(files[0].target())
    for each in files:
        if not (each.target() == place.name and _keeps_state(place, site.name, each.node)):
            raise UserError(
                f"{each.node} of site {site.name} has no state apart from its system disk that an "
                f"upgrade could keep at target {each.target()} (docs/state.md)"
            )
    return place


def _keeps_state(place: Target, site: str, node: str) -> bool:
    return place.upgrades and place.has_state_apart(site, node)


def _running(site: Site) -> str:
    found = {node.name: NodeDir(site.name, node.name).release() for node in site.nodes}
    if len(set(found.values())) == 1 and all(found.values()):
        return found[site.nodes[0].name]
    told = ", ".join(f"{name} {release or 'unknown'}" for name, release in found.items())
    raise UserError(
        f"the nodes of site {site.name} do not run one known release ({told}): shut them down and "
        f"boot them with ./inv down --keep-state --site {site.name} and ./inv boot"
    )


def _require_fitting(now: ImageRelease, new: ImageRelease) -> None:
    """The nodes would refuse the state themselves, but only after they were shut down."""
    if _upstream(new.synnefo) < _upstream(now.synnefo):
        raise UserError(
            f"release {new.id} is of Synnefo {new.synnefo}, older than {now.synnefo} of what runs: "
            "its programs cannot read newer state; ./inv state.restore brings older state back"
        )
    for kind, image in now.images.items():
        had, has = _majors(image.manifest()["packages"]), set[str]()
        if kind in new.images:
            has = _majors(new.images[kind].manifest()["packages"])
        if had != has:
            raise UserError(
                f"release {new.id} has PostgreSQL {', '.join(has) or 'nowhere'} on {kind}, and "
                f"the state is of {', '.join(had)}: no step of first boot converts it"
            )


def _majors(packages: dict[str, str]) -> set[str]:
    return {found[1] for name in packages if (found := _MAJOR.fullmatch(name))}


def _upstream(version: str) -> Version:
    """Without what a packager, or a stand-in, has added to it."""
    return Version(re.split(r"[-+~]", version)[0])


def _require_room(site: Site, place: Target) -> None:
    needed = sum(place.state_bytes(site.name, name) for name in place.state_parts(site))
    there = former.folder(site.name).parent
    must_have_room(there, needed, "a copy of the nodes' state takes")
    log.info(f"state to copy: {needed >> 20} MiB")


def _require_ready(site: Site) -> Connection:
    link = Connection.to(site.name)
    for node in site.nodes:
        if said := refusal(link, node.name, READY, "its first boot is not at its end"):
            raise UserError(
                f"{node.name} is not READY ({said}), and an upgrade needs a site that is; see: "
                f"./inv why {node.name} --site {site.name}"
            )
    return link
