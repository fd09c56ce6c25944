"""Where a release's packages come from: every source answers, and has what the release pins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from golden.errors import StageError
from golden.host import Finding, Host

if TYPE_CHECKING:
    # It costs 100 ms, which the quick examination before a bake does not have.
    from golden.packages import AptState

SHOWN = 4


def mirrors(host: Host, places: Iterable[tuple[str, str]], definition: str) -> Finding:
    """Each of `places` (URL and suite) answers, or lies on this host."""
    found = {suite: _head(host, url, suite) for url, suite in places}
    lost = [why for why in found.values() if why]
    if not lost:
        return Finding("mirror", True, True, f"answers for {', '.join(found)}")
    detail = f"{'; '.join(lost)}; name a mirror that answers, or a copy on this host as file:///…"
    return Finding("mirror", False, True, detail, f"sensible-editor {definition}")


def _head(host: Host, url: str, suite: str) -> str:
    """What is wrong with a suite's Release file; empty when it is there."""
    # A suite that ends in a slash is the path of a flat repository: sources.list(5).
    folder = suite if suite.endswith("/") else f"dists/{suite}/"
    address = f"{url.rstrip('/')}/{folder}Release"
    if urlsplit(url).scheme in ("file", "copy"):
        return "" if host.exists(Path(urlsplit(address).path)) else f"{address}: no such file"
    status = host.http_status(address)
    return "" if status == 200 else f"{address}: {status}"


def pinned(pins: Mapping[str, str], versions: Mapping[str, str] | None, release: str) -> Finding:
    """The sources have the exact versions that the release names. `versions` is what apt would
    install of each, empty where there is none; None stands for no index yet."""
    name, definition = "pinned packages", f"images/releases/{release}.yaml"
    if versions is None:
        detail = f"{len(pins)}; whether the sources have them shows when the mirror answers"
        return Finding(name, False, False, detail, f"sensible-editor {definition}")
    lost = sorted(package for package in pins if versions.get(package) != pins[package])
    if not lost:
        return Finding(name, True, True, f"all {len(pins)} are there")
    first = ", ".join(f"{package} {pins[package]}" for package in lost[:SHOWN])
    more = f" and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    detail = f"no source has {first}{more}; name one that does under sources of {definition}"
    return Finding(name, False, True, detail, f"sensible-editor {definition}")


def candidates(policy: str) -> dict[str, str]:
    """Package to version, out of what `apt-cache policy` prints; only what has one."""
    found: dict[str, str] = {}
    package = ""
    for line in policy.splitlines():
        if not line.startswith(" "):
            package = line.rstrip(":")
        elif line.startswith("  Candidate: ") and "(none)" not in line:
            found[package] = line.split()[1]
    return found


def asked(state: AptState) -> dict[str, str] | None:
    """What apt would install of the release's pinned packages; None where it has no index yet."""
    pins = state.release.pins
    if not state.index_files():
        return None
    try:
        return candidates(state.apt("apt-cache", "policy", *sorted(pins)).out)
    except StageError:
        return None
