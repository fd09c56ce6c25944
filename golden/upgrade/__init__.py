"""`inv upgrade`: a running site goes over to another image release with its state, or stays as it
is.

Its nodes are shut down and a copy of their state is made; their machines are set aside, and new
ones boot from the new images on that state. If anything fails there, or a check does, the former
machines and the copy come back. A journal (golden/boot/former.py) says how far it is, so that an
upgrade that was cut anywhere goes on from there. The copy and the former machines are kept until
`--commit`, the next upgrade, or the end of the nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from golden import definition, log
from golden.bake.current import stale
from golden.boot import former, running, times
from golden.boot.former import Journal
from golden.boot.target import Target, target
from golden.check import CALM, check
from golden.check.connection import UnreachableError
from golden.definition import Site
from golden.errors import StageError, UserError
from golden.releases import switch
from golden.report import Stages
from golden.upgrade import instances, record
from golden.upgrade.before import begin, forget
from golden.upgrade.downtime import Prober


def upgrade(name: str, to: str = "", *, as_baked: bool = False, rehearsal: bool = False) -> None:
    """Bring the running site `name` to the release whose id begins with `to`, by default the one
    that was baked last; or end the upgrade that was cut. A `rehearsal` then brings it back to where
    it was: it is away meanwhile, and nothing has changed.

    Raises UserError, with nothing changed, when it cannot begin; StageError when the site is back
    on its former release, and why.
    """
    site, journal = definition.load(name), former.read(name)
    if journal is None or journal.stage == "done":
        journal = begin(site, to, as_baked=as_baked, rehearsal=rehearsal)
    elif to and not journal.new.startswith(to):
        former.must_not_be_under_way(name)
    if journal.stage == "returning":
        _return(site, journal, Stages())
        return
    stages, place = Stages(), target(journal.target)
    try:
        with Prober(site) as prober:
            if journal.stage == "leaving":
                _leave(site, journal, place, stages)
            _arrive(site, journal, place, stages)
    except (StageError, UserError, UnreachableError) as error:
        log.warn(f"upgrade of site {name}: {error}")
        log.warn(f"going back to release {journal.former}")
        # What a node says of itself is kept before its machine goes.
        record.keep_consoles(site)
        _return(site, replace(journal, why=str(error).splitlines()[0]), stages)
    if journal.rehearsal:
        log.info(f"release {journal.new} came up with the site's state, and every check is green")
        _return(site, journal, stages, prober.away)
        return
    journal = replace(journal, stage="done")
    former.write(name, journal)
    record.keep(site, journal, stages, prober.away)
    log.info(
        f"site {name} runs release {journal.new}; its former state and machines are kept: go back "
        f"with ./inv upgrade --undo --site {name}, or remove them with ./inv upgrade --commit "
        f"--site {name}"
    )


def undo(name: str) -> None:
    """Bring the site back to where it was before the last upgrade, whatever became of that. What
    was written since is lost. Raises UserError when nothing is kept."""
    site, journal = definition.load(name), _kept(name)
    _return(site, replace(journal, why="", rehearsal=False), Stages())


def commit(name: str) -> None:
    """Remove what the last upgrade left to go back to. Raises UserError when nothing is kept."""
    site, journal = definition.load(name), _kept(name)
    former.must_not_be_under_way(name)
    forget(site, target(journal.target))
    log.info(f"site {name}: nothing of release {journal.former} is left but its images")


def _kept(name: str) -> Journal:
    journal = former.read(name)
    if journal is None:
        raise UserError(
            f"no upgrade of site {name} has left anything to go back to; it runs what "
            f"./inv status --site {name} shows"
        )
    return journal


def _leave(site: Site, journal: Journal, place: Target, stages: Stages) -> None:
    """Shut the nodes down, copy their state and set their machines aside."""
    former.write(site.name, journal)
    stages.run("shut down", lambda: running.down(site, keep=True))
    stages.run("copy the state", lambda: _copy(site, place))
    for node in site.nodes:
        place.set_aside(site.name, node.name)
    # Once promoted, nothing removes what the way back needs.
    switch.promote(site.name, journal.former)
    switch.promote(site.name, journal.new)


def _copy(site: Site, place: Target) -> None:
    for name in place.state_parts(site):
        copy = former.state(site.name, name)
        if not copy.exists():
            place.save_state(site.name, name, copy)


def _arrive(site: Site, journal: Journal, place: Target, stages: Stages) -> None:
    """Boot the new machines on the state, and check them."""
    former.write(site.name, replace(journal, stage="arriving"))
    _boot(site, place, stages, "boot")
    stages.run("start instances", lambda: instances.start(site, journal.instances))
    stages.run("check", lambda: check(site.name))


def _boot(site: Site, place: Target, stages: Stages, name: str) -> None:
    try:
        stages.run(name, lambda: running.boot(site, (), place))
    finally:
        stages.moments += times.moments(site, site.nodes, stages.began(name))


def _return(
    site: Site, journal: Journal, stages: Stages, away: Mapping[str, float] = MappingProxyType({})
) -> None:
    """Have the former machines and their state back. Raises StageError saying why, if that was no
    wish of the operator's."""
    journal = replace(journal, stage="returning")
    former.write(site.name, journal)
    place = target(journal.target)
    stages.run("put back", lambda: _put_back(site, journal, place))
    _boot(site, place, stages, "boot the former")
    stages.run("start instances again", lambda: instances.start(site, journal.instances))
    # From here on they write to their state again, which no second return may lose.
    former.forget(site.name)
    said = f"site {site.name} is back on release {journal.former}, with the state of then"
    try:
        if changed := stale(site):
            log.info(f"not checked: the definitions are no more those of it: {'; '.join(changed)}")
        else:
            stages.run("check the former", lambda: check(site.name, (), CALM))
    finally:
        log.info(said)
        record.keep(site, journal, stages, away)
    if journal.why:
        raise StageError(
            "upgrade",
            f"{said}: {journal.why}",
            hint=f"consoles and time line: {record.shown(site)}; mend it, bake, and again: "
            f"./inv upgrade --site {site.name}",
        )


def _put_back(site: Site, journal: Journal, place: Target) -> None:
    for node in reversed(site.nodes):
        place.cut(site.name, node.name)
    for node in site.nodes:
        place.take_back(site.name, node.name)
    for name in place.state_parts(site):
        copy = former.state(site.name, name)
        if copy.exists():
            place.restore_state(site.name, name, copy)
    switch.promote(site.name, journal.former)
