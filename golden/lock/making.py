"""A new lock: every package of every site of a release, as apt finds it now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from golden import definition, log, paths, render
from golden.definition import Site
from golden.errors import UserError
from golden.lock.locked import changes
from golden.lock.model import GIVEN, STANDIN, Lock, Locked, load, require_one_synnefo, write
from golden.packages import AptState, Package, Resolver
from golden.packages.downloads import Downloads
from golden.packages.sources import own_uri
from golden.recipe import Recipe, builder_image, resolve


def make(site: Site, root: Path = paths.ROOT) -> Lock:
    """The lock of all sites of the release of `site` in the checkout at `root`; changes nothing.

    The index is fetched anew. Raises as `make_from`, and UserError without any index.
    """
    state = AptState(site.release, pooled=False)
    state.refresh(0.0)
    return make_from(site, state, root)


def make_from(site: Site, state: AptState, root: Path = paths.ROOT) -> Lock:
    """The lock of what apt finds in `state`, which is up to date; else as `make`.

    Raises UserError when something cannot be resolved, or the lock would mix versions of Synnefo.
    """
    old = load_or_none(site, root)
    # Unlike a package, a file may have changed and keep its name.
    downloads = Downloads(state.pool, fresh=True)
    resolver = Resolver(state, downloads, old.versions if old else ())
    layers = list(recipes(site, resolver, root))
    packages = {each.name: each for recipe in layers for each in recipe.all_packages()}
    known = {(each.name, each.version): each.source for each in old.packages} if old else {}
    sources = {**known, **_sources(state, packages)}
    lock = Lock(
        site.release.lock_name,
        tuple(_locked(state, sources, packages[name]) for name in sorted(packages)),
        tuple(sorted({each for recipe in layers for each in recipe.downloads})),
    )
    require_one_synnefo(lock, site.release)
    return lock


def recipes(site: Site, resolver: Resolver, root: Path = paths.ROOT) -> Iterator[Recipe]:
    """The layers of every site that has the lock of `site`: of all that use its release, but for
    those with packages of their own; and those of golden-builder, if it is of that release."""
    every = (site,) if site.release.owner else definition.load_all(root)
    for each in every:
        if each.release.lock_name == site.release.lock_name:
            yield from resolve(each, render.render(each, root), resolver, each.kinds).all()
            if each.name == builder_image.SITE:
                yield from builder_image.recipes(each, resolver)


def renew(site: Site) -> None:
    """Make a new lock, write it, and print what changed."""
    old = load_or_none(site)
    new = make(site)
    changed = changes(old, new)
    file = write(new)
    for change in changed if old else ():
        log.info(f"  {change.name}: {change.before or 'new'} → {change.after or 'gone'}")
    log.info(
        f"{paths.shown(file)}: {len(new.packages)} packages, "
        f"{sum(each.size for each in new.packages) / 1e6:.0f} MB; {len(changed)} changed"
    )


def load_or_none(site: Site, root: Path = paths.ROOT) -> Lock | None:
    """The current lock; an invalid one counts as missing."""
    try:
        return load(site.release, root)
    except UserError:
        return None


def _sources(state: AptState, packages: Mapping[str, Package]) -> dict[tuple[str, str], str]:
    """{(name, version): suite and component} after `apt-cache madison`; not of the pool."""
    found: dict[tuple[str, str], str] = {}
    for line in state.cache("madison", sorted(packages)).splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 3 and not cells[2].startswith(f"copy:{own_uri(state.pool)} "):
            found.setdefault((cells[0], cells[1]), _suite(cells[2]))
    return found


def _suite(place: str) -> str:
    """`http://… bookworm-security/main amd64 Packages` → `bookworm-security main`; a flat
    repository is its suite alone: `copy:… wheezy/ Packages`."""
    suite = place.split()[1]
    return suite if suite.endswith("/") else " ".join(suite.rsplit("/", 1))


def _locked(state: AptState, sources: Mapping[tuple[str, str], str], package: Package) -> Locked:
    name, version, architecture = package.name, package.version, package.architecture
    if state.is_standin(package):
        return Locked(name, version, architecture, 0, "", STANDIN)
    source = GIVEN if state.given_file(package) else sources.get((name, version), "")
    return Locked(name, version, architecture, package.size, package.sha256, source)
