"""The quick examination of this host before a bake."""

from __future__ import annotations

from pathlib import Path

from golden.definition import Site
from golden.errors import UserError
from golden.host import Finding, Host, kernel, programs, resources
from golden.host.packages import install_line


def require(site: Site, host: Host | None = None) -> None:
    """Raise UserError with everything that this host lacks for a bake; takes well under 100 ms."""
    host = host or Host()
    found = [*programs.programs(host, "bake"), *kernel.namespaces(host), resources.disk(host)]
    found.append(keyring(host, site))
    missing = [one for one in found if one.needed and not one.ok]
    if missing:
        lines = [f"{one.name}: {one.detail}" for one in missing]
        head = f"this host lacks {len(missing)} thing(s) that a bake needs:"
        raise UserError("\n".join([head, *lines, f"mend it with: {fix(missing)}"]))


def keyring(host: Host, site: Site) -> Finding:
    """The keys that the archive of the site's release is signed with."""
    path = Path(site.release.keyring)
    if host.exists(path):
        return Finding("keyring", True, True, str(path))
    package = "debian-archive-keyring"
    detail = f"{path} is missing, {site.release.name} cannot be verified"
    return Finding("keyring", False, True, detail, install_line([package]), package)


def fix(missing: list[Finding]) -> str:
    """One line: a single apt-get for all packages, then the other commands."""
    packages = [one.package for one in missing if one.package]
    others = [one.fix for one in missing if not one.package]
    return " && ".join([*([install_line(packages)] if packages else []), *dict.fromkeys(others)])
