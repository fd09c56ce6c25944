"""The site `example` as committed, but that its release is read from the tests' archive."""

from __future__ import annotations

from dataclasses import replace

from golden.definition import Site, load
from golden.definition.files import Source
from tests.unit.wheezy.archive import Archive


def example(archive: Archive) -> Site:
    """The committed site; of its release only mirrors and keyring are others, plus the flat
    repository that the release's own file asks the operator to add. It downloads nothing."""
    site = load("example")
    wheezy, updates = site.release.sources
    sources = (
        replace(wheezy, mirror=archive.url("debian")),
        replace(updates, mirror=archive.url("debian-security")),
        Source(suite="wheezy/", components=(), mirror=archive.url("synnefo")),
    )
    release = replace(
        site.release,
        mirror=archive.url("debian"),
        sources=sources,
        keyring=str(archive.keyring),
    )
    roles = {role.name: replace(role, downloads=()) for kind in site.kinds for role in kind.roles}
    kinds = tuple(
        replace(kind, roles=tuple(roles[role.name] for role in kind.roles)) for kind in site.kinds
    )
    return replace(site, release=release, kinds=kinds)
