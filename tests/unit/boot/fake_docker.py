"""A Docker engine that only remembers, as far as the container target speaks to one."""

from __future__ import annotations

import json
from typing import Any

import docker
from docker.errors import ImageNotFound, NotFound


class Thing:
    """An image, container, network or volume: `attributes` by name, and what was done to it."""

    def __init__(self, shelf: Shelf, name: str, labels: dict[str, str], **attributes: Any) -> None:
        self.shelf, self.name, self.id, self.labels = shelf, name, name, labels
        self.status = "running"
        self.attrs: dict[str, Any] = {"Config": {"Image": "golden/top:new"}}
        self.done: list[str] = []
        self.__dict__.update(attributes)

    def remove(self, **options: Any) -> None:
        self.shelf.engine.calls.append(f"remove {self.name}")
        del self.shelf.things[self.name]

    def rename(self, name: str) -> None:
        assert name not in self.shelf.things, "the engine refuses a name that is taken"
        self.shelf.things[name] = self.shelf.things.pop(self.name)
        self.name = name

    def kill(self, signal: str = "SIGKILL") -> None:
        self.done.append(f"kill {signal}")

    def top(self) -> dict[str, list[str]]:
        return {"Processes": ["init"]}


class Shelf:
    """All things of one sort."""

    def __init__(self, engine: Engine, missing: type[NotFound]) -> None:
        self.engine, self.missing = engine, missing
        self.things: dict[str, Thing] = {}

    def add(self, name: str, labels: dict[str, str] | None = None, **attributes: Any) -> Thing:
        self.things[name] = Thing(self, name, labels or {}, **attributes)
        return self.things[name]

    def create(self, name: str, labels: dict[str, str], **options: Any) -> Thing:
        self.engine.calls.append(f"create {name}")
        return self.add(name, labels, options=options)

    def get(self, name: str) -> Thing:
        if name not in self.things:
            raise self.missing(name)
        return self.things[name]

    def list(self, filters: dict[str, Any], **options: Any) -> list[Thing]:
        if "volume" in filters:
            # Of those that run alone.
            users = (each for each in self.things.values() if each.status == "running")
            return [user for user in users if filters["volume"] in getattr(user, "uses", ())]
        labels = filters["label"]
        wanted = dict(
            each.split("=", 1) for each in ([labels] if isinstance(labels, str) else labels)
        )
        return [thing for thing in self.things.values() if wanted.items() <= thing.labels.items()]

    def remove(self, name: str) -> None:
        self.get(name).remove()

    def load(self, pieces: Any) -> None:
        self.engine.loaded.append(b"".join(pieces))


class Api:
    """The SDK's lower half, for importing one layer."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.api_version = "1.41"

    def import_image_from_stream(self, stream: Any, changes: list[str]) -> str:
        self.engine.streamed.append((stream.read(), changes))
        return json.dumps({"status": "sha256:new"})

    def tag(self, identity: str, repository: str, tag: str) -> None:
        self.engine.images.add(
            f"{repository}:{tag}", attrs={"RootFS": {"Layers": ["sha256:lowest"]}}
        )


class Engine:
    """What `golden.boot.container.engine.connect` gives."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.loaded: list[bytes] = []
        self.streamed: list[tuple[bytes, list[str]]] = []
        self.images = Shelf(self, ImageNotFound)
        self.containers = Shelf(self, NotFound)
        self.networks = Shelf(self, NotFound)
        self.volumes = Shelf(self, NotFound)
        self.api = Api(self)


def offline() -> docker.DockerClient:
    """A real client that never speaks to an engine: it only puts requests together."""
    return docker.DockerClient(base_url="unix:///nowhere", version="1.41")
