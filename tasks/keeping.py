"""What lies around the images: the host, rendered files, secrets, seeds, coverage, tests."""

from __future__ import annotations

from invoke.context import Context

from tasks.words import DEFAULT_SITE, Nodes, task


@task("site", "json")
def doctor(_: Context, site: str = DEFAULT_SITE, json: bool = False) -> None:
    """Tell what this host needs for the site, found or not, each with the command that mends it."""
    from golden.doctor import doctor

    doctor(site, as_json=json)


@task(help={"site": "only this site; without it all of them"})
def render(_: Context, site: str = "") -> None:
    """Write every file that differs by site to rendered/, for review and for the bake."""
    from golden.render import render_all

    render_all((site,) if site else ())


@task("site")
def secrets(_: Context, site: str = DEFAULT_SITE) -> None:
    """Make a site's passwords, keys and certificates once; never printed, never committed."""
    from golden.secrets import make

    make(site)


@task("site", "node", iterable=["node"])
def seed(_: Context, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Write each node's seed disk (NoCloud, CIDATA): name, addresses, keys, passwords."""
    from golden.seed import write_all

    write_all(site, tuple(node or ()))


@task("site", "json", help={"write": "record it in docs/guide-coverage.md"})
def coverage(_: Context, site: str = DEFAULT_SITE, json: bool = False, write: bool = False) -> None:
    """Show where each action of the installation guide lives, what proves it, and how it went."""
    from golden import coverage

    if write:
        coverage.write(site)
    else:
        coverage.show(site, as_json=json)


@task(help={"slow": "the tests that bake and boot small things, instead of the unit tests"})
def test(_: Context, slow: bool = False) -> None:
    """Run the unit tests, linters and type checks of this project."""
    from golden.selftest import self_test

    self_test(slow=slow)


@task()
def bench(_: Context) -> None:
    """Measure bakes against mmdebstrap on this host and print the README's table."""
    from bench.bake import measure

    measure()
