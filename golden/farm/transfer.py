"""Layers and disks from one host to another over HTTPS; what arrives with other bytes is refused.

A host asks for the key of a layer, and knows from dask the hash of its content; of a disk it knows
the hash of the manifest, which has the others'. The scheduler sees none of the bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from golden import atomic, manifest, paths, run
from golden.bake.disk import Disk
from golden.bake.layer import Builder
from golden.bake.machine import OVERLAYFS_NOTES, XATTRS
from golden.errors import StageError
from golden.farm.model import Made, MadeDisk
from golden.layers import Store
from golden.layers.content import TREE
from golden.layers.enter import namespaces
from golden.layers.store import RECORD
from golden.recipe import Recipe

SECONDS = 60.0  # of silence
MIB = 1 << 20
_LAYER = re.compile(r"/layer/([0-9a-f]{32})")
_DISK = re.compile(r"/disk/([a-z0-9-]+)/([a-z0-9-]+)/([A-Za-z0-9][^/]*)")


class Server(ThreadingHTTPServer):
    """Serves this host's layers and disks at `address` to whom `context` lets in."""

    daemon_threads = True

    def __init__(self, host: str, context: ssl.SSLContext) -> None:
        super().__init__((host, 0), Handler)
        # Each shakes hands in the thread of its own: none can hold the others up.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.address = f"{host}:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: who asks sees that it did not come whole."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    timeout = SECONDS

    def do_GET(self) -> None:
        """A layer as a tar, or a file of a disk."""
        path = urllib.parse.unquote(self.path)
        layer, file = _LAYER.fullmatch(path), _DISK.fullmatch(path)
        stored = Store(paths.CACHE).find(layer[1]) if layer else None
        found = manifest.folder(file[1], file[2]) / file[3] if file else None
        if stored:
            self._begin()
            _pack(stored.folder, self.wfile.write)
        elif found and found.is_file():
            with found.open("rb") as content:
                self._begin()
                shutil.copyfileobj(content, self.wfile, MIB)
        else:
            self.send_error(404)

    def _begin(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the side that asks shows the work."""


def _pack(folder: Path, write: Callable[[bytes], object]) -> None:
    """Write the layer in `folder` as a tar: its tree, with the real owners, and its record."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=MIB) as stream:
        words = [*namespaces(), "tar", "-c", "-f", f"/dev/fd/{writer}", "--format=posix"]
        words += [*XATTRS, *OVERLAYFS_NOTES, "-C", str(folder), TREE, RECORD]
        child = run.start(words, stage="farm", pass_fds=(writer,))
        os.close(writer)
        try:
            while piece := stream.read(MIB):
                write(piece)
        finally:
            run.end(child)


@contextlib.contextmanager
def _asked(address: str, path: str, context: ssl.SSLContext) -> Iterator[http.client.HTTPResponse]:
    """The answer of the server at `address`. Raises OSError where there is none, or a refusal."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), timeout=SECONDS, context=context)
    try:
        connection.request("GET", urllib.parse.quote(path))
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"it answers {answer.status} {answer.reason}")
        yield answer
    except http.client.HTTPException as error:
        raise OSError(f"{error!r}") from error
    finally:
        connection.close()


def _store(asked: AbstractContextManager[http.client.HTTPResponse], target: Path) -> None:
    with asked as answer, target.open("wb") as file:
        shutil.copyfileobj(answer, file, MIB)


def take_layer(
    builder: Builder,
    recipe: Recipe,
    source: Made,
    context: ssl.SSLContext,
    say: Callable[[str], None],
) -> bool:
    """Take a layer of `source` into the builder's store; False, after it has said why, where it did
    not come whole."""
    layer, place = recipe.layer, f"{recipe.layer.key}-{source.address}"
    archive = builder.workspace.folder / f"{place}.tar"
    say(f"taking {recipe.name} from {source.address}")
    try:
        folder = builder.workspace.scratch(place)
        _store(_asked(source.address, f"/layer/{layer.key}", context), archive)
        unpack = [*namespaces(), "tar", "-x", "-f", str(archive), "-C", str(folder), *XATTRS]
        run.run(unpack, log=builder.new_log(recipe.name), stage="farm")
        found = source.layers[layer.key]
        builder.store.take(builder.site.name, layer, folder, found, recipe.texts)
    except (OSError, StageError) as error:
        say(f"{source.address} does not give it: {error}")
        return False
    finally:
        archive.unlink(missing_ok=True)
    return True


def take_disk(target: Disk, made: MadeDisk, context: ssl.SSLContext) -> None:
    """Take a disk, with what is beside it, into this checkout's artifacts, signed by its own key.

    Raises OSError where it does not come, StageError where it has other bytes.
    """
    site, kind = target.site.name, target.kind.name
    place, path = manifest.folder(site, kind), f"/disk/{site}/{kind}"
    with _asked(made.address, f"{path}/{manifest.NAME}", context) as answer:
        text = answer.read()
    _must_be(hashlib.sha256(text).hexdigest() == made.manifest, manifest.NAME, made)
    found = json.loads(text)
    record = found["artifacts"][target.format]
    _must_be(record["key"] == target.key, "its key", made)
    place.mkdir(parents=True, exist_ok=True)
    for name, sha256 in {record["file"]: record["sha256"], **found["beside"]}.items():
        _must_be(Path(name).name == name, name, made)
        new = atomic.partial(place / name)
        try:
            _store(_asked(made.address, f"{path}/{name}", context), new)
            atomic.flush(new)
            _must_be(manifest.sha256(new) == sha256, name, made)
            new.chmod(0o444 if name == record["file"] else 0o644)
            new.replace(place / name)
        finally:
            new.unlink(missing_ok=True)
    own = ("manifest", "site", "kind", "baked", "artifacts")
    facts = {key: value for key, value in found.items() if key not in own}
    manifest.write(site, kind, target.format, record, facts)


def _must_be(fact: bool, what: str, made: MadeDisk) -> None:
    if not fact:
        raise StageError("farm", f"a disk arrived from {made.address} with another {what}")
