"""What the target container needs of this host: a Docker engine."""

from __future__ import annotations

from pathlib import Path

from golden.host import Finding, Host
from golden.host.packages import install_line
from golden.host.programs import SYSTEMD

# Where scripts/host/dockerd puts its engine, and what golden.boot.container.engine looks for.
OWN_ENGINE = Path(".cache/dockerd/docker.sock")


def docker(host: Host) -> Finding:
    """A Docker engine that answers: this project's own, else the one that `docker` speaks to."""
    own = host.home / OWN_ENGINE
    choice = ["--host", f"unix://{own}"] if host.exists(own) else []
    said = host.says("docker", *choice, "version", "--format", "{{.Server.Version}}")
    if said and said.strip():
        return Finding("docker engine", True, False, said.strip())
    if host.which("dockerd"):
        detail = "docker is installed, its engine does not answer"
        by_hand = f"scripts/host/dockerd start {OWN_ENGINE.parent}"
        fix = "service docker start" if host.exists(SYSTEMD) else by_hand
        return Finding("docker engine", False, False, detail, fix)
    fix = install_line(["docker.io"])
    return Finding("docker engine", False, False, "missing", fix, "docker.io")
