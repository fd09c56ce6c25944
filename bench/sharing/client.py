"""A machine whose installer takes the pieces of its image, and goes on sharing them."""

from __future__ import annotations

from pathlib import Path

from bench.lan import Host
from bench.sharing.server import TOKEN
from golden import run
from golden.definition.models import Node
from golden.errors import StageError
from golden.installer.initramfs import SOURCE
from golden.keys import signing

# install.sh up to where it would write. `done` appears when all pieces are proven; what follows is
# the time in which a machine writes.
SCRIPT = """\
export LC_ALL=C OPENSSL_CONF=/dev/null
here=$1 root=$2
for part in report source share disk state write; do
    . "$here/$part.sh"
done
work=$root/tmp/installer
mkdir -p "$work"
read_words
open_source
read_manifest
choose_node
begin image
try_pieces
echo "${sharing:-0}" >"$root/done"
sleep infinity
"""
FREE_MIB = 4096


class Client:
    """The machine of `node` at `host`; `folder` stands for its /."""

    def __init__(self, host: Host, node: Node, folder: Path, source: str) -> None:
        self._folder, parts = folder, folder / "installer"
        for name in ("proc", "dev", "tmp", "sys/block", "installer"):
            (folder / name).mkdir(parents=True)
        words = f"golden.source={source} golden.node={node.name} golden.token={TOKEN}"
        (folder / "proc/cmdline").write_text(f"{words}\n")
        (folder / "proc/uptime").symlink_to("/proc/uptime")
        (folder / "proc/meminfo").write_text(f"MemFree: {FREE_MIB * 1024} kB\n")
        for path in SOURCE.glob("*.sh"):
            (parts / path.name).write_bytes(path.read_bytes())
        (parts / "key.pem").write_bytes(signing.public_key())
        (parts / "client").write_text(SCRIPT)
        argv = host.words("unshare", "--mount", "dash", "-u", parts / "client", parts, folder)
        self._child = run.start(argv, log=folder / "log", stage="bench")

    def finished(self) -> float | None:
        """When it had all pieces, in seconds since the epoch; None before. Raises StageError when
        it gave up."""
        done = self._folder / "done"
        if done.exists():
            return done.stat().st_mtime
        if self._child.poll() is not None:
            tail = self._said().splitlines()[-12:]
            raise StageError("bench", "a machine did not get its image", tail=tail)
        return None

    def is_alone(self) -> bool:
        """Whether it gave up sharing."""
        return "come by HTTP" in self._said()

    def _said(self) -> str:
        return (self._folder / "dev/console").read_text()

    def memory(self) -> float:
        """The most MiB that its BitTorrent client held; 0 without one."""
        pid = int((self._folder / "done").read_text())
        status = Path(f"/proc/{pid}/status").read_text().splitlines() if pid else []
        peak = [line.split()[1] for line in status if line.startswith("VmHWM")]
        return int(peak[0]) / 1024 if peak else 0.0

    def end(self) -> None:
        """Switch it off."""
        run.end(self._child, 0.5)
