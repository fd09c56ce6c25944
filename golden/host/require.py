"""The quick examination of this host before a bake."""

from __future__ import annotations

from pathlib import Path

from golden.definition import Site
from golden.errors import UserError
from golden.host import Finding, Host, kernel, programs, resources
from golden.host.packages import install_line

# The release's fact that says so; data, because one day another release will share it.
OLD_GLIBC = "needs_vsyscall"


def require(site: Site, host: Host | None = None) -> None:
    """Raise UserError with everything that this host lacks for a bake; takes well under 100 ms."""
    host = host or Host()
    found = [*programs.programs(host, "bake"), *kernel.namespaces(host), resources.disk(host)]
    found += [keyring(host, site), vsyscall(host, site)]
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


def vsyscall(host: Host, site: Site) -> Finding:
    """Whether this kernel runs programs of the site's release."""
    # A VM brings its own kernel, and with it its own vsyscall page.
    old = bool(site.release.facts.get(OLD_GLIBC)) and site.release.builder == "tree"
    return kernel.vsyscall(host, old)


def fix(missing: list[Finding]) -> str:
    """One line: a single apt-get for all packages, then the other commands."""
    packages = [one.package for one in missing if one.package]
    others = [one.fix for one in missing if not one.package]
    return " && ".join([*([install_line(packages)] if packages else []), *dict.fromkeys(others)])
