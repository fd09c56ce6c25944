"""Lock, pool and a resolution offline for the site `example`: real apt, the tests' Wheezy.

The mirror is a folder, or a server on loopback that misbehaves.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from golden import lock, paths
from golden.bake import locked
from golden.bake.recipe import Cook, Recipes
from golden.definition import Site
from golden.errors import StageError, UserError
from golden.lock import Lock, making
from golden.packages import AptState, fetch
from golden.pool import bundle, fill, store
from golden.render import render
from tests.unit.wheezy.archive import Archive
from tests.unit.wheezy.checkout import example


@dataclass
class Host:
    """A checkout's place for its lock, and a cache, which tests exchange for another host's."""

    root: Path
    cache: Path

    def files(self) -> dict[str, bytes]:
        pool = self.cache / "pool"
        found = (path for path in pool.rglob("*") if path.is_file())
        return {str(path.relative_to(pool)): path.read_bytes() for path in found}


def at(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything work with this cache."""
    monkeypatch.setattr(paths, "CACHE", cache)
    for module in (making, fill, locked):
        monkeypatch.setattr(module, "AptState", functools.partial(AptState, cache=cache))


@pytest.fixture
def host(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    known = functools.partial(lock.load, root=tmp_path)
    monkeypatch.setattr(making.definition, "load_all", lambda _: [site])
    monkeypatch.setattr(lock, "load", known)
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "secrets")
    at(tmp_path / "cache", monkeypatch)
    return Host(tmp_path, tmp_path / "cache")


@pytest.fixture
def held(site: Site, host: Host) -> Lock:
    """The lock of today, in its place."""
    made = making.make(site)
    lock.write(made, host.root)
    return made


def recipes(site: Site, *, offline: bool) -> Recipes:
    resolver, found = locked.resolver(site, offline=offline)
    made = Cook(site, render(site), resolver).recipes(site.kinds)
    locked.require(site, found, made, offline=offline)
    return made


def unpinned(site: Site) -> Site:
    """What resolves to the newest where no lock says otherwise."""
    return replace(site, release=replace(site.release, pins={}, bootstrap="mmdebstrap"))


def elsewhere(site: Site) -> Site:
    """The site on a host whose mirror answers nobody."""
    dead = tuple(replace(each, mirror="http://127.0.0.1:9") for each in site.release.sources)
    return replace(site, release=replace(site.release, mirror="http://127.0.0.1:9", sources=dead))


def test_a_lock_says_where_each_package_is_from_and_names_no_mirror(held: Lock) -> None:
    found = held.by_name()
    assert found["openssl"].source == "wheezy/updates main"
    assert found["snf-common"].source == "wheezy/"
    assert found["sysvinit"].source == "wheezy main"
    assert all(each.source and each.sha256 and each.size for each in held.packages)
    assert "//" not in held.text() and str(paths.ROOT) not in held.text()


def test_the_locked_version_wins_over_a_newer_one(site: Site, host: Host) -> None:
    lock.write(making.make(site), host.root)
    found = recipes(unpinned(site), offline=False)
    packages = {each.name: each.version for each in found.kinds["node1"][-1].all_packages()}
    assert packages["snf-common"] == site.release.pins["snf-common"]


def test_what_a_lock_was_made_of_is_not_resolved_again(site: Site, held: Lock, host: Host) -> None:
    log = host.cache / "log" / "apt.log"
    asked = log.read_text().count("$ apt-get") - log.read_text().count("$ apt-get update")
    assert asked > 0
    recipes(site, offline=False)
    recipes(site, offline=False)
    told = log.read_text()
    assert told.count("$ apt-get") - told.count("$ apt-get update") == asked
    assert told.count("preferences=/dev/null policy") == 2, "once without a lock, once with it"


def test_offline_needs_the_pool_alone_and_makes_the_same_layers(
    site: Site, held: Lock, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose = unpinned(site)
    online = recipes(loose, offline=False)
    fill.fill(site)
    bundle.pack(site, host.root / "pool.tar")
    at(host.root / "other" / "cache", monkeypatch)
    with pytest.raises(UserError, match=r"no package index|--offline|locate"):
        recipes(elsewhere(loose), offline=True)
    bundle.unpack(host.root / "pool.tar")
    there = elsewhere(loose)
    offline = recipes(there, offline=True)
    # The site's layer holds the mirror's name; all below it are the same.
    for one, other in zip(online.all(), offline.all(), strict=True):
        if not one.name.endswith(".site"):
            assert one.layer.key == other.layer.key, one.name
    resolver, _ = locked.resolver(there, offline=True)
    for recipe in offline.all():
        fetch(resolver, recipe.packages, recipe.below)
    assert {path.suffix for path in resolver.state.debs.iterdir() if path.is_file()} == {".deb"}


def test_what_the_mirror_lost_comes_from_the_pool(site: Site, held: Lock, host: Host) -> None:
    loose = unpinned(site)
    before = recipes(loose, offline=False)
    less = [each for each in loose.release.sources if "updates" not in each.suite]
    lost = replace(loose, release=replace(loose.release, sources=tuple(less)))
    with pytest.raises(UserError, match=r"do not have what is locked: .*openssl"):
        recipes(lost, offline=False)
    fill.fill(site)
    after = recipes(lost, offline=False)
    assert [each.layer.key for each in after.all()] == [each.layer.key for each in before.all()]


def test_what_no_source_has_is_named(site: Site, host: Host) -> None:
    made = making.make(site)
    gone = replace(made.by_name()["openssl"], version="1.0.1t-1+deb7u3", sha256="a" * 64)
    old = tuple(gone if each.name == "openssl" else each for each in made.packages)
    lock.write(Lock(made.release, old), host.root)
    before = lock.path(made.release, host.root).read_bytes()
    with pytest.raises(
        UserError, match=r"wheezy\.lock\.json: the sources do not have .*openssl 1.*\./inv lock"
    ):
        recipes(site, offline=False)
    with pytest.raises(UserError, match=r"do not have.*: openssl 1\.0\.1t-1\+deb7u3; lock what"):
        fill.fill(site)
    assert lock.path(made.release, host.root).read_bytes() == before
    assert host.files() == {}


def test_a_damaged_file_of_the_pool_is_named_offline_and_fetched_online(
    site: Site, held: Lock, host: Host
) -> None:
    fill.fill(site)
    web = held.by_name()["openssl"]
    file = store.file(host.cache / "pool", web.sha256)
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    loose = unpinned(site)
    resolver, _ = locked.resolver(loose, offline=True)
    with pytest.raises(
        UserError, match=r"--offline: the pool does not have, or not whole, openssl"
    ):
        for recipe in recipes(loose, offline=True).all():
            fetch(resolver, recipe.packages, recipe.below)
    fill.fill(site)
    assert store.is_whole(file, web.size, web.sha256)


class Mirror(http.server.SimpleHTTPRequestHandler):
    """Serves the archive, but for packages as `mood` says."""

    mood = ""

    def do_GET(self) -> None:
        if self.path.endswith(".deb") and self.mood in ("404", "500"):
            self.send_error(int(self.mood))
        elif self.path.endswith(".deb") and self.mood == "half":
            content = Path(self.translate_path(self.path)).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def served(archive: Archive) -> Iterator[str]:
    handler = functools.partial(Mirror, directory=str(archive.place))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("mood", ["404", "500", "half"])
def test_a_mirror_that_fails_leaves_lock_and_pool_as_they_were(
    site: Site,
    archive: Archive,
    host: Host,
    served: str,
    mood: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = ("debian", "debian-security", "synnefo")
    sources = tuple(
        replace(each, mirror=f"{served}/{part}")
        for each, part in zip(example(archive).release.sources, parts, strict=True)
    )
    over = replace(site, release=replace(site.release, sources=sources))
    monkeypatch.setattr(making.definition, "load_all", lambda _: [over])
    (host.root / "apt.conf").write_text('Acquire::Retries "0";\n')
    monkeypatch.setitem(os.environ, "APT_CONFIG", str(host.root / "apt.conf"))
    lock.write(making.make(over), host.root)
    before = lock.path(over.release.name, host.root).read_bytes()
    monkeypatch.setattr(Mirror, "mood", mood)
    with pytest.raises((UserError, StageError), match=r"did not deliver|arrived damaged"):
        fill.fill(over)
    assert host.files() == {}
    assert lock.path(over.release.name, host.root).read_bytes() == before
    monkeypatch.setattr(Mirror, "mood", "")
    fill.fill(over)
    assert fill.missing(host.cache / "pool", fill.held(over)) == []
    shutil.rmtree(host.cache)
