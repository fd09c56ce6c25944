"""`inv secrets --rotate`: one secret anew, in .secrets and on all nodes that run.

The nodes are handed the new value by ssh, each keeps it on its disk (scripts/firstboot/engine/
seed.py), and only then their first boot is resumed: each step looks whether the system has the
secrets that it should have, and settings that change have their readers restarted. From the first
node on that has it the new value is the one to come: a power cut or a failure there ends in it, by
`inv resume` or at the next boot.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from golden import definition, log
from golden.boot import resuming
from golden.check import check
from golden.check.connection import Connection, UnreachableError, refusal
from golden.definition import Node, Site
from golden.definition.problems import nearest
from golden.errors import StageError, UserError
from golden.keys import secrets
from golden.keys.secrets import Secrets
from golden.paths import SCRIPTS, shown
from golden.render import render
from golden.rundir import NodeDir
from golden.seed import instance_id

# Those that live on in what was made with them, and why.
LASTING: Mapping[str, str] = {
    "encryption_key": "Cyclades' database holds passwords that are encrypted with it",
    "rapi_password": "Cyclades has its own copy, encrypted; change it there with snf-manage "
    "backend-modify, in Ganeti's users file and in secrets.json",
    "user_password": "the first user may have changed it himself; change it in Astakos, and in "
    "secrets.json",
}
# `firstboot status` ends with 0 on a node that is set up.
READY = "firstboot status > /dev/null && test -d /var/lib/golden/forms"
# Twice: what one node asks of another may fail until both have the new value.
APPLY = "firstboot resume || { sleep 15; firstboot resume; }"


def rotate(name: str, secret: str) -> None:
    """Make `secret` of the site `name` anew, hand it to the nodes, and check them.

    Raises UserError, with nothing changed, for a secret that cannot be made anew, and when not all
    nodes run and are set up, or none is left; StageError when a node does not take it, or a check
    fails.
    """
    _refuse(secret)
    site = definition.load(name)
    link = Connection.to(site.name) if _are_booted(site) else None
    if link:
        _require_ready(link, site)
    kept = secrets.renew(site, secret)
    log.info(f"site {site.name}: {secret} is new in {shown(kept.folder)}")
    for node in site.nodes:
        log.info(f"{node.name}: {', '.join(users(site, node, secret)) or 'does not use it'}")
    if link is None:
        log.info("no node is booted; those that will be get it with their seed")
        return
    _hand_over(link, site, kept, secret)
    _apply(site, secret)
    log.info(f"site {site.name}: {secret} is new on all nodes; checking them")
    check(site.name)


def users(site: Site, node: Node, secret: str) -> Iterator[str]:
    """What uses `secret` on `node`: steps of its first boot, and files that hold it."""
    word = re.compile(rf"""["']{secret}["']""")
    for step in node.kind.first_boot:
        if word.search((SCRIPTS / "firstboot" / "steps" / f"{step}.py").read_text()):
            yield f"step {step}"
    mark = re.compile(rf"@@SECRET:\w+:{secret}@@".encode())
    for path, file in render(site).kinds[node.kind.name].files.items():
        if mark.search(file.content):
            yield path


def _refuse(secret: str) -> None:
    if secret not in secrets.LENGTHS:
        raise UserError(f"--rotate {secret}: no such secret; {nearest(secret, secrets.LENGTHS)}")
    if secret in LASTING:
        raise UserError(f"--rotate {secret}: not while the nodes last: {LASTING[secret]}")


def _are_booted(site: Site) -> bool:
    """Whether all nodes run; no when nothing is left of any. Raises UserError when some run and
    others do not, or are kept: these would keep the old value."""
    files = [NodeDir(site.name, node.name) for node in site.nodes]
    if not any(each.target() for each in files):
        return False
    for each in files:
        if not each.running():
            raise UserError(
                f"{each.node} of site {site.name} is not running and would keep the old value; "
                f"boot it with: ./inv boot --site {site.name}"
            )
    return True


def _require_ready(link: Connection, site: Site) -> None:
    for node in site.nodes:
        otherwise = "not set up, or of an image that keeps no forms of its settings"
        if said := refusal(link, node.name, READY, otherwise):
            raise UserError(
                f"{node.name} cannot take a new secret: {said}; nothing is changed; "
                f"see: ./inv why {node.name} --site {site.name}"
            )


def _hand_over(link: Connection, site: Site, kept: Secrets, secret: str) -> None:
    """Have every node keep the secrets. Raises StageError saying who has which."""
    have: list[str] = []
    for node in site.nodes:
        given = {"instance": instance_id(site, node, kept), "rotation": kept.rotation}
        text = json.dumps(given | {"secrets": dict(kept.values)})
        try:
            said = link.run(node.name, "firstboot rotate", stdin=text)
            code, tail = said.code, said.out.splitlines()[-3:]
        except UnreachableError as error:
            code, tail = 255, [str(error)]
        if code != 0:
            raise StageError(
                "rotate",
                f"{node.name} did not take the new {secret}: the old one is in force on all nodes, "
                f"and {' and '.join(have) or 'none'} will change at the next boot",
                code=code,
                tail=tail,
                hint=f"mend it, then again: ./inv secrets --rotate {secret} --site {site.name}",
            )
        have.append(node.name)


def _apply(site: Site, secret: str) -> None:
    try:
        resuming.resume(site, [node.name for node in site.nodes], APPLY)
    except StageError as error:
        raise StageError(
            "rotate",
            f"{error.message}: every node has the new {secret}, which comes into force there when "
            "its first boot is at its end",
            code=error.code,
            tail=error.tail,
            log=error.log,
            hint=error.hint,
        ) from error
