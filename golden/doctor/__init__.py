"""Examine this host for a site; each finding has the one command that mends it.

`examine` is thorough and takes seconds; a bake first runs the quick part, golden/host/require.py.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from dataclasses import asdict

from golden import log
from golden.boot import target
from golden.definition import Site, load
from golden.doctor import archive
from golden.errors import StageError, UserError
from golden.host import Finding, Host, kernel, network, programs, resources
from golden.host.require import fix, keyring


def doctor(site: str, as_json: bool = False, packages: str = "", every: bool = False) -> None:
    """Print what is wrong for `site`, with the folder of `packages` if given; `every` finding.

    Raises StageError when something needed is missing.
    """
    loaded = load(site, packages=packages)
    found = examine(loaded)
    if as_json:
        log.raw(json.dumps([asdict(one) for one in found], indent=1))
    else:
        _show(site, found, every)
        _show_packages(loaded, found)
    missing = [one for one in found if one.needed and not one.ok]
    if missing:
        raise StageError(
            "doctor",
            "missing: " + ", ".join(one.name for one in missing),
            hint=fix(missing),
        )


def examine(
    site: Site, host: Host | None = None, probe: Callable[[], str] | None = None
) -> list[Finding]:
    """Examine everything. `probe` returns the accelerator on which a tiny guest ran, and why."""
    host = host or Host()
    return [
        *programs.programs(host),
        programs.python(host),
        programs.venv(host),
        programs.packer_version(host),
        *kernel.namespaces(host),
        resources.disk(host),
        resources.memory(host, sum(n.kind.memory_mib for n in site.nodes), len(site.nodes)),
        keyring(host, site),
        kernel.vsyscall(host),
        *_networks(host, site),
        kernel.accelerator(probe or _accelerator),
        *(one for name in target.NAMES for one in target.declaration(name).examine(host, site)),
        programs.python2(host),
    ]


def _networks(host: Host, site: Site) -> list[Finding]:
    subnet = ipaddress.IPv4Network(site.network.subnet)
    definition = f"images/sites/{site.name}.yaml"
    release = f"images/releases/{site.release.name}.yaml"
    # Imported here: python-debian costs 100 ms, which `require` does not have.
    from golden.packages import sources

    known = sources.host_sources()
    own = [one for name in target.NAMES for one in target.declaration(name).interfaces(site.name)]
    found = [network.subnet_and_routes(host, subnet, definition, own)]
    mirrors = [one.uri for one in known]
    try:
        every = site.release.sources
        places = [(sources.mirror_of(site.release, one), one.suite) for one in every]
    except UserError as error:
        found.append(Finding("mirror", False, True, str(error), f"sensible-editor {release}"))
    else:
        found.append(archive.mirrors(host, places, release))
        mirrors = [*(url for url, _ in places), *mirrors]
        found.append(_packages(site))
    return [*found, network.subnet_and_mirrors(host, subnet, mirrors, definition)]


def _packages(site: Site) -> Finding:
    # Imported here as above.
    from golden.doctor import unserved

    return unserved.finding(site.name, unserved.look(site))


def _accelerator() -> str:
    from golden.boot.accelerator import accelerator

    return accelerator()


def _show_packages(site: Site, found: list[Finding]) -> None:
    from golden.doctor import unserved

    if any(one.name == unserved.NAME and not one.ok for one in found):
        unserved.show(site, unserved.look(site))


def _show(site: str, found: list[Finding], every: bool) -> None:
    def mark(one: Finding) -> str:
        return "ok" if one.ok else "MISSING" if one.needed else "no, optional"

    shown = [one for one in found if every or not one.ok]
    if shown:
        rows = [(mark(one), one.name, one.detail, one.fix) for one in shown]
        title = f"This host and site {site}"
        log.table(("", "thing", "found", "what mends it"), rows, title=title)
    good = sum(one.ok for one in found)
    more = "" if every else "; --all shows them"
    log.info(f"{good} of {len(found)} things are as they should be{more}")
