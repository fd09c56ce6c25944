"""A bake farm: what its hosts need to know each other. `inv bake --farm` uses it."""

from __future__ import annotations

from invoke.context import Context

from golden.menu.task import task


@task(help={"out": "the file to write, such as farm.yaml; it is a secret"})
def keys(_: Context, out: str) -> None:
    """Write dask's configuration, with certificate and key, for the hosts of a bake farm."""
    from golden.farm import write_keys

    write_keys(out)
