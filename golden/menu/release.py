"""Image releases: the disks of a site baked as one, and which set is current."""

from __future__ import annotations

from invoke.context import Context

from golden.menu.task import DEFAULT_SITE, task

INSECURE = "plain HTTP, which else only a registry on loopback is asked by"


@task(
    "site",
    "json",
    name="list",
    default=True,
    help={"verify": "check every signature and every byte"},
)
def listing(_: Context, site: str = DEFAULT_SITE, json: bool = False, verify: bool = False) -> None:
    """List the site's image releases and their stages."""
    from golden.releases.listing import show

    show(site, as_json=json, verify=verify)


@task(
    "site", word="id", help={"id": "an image release of inv release.list, or the start of its id"}
)
def promote(_: Context, id: str = "", site: str = DEFAULT_SITE) -> None:
    """Make an image release current; by default the newest candidate."""
    from golden.releases.switch import promote

    promote(site, id)


@task(
    "site",
    positional=["release", "repository"],
    help={
        "release": "an image release of inv release.list, or the start of its id",
        "repository": "REGISTRY/REPO[:TAG] (tag: latest; the release's id is always one)",
        "insecure": INSECURE,
    },
)
def push(
    _: Context, release: str, repository: str, site: str = DEFAULT_SITE, insecure: bool = False
) -> None:
    """Send an image release to an OCI registry, with SBOMs and provenance as its referrers."""
    from golden.releases.push import push

    push(release, site, repository, insecure=insecure)


@task(
    positional=["repository"],
    help={
        "repository": "REGISTRY/REPO[:TAG|@DIGEST] (tag: latest)",
        "key": "public key (PEM) of the checkout that made it, trusted from then on (default: "
        "this one's, and those trusted already)",
        "insecure": INSECURE,
    },
)
def pull(_: Context, repository: str, key: str = "", insecure: bool = False) -> None:
    """Fetch an image release from an OCI registry after checking signature and hashes."""
    from golden.releases.pull import pull

    pull(repository, key, insecure=insecure)


@task(help={"out": "write it to this file"})
def key(_: Context, out: str = "") -> None:
    """Print the public key (PEM) that proves this checkout's releases."""
    from golden.keys.signing import export

    export(out)


@task("site")
def rollback(_: Context, site: str = DEFAULT_SITE) -> None:
    """Swap the current and the previous image release."""
    from golden.releases.switch import rollback

    rollback(site)
