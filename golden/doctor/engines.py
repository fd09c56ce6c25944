"""Other ways to run nodes, which a host may have."""

from __future__ import annotations

from pathlib import Path

from golden.doctor.finding import Finding
from golden.doctor.host import Host
from golden.doctor.packages import install_line

# Where scripts/host/dockerd puts its engine, and what golden.boot.container.engine looks for.
OWN_ENGINE = Path(".cache/dockerd/docker.sock")
# There is such a folder exactly when systemd manages the host: sd_booted(3).
SYSTEMD = Path("/run/systemd/system")


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


def libvirt(host: Host) -> Finding:
    """libvirt's command line and its daemon."""
    if not host.which("virsh"):
        packages = ["libvirt-daemon-system", "libvirt-clients", "virtinst"]
        return Finding("libvirt", False, False, "missing", install_line(packages), packages[0])
    said = host.says("virsh", "--connect", "qemu:///system", "version", "--daemon")
    if said:
        return Finding("libvirt", True, False, said.strip().splitlines()[-1])
    detail = "virsh is installed, qemu:///system does not answer"
    return Finding("libvirt", False, False, detail, "service libvirtd start")
