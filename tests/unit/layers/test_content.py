"""The list of an image is what find(1) sees of its layers, made from their records alone."""

from __future__ import annotations

import shlex
from pathlib import Path

from golden import run
from golden.layers import View, content
from golden.layers.content import LIST
from golden.layers.workspace import Workspace

BELOW = """\
mkdir -p etc/golden gone replaced anew/sub kept run dev
for name in gone/a replaced/b anew/c anew/sub/d kept/e kept/f run/pid; do echo $name > $name; done
chmod 4711 kept/e
ln -s ../kept/e etc/link
mkfifo kept/pipe
printf x > "$(printf 'kept/caf\\351')"
"""
ABOVE = """\
rm -r gone replaced anew kept/f
echo file > replaced
mkdir anew
echo new > anew/n
echo new > etc/golden/release.json
chmod 600 kept/e
ln -sf kept etc/link
chmod 1777 etc
"""
# -xdev, as the check of a node walks.
SEEN = r"""
find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp \) -prune \
    -o \( -type f -o -type d -o -type l \) -printf '%y\t%m\t%U\t%G\t%p\t%l\n'
find . -xdev -path ./run -prune -o -type f -print0 | xargs -0 sha256sum
"""


def layer(workspace: Workspace, name: str, lower: tuple[Path, ...], script: str) -> Path:
    """The folder of a layer that `script` makes on top of those in `lower`, recorded."""
    folder = workspace.scratch(name)
    for part in ("tree", "work"):
        (folder / part).mkdir()
    trees = tuple(each / "tree" for each in lower)
    at, upper, work = folder / "root", folder / "tree", folder / "work"
    view = View(at, trees, workspace.alive, workspace.busy, upper=upper, work=work)
    inside(view, script)
    return folder


def inside(view: View, script: str) -> None:
    words = ["sh", "-ec", f"cd {shlex.quote(str(view.at))}\n{script}"]
    run.run([*view.prefix("look"), *words], stage="test")


def test_a_list_is_what_find_sees_of_all_layers(workspace: Workspace) -> None:
    below = layer(workspace, "below", (), BELOW)
    content.call("record", below)
    above = layer(workspace, "above", (below,), ABOVE)
    trees = (above / "tree", below / "tree")
    seen = View(above / "seen", trees, workspace.alive, workspace.busy)
    inside(seen, f"{{ {SEEN} }} > {shlex.quote(str(above))}/found")
    content.call("write_list", above, below)
    told = dict[bytes, list[bytes]]()
    for line in (above / "tree" / LIST).read_bytes().splitlines():
        kind, mode, uid, gid, path, what = line.split(b"\t")
        told[b"." + path.rstrip(b"/")] = [kind, mode, uid, gid, what]
    wanted = dict[bytes, list[bytes]]()
    for line in (above / "found").read_bytes().splitlines():
        if b"\t" in line:
            kind, mode, uid, gid, path, target = line.split(b"\t")
            wanted[path] = [kind, mode, uid, gid, target]
        else:
            digest, path = line.split(b"  ", 1)
            wanted[path][-1] = digest
    assert told == wanted
    assert list(told) == sorted(told)
    assert {b"./kept/caf\xe9", b"./replaced", b"./anew/n"} < told.keys()
