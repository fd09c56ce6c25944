"""Programs, and the Python that runs this tool."""

from __future__ import annotations

import re
from pathlib import Path

from golden.host import Finding, Host
from golden.host.packages import HostPackage, host_packages, install_line

# The rest of the list serves one target, or tests.
NEEDED = frozenset(("bake", "boot"))
# The HCL that packer/ is written in: what Debian 12 ships (docs/wheezy.md W16.1).
PACKER_AT_LEAST = (1, 6, 6)

# There is such a folder exactly when systemd manages the host: sd_booted(3).
SYSTEMD = Path("/run/systemd/system")


def programs(host: Host, purpose: str | None = None) -> list[Finding]:
    """One finding per host package; with `purpose` only those that it needs."""
    wanted = [row for row in host_packages() if purpose in (None, *row.purposes)]
    return [_program(host, row) for row in wanted]


def _program(host: Host, row: HostPackage) -> Finding:
    path = Path(row.program)
    found = (path if host.exists(path) else None) if path.is_absolute() else host.which(row.program)
    name = row.package if path.is_absolute() else row.program
    why = f"for {', '.join(row.purposes)}: {row.why}"
    needed = not NEEDED.isdisjoint(row.purposes)
    if found:
        return Finding(name, True, needed, f"{found}, {why}", package=row.package)
    fix = install_line([row.package])
    return Finding(name, False, needed, f"missing, {why}", fix, row.package)


def python(host: Host) -> Finding:
    """Python 3.11 or newer runs this tool."""
    shown = ".".join(map(str, host.python))
    if host.python >= (3, 11):
        return Finding("python", True, True, shown)
    return Finding(
        "python", False, True, f"{shown} is older than 3.11", install_line(["python3"]), "python3"
    )


def venv(host: Host) -> Finding:
    """The tool's Python packages come from the venv that ./inv makes."""
    if host.exists(host.prefix / "pyvenv.cfg"):
        return Finding("venv", True, True, str(host.prefix))
    return Finding("venv", False, True, f"{host.prefix} is not a venv", "./inv --list")


def packer_version(host: Host) -> Finding:
    """Packer is new enough for the files in packer/."""
    said = host.says("packer", "version") or ""
    found = re.search(r"v?(\d+)\.(\d+)\.(\d+)", said)
    wanted = ".".join(map(str, PACKER_AT_LEAST))
    fix = install_line(["packer"])
    if not found:
        return Finding("packer version", False, True, f"unknown, {wanted} is needed", fix, "packer")
    version = tuple(int(part) for part in found.groups())
    ok = version >= PACKER_AT_LEAST
    detail = found.group(0) if ok else f"{found.group(0)} is older than {wanted}"
    return Finding("packer version", ok, True, detail, "" if ok else fix, "" if ok else "packer")


def python2(host: Host) -> Finding:
    """A Python 2.7 lets the tests run first-boot code as a wheezy node will."""
    versions = sorted((Path.home() / ".pyenv/versions").glob("2.7*/bin/python2.7"))
    for command in ("python2.7", *map(str, versions)):
        said = host.says(command, "-c", "import sys; print(sys.version.split()[0])")
        if said:
            return Finding("python2.7", True, False, f"{command} {said.strip()}")
    detail = "none: the tests read first-boot code with vermin instead of running it under 2.7"
    return Finding("python2.7", False, False, detail, "pyenv install 2.7.18")
