"""What a site asks for that is not to be had, layer by layer: all of it at once.

apt names the first package that it misses; an operator with a partial copy of an archive wants to
know what to bring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from golden import paths
from golden.definition import Site
from golden.definition.models import LAYERS
from golden.packages import AptState
from golden.packages.pins import candidates

SHOWN = 40  # names in one line: more fill the screen


def lacking(site: Site, state: AptState) -> dict[str, list[str]]:
    """{layer: packages that no source has, and files that are not on this host}, every layer."""
    wanted = dict(_wanted(site))
    names = sorted({name for names in wanted.values() for name in names})
    known = candidates(state.cache("policy", names))
    found = {layer: sorted(set(names) - known.keys()) for layer, names in wanted.items()}
    for layer, files in _files(site):
        found[layer] += files
    return found


def explain(site: Site, found: Mapping[str, list[str]], *, offline: bool = False) -> str:
    """Every line about `found` for a person; empty where nothing is lacking.

    `offline`, the pool was the only source.
    """
    count = len({name for names in found.values() for name in names})
    if not count:
        return ""
    whole = ", ".join(layer for layer, names in found.items() if not names) or "none"
    width = max(map(len, found))
    release = f"images/releases/{site.release.name}.yaml"
    remedy = "put the .debs into a folder and name it with --packages FOLDER, " + (
        "bring a pool here (./inv pool.export and ./inv pool.import), or leave out --offline"
        if offline
        else f"or name a mirror that has them in {release}"
    )
    return "\n".join(
        [
            f"site {site.name}: {count} packages and files are missing, so nothing is baked:",
            *(f"  {layer:<{width}}  {_some(names)}" for layer, names in found.items() if names),
            f"layers that have all they ask for by name: {whole}",
            f"{remedy}; files are named by the variables of images/sites/{site.name}.yaml",
        ]
    )


def _wanted(site: Site) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "kernel", site.release.own_kernel
    yield "base", site.packages(site.kinds[0], "base")
    for kind in site.kinds:
        for layer in LAYERS[1:]:
            yield f"{kind.name}.{layer}", site.packages(kind, layer)


def _files(site: Site) -> Iterator[tuple[str, list[str]]]:
    for kind in site.kinds:
        for layer in LAYERS[1:]:
            sources = site.downloads(kind, layer).values()
            files = [s for s in sources if "/" in s and "://" not in s]
            lost = [file for file in files if not Path(paths.ROOT / file).is_file()]
            yield f"{kind.name}.{layer}", lost


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
