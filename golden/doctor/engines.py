"""Other ways to run nodes, which a host may have."""

from __future__ import annotations

from golden.doctor.finding import Finding
from golden.doctor.host import Host
from golden.doctor.packages import install_line


def docker(host: Host) -> Finding:
    """A Docker engine that answers."""
    said = host.says("docker", "version", "--format", "{{.Server.Version}}")
    if said and said.strip():
        return Finding("docker engine", True, False, said.strip())
    if host.which("docker"):
        detail = "docker is installed, its engine does not answer"
        return Finding("docker engine", False, False, detail, "service docker start")
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
