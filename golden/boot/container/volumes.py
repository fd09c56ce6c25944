"""What outlives the nodes' containers: a volume for each node, and one that all of them share.

Whoever may use the engine need not be root, and the engine's archive API keeps neither extended
attributes nor parts of a second. So tar saves and restores a volume as root, in a container of the
node's image without a network.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import docker
from docker.errors import NotFound
from docker.types import LogConfig, Mount

from golden import definition, log
from golden.boot.container import engine, images, names, options
from golden.errors import StageError, UserError
from golden.paths import home, shown

# The names of both in compose.yaml, where a node is the pattern.
SHARED = "archip"
STATE = f"{options.PATTERN}-state"
ARCHIVE = "volume.tar"
# The exit code of a restoration that has not begun.
NO_ROOM = 28

# $1 is the volume. Wheezy's tar (1.26) knows no extended attributes; nothing there uses them.
_BEGIN = """\
set -ef
umask 077
cd "$1"
more=
if tar --xattrs --version >/dev/null 2>&1; then
    more='--acls --xattrs --xattrs-include=user.* --xattrs-include=security.capability'
fi
flush() { sync -f . 2>/dev/null || sync; }
"""
# tar itself reads nothing for /dev/null, and counts the same.
_CREATE = """\
tar --create --format=pax --sparse --numeric-owner $more --totals --file="$2" .
"""
_SAVE = f"""\
{_CREATE}chown "$3" "$2"
"""
# Half of a volume has files and no mark, and no node uses that (engine/state_volume.py).
_RESTORE = f"""\
set -- "$1" "$2" "$3" $(df -kP . | tail -n 1)
[ $(($7 + $(du -sk . | cut -f 1))) -ge "$3" ] || exit {NO_ROOM}
mark=golden-state.json
rm -f $mark
flush
find . -mindepth 1 -delete
tar --extract --preserve-permissions --numeric-owner $more --file="$2" \\
    --transform="s,^\\./golden-state\\.json$,./$mark.restored,S"
flush
if [ -e $mark.restored ]; then
    date=$(stat --format=%y .)
    mv $mark.restored $mark
    touch --date="$date" .
    flush
fi
"""


def ensure(client: docker.DockerClient, site: str, node: str) -> str:
    """The engine's name of the volume of a node, or with "" of the shared one; made if missing."""
    name = _name(site, node)
    marks = names.compose_labels(site, "volume", f"{node}-state" if node else SHARED, node)
    client.volumes.create(name, labels=marks)
    return name


def exists(client: docker.DockerClient, site: str, node: str) -> bool:
    """Whether the engine has that volume."""
    with contextlib.suppress(NotFound):
        return bool(client.volumes.get(_name(site, node)))
    return False


def archive_bytes(client: docker.DockerClient, site: str, node: str) -> int:
    """How long the archive of the volume would be; of one in use about. Raises UserError without
    the volume."""
    if not exists(client, site, node):
        raise UserError(
            f"the engine has no volume {_name(site, node)}: there is no state to save; "
            f"./inv boot --site {site} --target container makes it"
        )
    code, said = _helper(client, site, node, _CREATE, "/dev/null")
    if found := re.search(r"Total bytes written: (\d+)", said):
        # A file that goes away meanwhile is an error to tar, too.
        return int(found[1])
    raise _failure("measure", site, node, code, said)


def save(client: docker.DockerClient, site: str, node: str, folder: Path) -> None:
    """Write the archive of the volume, which nothing uses, into `folder`."""
    _must_be_unused(client, site, node)
    owner = f"{os.geteuid()}:{os.getegid()}"
    code, said = _helper(client, site, node, _SAVE, f"/saved/{ARCHIVE}", owner, folder=folder)
    if code != 0:
        raise _failure("save", site, node, code, said)


def restore(client: docker.DockerClient, site: str, node: str, folder: Path) -> None:
    """Make the volume what `save` wrote into `folder`, and nothing else. Raises UserError, and
    changes nothing, without the archive or the room for it."""
    archive = folder / ARCHIVE
    if not archive.is_file():
        raise UserError(f"{shown(archive)}: missing: no state of a container was saved there")
    _must_be_unused(client, site, node)
    volume = ensure(client, site, node)
    kib = archive.stat().st_size // 1024
    code, said = _helper(client, site, node, _RESTORE, f"/saved/{ARCHIVE}", str(kib), folder=folder)
    if code == NO_ROOM:
        raise UserError(
            f"the engine's disk has no room for the {kib // 1024} MiB of {shown(archive)} in the "
            f"volume {volume}, which stays as it is: make room there, and restore again"
        )
    if code != 0:
        raise _failure("restore", site, node, code, said)


def _name(site: str, node: str) -> str:
    return names.named(site, f"{node}-state" if node else SHARED)


def _helper(
    client: docker.DockerClient,
    site: str,
    node: str,
    script: str,
    *words: str,
    folder: Path | None = None,
) -> tuple[int, str]:
    """The exit code and output of a shell script that gets the volume as $1, and `words`; it finds
    `folder` at /saved."""
    loaded = definition.load(site)
    at = loaded.node(node) if node else loaded.nodes[0]
    tag = images.ensure(client, loaded, at.kind, home(), log.info)
    mounts = [Mount("/volume", _name(site, node), no_copy=True)]
    mounts += [Mount("/saved", str(folder.resolve()), type="bind")] if folder else []
    with contextlib.suppress(NotFound):
        # A killed run leaves it, and it goes on.
        client.containers.get(_helper_name(site, node)).remove(force=True)
    with engine.refusals(f"run a container for the volume {_name(site, node)}"):
        made = client.containers.create(
            tag,
            ["sh", "-c", _BEGIN + script, "sh", "/volume", *words],
            name=_helper_name(site, node),
            # By them `down` finds what a killed run leaves.
            labels=names.labels(site, at.name),
            network_mode="none",
            mounts=mounts,
            stop_signal="SIGKILL",
            # Not every driver gives back what it got.
            log_config=LogConfig(type=LogConfig.types.JSON),
        )
        try:
            made.start()
            return int(made.wait()["StatusCode"]), made.logs().decode("utf-8", "replace")
        finally:
            made.remove(force=True)


def _helper_name(site: str, node: str) -> str:
    return names.named(site, f"saving-{node or SHARED}")


def _must_be_unused(client: docker.DockerClient, site: str, node: str) -> None:
    """Raise UserError while a container that runs has the volume."""
    for user in client.containers.list(filters={"volume": _name(site, node)}):
        if user.name != _helper_name(site, node):
            raise UserError(
                f"the container {user.name} runs, and may write to the volume "
                f"{_name(site, node)}: shut it down first, with: ./inv down --site {site} --keep"
            )


def _failure(doing: str, site: str, node: str, code: int, said: str) -> StageError:
    text = f"the volume {_name(site, node)} could not be {doing}d"
    return StageError("state", text, code=code, tail=said.splitlines()[-12:])
