"""How what a site has in the engine is called and labelled."""

from __future__ import annotations

from golden.paths import home


def labels(site: str, node: str = "") -> dict[str, str]:
    """The labels of all that this clone makes in the engine: nothing else is ever removed."""
    own = {"golden.home": home(), "golden.site": site}
    return own | ({"golden.node": node} if node else {})


def compose_labels(site: str, sort: str, name: str, node: str = "") -> dict[str, str]:
    """The labels that `docker compose` demands of an existing network or volume."""
    compose = {"com.docker.compose.project": named(site), f"com.docker.compose.{sort}": name}
    return labels(site, node) | compose


def filters(site: str, node: str = "") -> dict[str, str | list[str] | bool]:
    """What finds in the engine all that bears `labels`."""
    return {"label": [f"{key}={value}" for key, value in labels(site, node).items()]}


def container(site: str, node: str) -> str:
    """The engine's name for a node's container."""
    return f"{named(site)}-{node}"


def named(site: str, thing: str = "") -> str:
    """The engine's name for a resource of the site; `docker compose` uses the same ones."""
    project = f"golden-{site}-{home()[:6]}"
    return f"{project}_{thing}" if thing else project
