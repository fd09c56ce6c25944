"""Import baked layers as layers of container images, one tag per layer key: golden/LAYER:KEY.

Layers that the engine has are not imported again. The lowest is sent as a stream, the others as
archives of `docker load` that hold only the new layer and name the layers below by their hashes:
the engine accepts that when it has those (moby, image/tarexport/load.go).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from golden import manifest, paths, run
from golden.boot.container import engine
from golden.boot.container.archive import BUFFER, pack_command, packed, pieces
from golden.definition.models import Kind, Site
from golden.errors import StageError, UserError
from golden.layers import Store, Workspace, working
from golden.layers.overlay import Stack

COMMAND = ["/sbin/init"]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Layer:
    """A layer in .cache/layers."""

    name: str
    key: str

    @property
    def repository(self) -> str:
        """The image's name without its tag, in lower case as the engine demands."""
        return f"golden/{self.name.lower()}"

    @property
    def tag(self) -> str:
        """The image's full name."""
        return f"{self.repository}:{self.key}"

    @property
    def tree(self) -> Path:
        """The layer's files."""
        return paths.CACHE / "layers" / self.key / "tree"


def layers(site: Site, kind: Kind) -> list[Layer]:
    """The layers of the last bake of `kind`, lowest first. Raises UserError when there is none."""
    found = manifest.require(site.name, kind.name)
    return [Layer(layer["name"], layer["key"]) for layer in found["layers"]]


def ensure(client: docker.DockerClient, site: Site, kind: Kind, home: str, say: Say) -> str:
    """The tag of the image of `kind`; layers that the engine lacks are imported.

    `home` labels what is imported. Raises UserError when a layer is missing in the cache.
    """
    stack = layers(site, kind)
    if not all(has(client, layer.tag) for layer in stack):
        with working(paths.CACHE) as workspace:
            # A bake that this one waited for may have made others.
            stack = layers(site, kind)
            for layer in [layer for layer in stack if not has(client, layer.tag)]:
                say(f"importing layer {layer.name}")
                _import(client, workspace, stack[: stack.index(layer)], layer, home)
        prune(client, home)
    return stack[-1].tag


def baked(site: Site, kind: Kind, path: str) -> str:
    """The text of a file in the image of `kind`."""
    stack = Stack([layer.tree for layer in reversed(layers(site, kind))])
    if found := stack.find(path):
        return found.read_text()
    raise UserError(f"/{path} is in no layer of {kind.name}: run ./inv bake --site {site.name}")


def has(client: docker.DockerClient, tag: str) -> bool:
    """Whether the engine has the image."""
    try:
        client.images.get(tag)
    except ImageNotFound:
        return False
    return True


def prune(client: docker.DockerClient, home: str) -> list[str]:
    """Remove what was imported from layers that are gone from the cache; returns the tags."""
    ours = client.images.list(filters={"label": f"golden.home={home}"})
    tags = [tag for image in ours for tag in image.tags]
    old = [tag for tag in tags if not (paths.CACHE / "layers" / tag.rpartition(":")[2]).is_dir()]
    removed = []
    for tag in old:
        try:
            client.images.remove(tag)
        except APIError as error:
            if error.status_code != 409:  # in use by a container that still runs
                raise
        else:
            removed.append(tag)
    return removed


def _import(
    client: docker.DockerClient, workspace: Workspace, below: list[Layer], layer: Layer, home: str
) -> None:
    store = Store(paths.CACHE)
    stored = store.find(layer.key)
    if stored is None:
        raise UserError(f"layer {layer.name} ({layer.key}) is gone from .cache: run ./inv bake")
    store.verify(stored)
    words = pack_command(workspace, layer.name, layer.tree)
    with engine.refusals(f"import layer {layer.name}"):
        if not below:
            _stream(client, words, layer, home)
            return
        archive = workspace.folder / f"{layer.name}.tar"
        own = packed(words, archive)
        hashes = client.images.get(below[-1].tag).attrs["RootFS"]["Layers"]
        _load(client, archive, [*hashes, own], layer, home)
        archive.unlink()


def _stream(client: docker.DockerClient, packer: list[str], layer: Layer, home: str) -> None:
    """The lowest layer as a stream: a gigabyte, which never lies on the disk as an archive."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=BUFFER) as stream:
        words = [*packer, f"/dev/fd/{writer}"]
        child = run.start(words, cwd=paths.ROOT, stage="boot", pass_fds=(writer,))
        os.close(writer)
        changes = [f"CMD {json.dumps(COMMAND)}", f'LABEL golden.home="{home}"']
        # Without a tag at first: half a stream is an image too.
        said = client.api.import_image_from_stream(stream, changes=changes)
    code = child.wait()
    identity = json.loads(said.strip().splitlines()[-1]).get("status", "")
    if code != 0 or not identity:
        raise StageError("boot", f"layer {layer.name} could not be packed", code=code, tail=[said])
    client.api.tag(identity, layer.repository, layer.key)


def _load(
    client: docker.DockerClient, archive: Path, hashes: list[str], layer: Layer, home: str
) -> None:
    config = {"Cmd": COMMAND, "Labels": {"golden.home": home}}
    try:
        # The SDK hands it on to requests, which takes what comes in pieces too.
        content: Any = pieces(layer.tag, {"config": config}, hashes, [archive])
        client.images.load(content)
    except DockerException as error:
        raise StageError(
            "boot",
            f"the Docker engine does not take layer {layer.name} on top of those it has: {error}",
            hint="an engine with the containerd image store wants whole images only; turn that off "
            'in /etc/docker/daemon.json: {"features": {"containerd-snapshotter": false}}',
        ) from error
