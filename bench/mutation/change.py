"""One change of a node, how it is taken back, and the checks that must turn red for it."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

# On a tmpfs, which no check looks at: what is kept there is no finding of its own.
KEPT = "/run/mutation"
CHANGED, MISSING, ADDED = (
    f"drift.no_file_{what}" for what in ("was_changed", "is_missing", "was_added")
)
OPENED, NEXT_BOOT = "drift.nothing_is_open_to_everybody", "drift.next_boot_starts_the_same"
STEP, RENDERED = "drift.step_is_still_done", "files.file_is_as_rendered"
RUNS, PORT = "services.service_runs", "services.port_listens_where_the_role_says"
# Runs on the node: the changed text takes the place of the file, which keeps owner and mode.
EDIT = """
import json, re, sys
path, old, new = json.loads(sys.argv[1])
text = open(path).read()
changed = re.sub(old, lambda _: new, text, count=1, flags=re.M)
assert changed != text, path + " has nothing like " + old
open(path, "w").write(changed)
"""


@dataclass(frozen=True)
class Change:
    """`do` and `undo` are shell scripts on `node`; each of the checks `red`, as subject.name, must
    fail for the change, and `says` stand in what one of them tells.

    `needs` is a feature (golden/boot/container/absent.py) without which there is nothing to change.
    `steps` are those of first boot that it undoes. A `site` change is seen by checks of the whole
    site or of another node. `short`: for CI.
    """

    what: str
    node: str
    do: str
    undo: str
    red: tuple[str, ...]
    says: str = ""
    needs: str = ""
    steps: tuple[str, ...] = ()
    site: bool = False
    short: bool = False


def keep(path: str) -> str:
    """The script that keeps a path for `restore`."""
    return f"mkdir -p $(dirname {KEPT}{path}) && cp -a {path} {KEPT}{path}"


def restore(path: str, *, mounted: bool = False) -> str:
    """The script that puts a kept path back; into the file itself where an engine mounts it."""
    # Nothing was kept where the change could not be made.
    kept = f"[ -e {KEPT}{path} ] || [ -L {KEPT}{path} ] || exit 0; "
    if mounted:
        return f"{kept}cat {KEPT}{path} >{path}; rm -r {KEPT}{path}"
    return f"{kept}rm -rf {path}; cp -a {KEPT}{path} {path}; rm -r {KEPT}{path}"


def edited(
    node: str,
    path: str,
    old: str,
    new: str,
    red: tuple[str, ...] = (CHANGED,),
    restart: tuple[str, ...] = (),
    *,
    what: str = "",
    steps: tuple[str, ...] = (),
    mounted: bool = False,
    short: bool = False,
) -> Change:
    """The regular expression `old` in a file becomes `new`, once; the scripts `restart` read it.

    A daemon that does not start is what a wrong setting may do: the checks tell.
    """
    again = "".join(f"; /etc/init.d/{name} restart || :" for name in restart)
    words = shlex.quote(json.dumps([path, old, new]))
    do = f"{keep(path)} && python3 -c {shlex.quote(EDIT)} {words}{again}"
    undo = restore(path, mounted=mounted) + again
    said = what or f"{path}: {new or 'a line less'}"
    return Change(said, node, do, undo, red, steps=steps, short=short)


def removed(node: str, path: str, *, short: bool = False) -> Change:
    """A file or folder goes."""
    do = f"{keep(path)} && rm -r {path}"
    return Change(f"{path} removed", node, do, restore(path), (MISSING,), path, short=short)


def added(
    node: str, path: str, text: str, mode: str = "0644", what: str = "", *, short: bool = False
) -> Change:
    """A file that nobody brought."""
    do = f"printf '%s\\n' {shlex.quote(text)} >{path} && chmod {mode} {path}"
    said = f"{path} added" + (f": {what}" if what else "")
    return Change(said, node, do, f"rm -f {path}", (ADDED,), path, short=short)


def mode(
    node: str, path: str, wrong: str, red: tuple[str, ...] = (CHANGED,), *, short: bool = False
) -> Change:
    """Other rights, or with a colon in them another owner."""
    verb = "chown" if ":" in wrong else "chmod"
    rights = f"{KEPT}/rights"
    do = (
        f"mkdir -p {KEPT} && stat -c 'chown -h %u:%g %n; chmod %a %n' {path} >{rights} && "
        f"{verb} {wrong} {path}"
    )
    said = f"{path} is {wrong}"
    return Change(said, node, do, f"sh {rights}; rm {rights}", red, path, short=short)


def stopped(node: str, service: str, *red: str, says: str = "", short: bool = False) -> Change:
    """A daemon was stopped by hand."""
    script = f"/etc/init.d/{service}"
    checks = red or (RUNS,)
    return Change(
        f"{service} stopped",
        node,
        f"{script} stop",
        f"{script} start",
        checks,
        says,
        short=short,
    )


def sql(statement: str) -> str:
    """The script that has the database's superuser say `statement`."""
    # Not echo: the nodes' sh would take the backslash of a \c for its own.
    said = f"printf '%s\\n' {shlex.quote(statement)}"
    return f"cd / && {said} | su -s /bin/sh postgres -c 'psql -qAtX'"


def in_sql(what: str, do: str, undo: str, *red: str, says: str = "") -> Change:
    """Something said to node1's PostgreSQL."""
    return Change(what, "node1", sql(do), sql(undo), red, says)
