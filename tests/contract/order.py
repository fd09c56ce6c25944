"""The order of the recording: its states one after another (README.md, "States").

Rows are merged into the first that was alike; what was done again between others is repeated here.
"""

from __future__ import annotations

from pathlib import Path

from tests.contract.booted import Booted
from tests.contract.names import Names
from tests.contract.play import Play
from tests.contract.site import Site, serving

MACHINES = ("compute-", "network-", "volume-", "image-", "vmapi-")


def play(site: Site, known: dict[str, str]) -> Play:
    """Play everything; the outcomes are in what is returned."""
    act = Play(site, Names(**known))
    act.run("c001", "c004")
    with serving(site):
        site.start_dispatcher()
        _first_boot(act)
        act.run("c052", "c220")
        act.send("identity-001", "compute-001")
        act.send("object-store-001", "object-store-080")
        _networks(act)
        act.run("c343")  # done again before servers were made
        _kamaki(act)
        act.run("c536", "c576")
        _plain_client(act)
        _browser(act)
    return act


def replay(site: Booted, known: dict[str, str]) -> Play:
    """Play what a booted site with its first user, image and public network can answer: commands,
    and requests but those about machines, whose Ganeti was fake in the recording."""
    act = Play(site, Names(**known), without=MACHINES)
    act.run("c052", "c220")
    act.send("identity-001")
    act.send("object-store-001", "object-store-080")
    _kamaki(act)
    _plain_client(act)
    _browser(act)
    return act


def _first_boot(act: Play) -> None:
    act.run("c005", "c049")
    config = act.site.cloud.place / "archipelago.conf"
    away = config.rename(Path(f"{config}.away"))
    act.run("c050")
    away.rename(config)
    act.run("c051")
    token = act.site.command(["snf-manage", "user-list", "-o", "id"], "node1")
    assert token.exit == 0, token
    act.names.known["user_token"] = user_token(act.site)


def user_token(site: Site) -> str:
    """The first user's token, as first boot reads it."""
    code = (
        "from snf_django import database; from synnefo import settings\n"
        "with database.apps(settings.load()) as db:\n"
        "    print(db.one('select auth_token from im_astakosuser')['auth_token'])"
    )
    path = site.cloud.root / "usr/bin/show-token"
    path.write_text(code)
    return site.command(["show-token"], "node1").out.strip()


def _networks(act: Play) -> None:
    act.run("c284", "c405")
    act.site.start_eventd()
    act.run("c406", "c416")
    act.site.stop_eventd()
    act.run("c417", "c421")
    act.site.start_eventd()
    act.run("c422", "c436")


def _kamaki(act: Play) -> None:
    act.send("compute-003", "object-store-081")
    act.again("network-004", "network-006")
    act.send("compute-027", "network-030")


def _plain_client(act: Play) -> None:
    act.again("compute-024")
    act.send("identity-002", "network-050")
    act.again("network-016")
    act.send("network-051")
    act.again("network-020")
    act.send("network-052")
    act.again("compute-024")
    act.send("volume-009", "object-store-093")
    act.again("object-store-003")
    act.send("object-store-094", "object-store-129")
    act.again("object-store-062")
    act.send("object-store-130", "vmapi-002")


def _browser(act: Play) -> None:
    act.send("static-003", "pithos-pages-013")
    act.send("cyclades-pages-011", "astakos-pages-037")
    act.send("identity-029", "compute-073")
