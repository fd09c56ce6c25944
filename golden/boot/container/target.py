"""Nodes as containers of a Docker engine on this host."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import docker
from docker.models.containers import Container as Handle

from golden import atomic, daemon, log, rundir, seed
from golden.boot import consoles
from golden.boot.container import absent, aside, engine, images, names, network, options, volumes
from golden.boot.target import SHARED, Target
from golden.definition.models import Node, Site
from golden.errors import UserError
from golden.host.network import free_address
from golden.paths import home
from golden.rundir import NodeDir, State

CONSOLE = "golden.boot.container.console"
SHUTDOWN_SECONDS = 30.0


class Container(Target):
    """The target container."""

    name = "container"
    format = "tree"
    upgrades = True

    def check(self, site: Site, nodes: tuple[Node, ...]) -> None:
        """Raise UserError for what would keep any node from starting, before one is started."""
        options.check_folder(rundir.site_dir(site.name))
        client = engine.connect()
        network.check(client, site, names.named(site.name, options.LAN))
        for node in nodes:
            tag = images.layers(site, node.kind)[-1].tag
            kept = _find(client, site.name, node.name)
            if kept and kept.status != "running" and kept.attrs["Config"]["Image"] != tag:
                raise UserError(
                    f"the container of {node.name} was kept from an older bake; throw it away "
                    f"with: ./inv down --site {site.name} --node {node.name}"
                )

    def up(self, site: Site, node: Node) -> bool:
        """Power the node on; False when it runs already."""
        files = NodeDir(site.name, node.name)
        if files.running():
            return False
        client = engine.connect()
        files.begin()
        container = _find(client, site.name, node.name)
        if container and container.status == "running":
            # Its state file was deleted: nothing here knows when or from what it was started.
            container.remove(force=True)
            container = None
        if container is None:
            made_of = images.ensure(client, site, node.kind, home(), log.info)
            container = _create(client, site, node, made_of)
        tag = str(container.attrs["Config"]["Image"])
        files.remember(_start(container, files, str(node.address), tag))
        return True

    def down(self, site: str, node: str, *, keep: bool, keep_state: bool = False) -> bool:
        """Power the node off; False when it was off. Without `keep` its container goes too, and
        with the last one the site's network; volumes stay with `keep_state`."""
        files = NodeDir(site, node)
        client = engine.connect()
        was_on = files.running() is not None
        # More than one where `docker compose` made another.
        for container in _all(client, site, node):
            if (keep or keep_state) and container.status == "running":
                _shut_down(container)
            if not keep:
                container.remove(force=True, v=True)
        files.forget()
        if not keep:
            files.remove(keep_state)
            _remove_leftovers(client, site, node, keep_state)
        return was_on

    def has_state_apart(self, site: str, node: str) -> bool:
        """Whether the engine has a volume of the node."""
        return volumes.exists(engine.connect(), site, node)

    def state_bytes(self, site: str, node: str) -> int:
        """The length of the archive that `save_state` would write."""
        return volumes.archive_bytes(engine.connect(), site, node)

    def _write_state(self, site: str, node: str, folder: Path) -> None:
        volumes.save(engine.connect(), site, node, folder)

    def restore_state(self, site: str, node: str, folder: Path) -> None:
        """Fill the volume anew; a volume that a kill has left half filled is used by no node."""
        volumes.restore(engine.connect(), site, node, folder)
        if node != SHARED:
            # So that `down` finds it.
            NodeDir(site, node).claim(self.name)

    def starts_again(self, site: Site, node: Node) -> bool:
        """Whether the image in place is the one that the container was made of."""
        state = NodeDir(site.name, node.name).state()
        return state is not None and state.artifact == images.layers(site, node.kind)[-1].tag

    def set_aside(self, site: str, node: str) -> None:
        """Its container gets another name."""
        aside.put(engine.connect(), site, node)

    def take_back(self, site: str, node: str) -> None:
        """The container of then is as it was when it was shut down."""
        aside.take(engine.connect(), site, node)

    def forget_aside(self, site: str, node: str) -> None:
        """Throw that container away."""
        aside.forget(engine.connect(), site, node)

    def cut(self, site: str, node: str) -> bool:
        """Kill the container; False when it was off. It stays, with all it wrote."""
        files = NodeDir(site, node)
        container = _find(engine.connect(), site, node)
        was_on = container is not None and container.status == "running"
        if container is not None and was_on:
            container.kill()
        files.forget()
        return was_on

    def machine_state(self, site: str, node: str) -> str:
        """The state in Docker's terms: `running`, `paused`, …; `off` when it has exited."""
        if not NodeDir(site, node).running():
            return "off"
        container = _find(engine.connect(), site, node)
        return str(container.status) if container else "off"


def bridge(site: str) -> str:
    """This host's interface to the network of the site's containers; "" while there are none."""
    try:
        return network.bridge(engine.connect(), names.named(site, options.LAN))
    except UserError:  # no engine, so no network of one
        return ""


def told(site: str) -> dict[str, bytes]:
    """{container: JSON of it, its image and the image's history, and its output}; none without an
    engine."""
    try:
        client = engine.connect()
    except UserError:
        return {}
    return {
        f"container {each.name}": json.dumps(
            [each.attrs, each.image.attrs, each.image.history()] if each.image else each.attrs
        ).encode()
        + each.logs()
        for each in _all(client, site)
    }


def values(site: Site, node: Node, tag: str) -> dict[str, str]:
    """The values that turn the pattern of compose/compose.yaml into `node` with the image `tag`."""
    return _common_values(site) | _node_values(site, node, options.PATTERN, tag)


def compose_values(site: Site) -> dict[str, str]:
    """The values for `docker compose` with all nodes of the site."""
    found = {"COMPOSE_PROJECT_NAME": names.named(site.name)} | _common_values(site)
    for node in site.nodes:
        found |= _node_values(site, node, node.name, images.layers(site, node.kind)[-1].tag)
    return found


def _common_values(site: Site) -> dict[str, str]:
    return {
        "GOLDEN_SITE": site.name,
        "GOLDEN_CLONE": home(),
        "GOLDEN_OPEN_FILES": str(engine.open_files()),
        "GOLDEN_SUBNET": str(site.network.subnet),
        "GOLDEN_HOST_ADDRESS": free_address(site),
    }


def _node_values(site: Site, node: Node, name: str, tag: str) -> dict[str, str]:
    prefix = name.upper().replace("-", "_")
    return {
        f"{prefix}_NAME": node.name,
        f"{prefix}_FQDN": node.fqdn,
        f"{prefix}_ADDRESS": str(node.address),
        f"{prefix}_IMAGE": tag,
        f"{prefix}_FOLDER": str(NodeDir(site.name, node.name).path),
    }


def _all(client: docker.DockerClient, site: str, node: str = "") -> list[Handle]:
    found: list[Handle] = client.containers.list(all=True, filters=names.filters(site, node))
    return found


def _find(client: docker.DockerClient, site: str, node: str) -> Handle | None:
    """The node's container that the tool made."""
    name = names.container(site, node)
    return next((each for each in _all(client, site, node) if each.name == name), None)


def _create(client: docker.DockerClient, site: Site, node: Node, tag: str) -> Handle:
    """Create a container of the image `tag` with its seed, and network and volume where missing."""
    _write_files(site, node, NodeDir(site.name, node.name).path)
    lines = [f"{name}={_literal(value)}" for name, value in compose_values(site).items()]
    atomic.write(rundir.site_dir(site.name) / "compose.env", "\n".join(lines) + "\n")
    lan = names.named(site.name, options.LAN)
    network.ensure(client, site, lan, names.compose_labels(site.name, "network", options.LAN))
    with engine.refusals(f"make the container of {node.name}"):
        mounted = {
            volumes.SHARED: volumes.ensure(client, site.name, SHARED),
            volumes.STATE: volumes.ensure(client, site.name, node.name),
        }
        made = client.api.create_container(
            name=names.container(site.name, node.name),
            **options.arguments(
                client,
                options.pattern(values(site, node, tag)),
                network=lan,
                volumes=mounted,
            ),
        )
    return client.containers.get(made["Id"])


def _literal(value: str) -> str:
    """A value for `docker compose --env-file`, where single quotes protect every character."""
    return "'" + value.replace("'", "\\'") + "'"


def _write_files(site: Site, node: Node, folder: Path) -> None:
    """Write what the container mounts: the seed, and files that an engine would write."""
    seed.write_folder(site, node, folder / "seed", absent.absent())
    server = seed.data(site, node)["network"]["nameserver"]
    etc = {
        "hosts": images.baked(site, node.kind, "etc/hosts"),
        "hostname": f"{node.fqdn}\n",
        "resolv.conf": f"nameserver {server}\n" if server else "",
    }
    for name, text in etc.items():
        atomic.write(folder / "etc" / name, text)
        # Whatever the operator's umask: everybody on the node reads them.
        (folder / "etc" / name).chmod(0o644)


def _start(container: Handle, files: NodeDir, address: str, tag: str) -> State:
    power_on = time.time()
    words = [str(engine.socket_path()), str(container.id), f"{power_on:.3f}"]
    consoles.serve(CONSOLE, words, files)
    with engine.refusals(f"start {files.node}"):
        container.start()
    container.reload()
    init = daemon.identify(int(container.attrs["State"]["Pid"]))
    # The phase of a boot that is a container's first; and its kernel's clock is the host's.
    rundir.write(files.marks, {"uptime": round(_uptime() - (time.time() - power_on), 1)})
    return State(
        **asdict(init),
        power_on=power_on,
        port=22,
        accelerator=Container.name,
        factor=1.0,
        artifact=tag,
        stamp=[],
        address=address,
        target=Container.name,
    )


def _uptime() -> float:
    return float(Path("/proc/uptime").read_text().split()[0])


def _shut_down(container: Handle) -> None:
    """Let init stop the services, then kill it: a container cannot power itself off."""
    container.kill(signal=container.attrs["Config"]["StopSignal"])
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    while time.monotonic() < deadline and len(container.top()["Processes"]) > 1:
        time.sleep(0.5)
    container.kill()


def _remove_leftovers(client: docker.DockerClient, site: str, node: str, keep_state: bool) -> None:
    """Remove the node's own volume, and with the site's last container all that is the site's."""
    last = not _all(client, site)
    for network_of_site in client.networks.list(filters=names.filters(site)) if last else ():
        network_of_site.remove()
    if not keep_state:
        for volume in client.volumes.list(filters=names.filters(site, "" if last else node)):
            volume.remove()
