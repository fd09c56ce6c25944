"""A mirror that fails, and a disk that fills: one clear sentence, lock and pool as they were, and
the next run goes on. Real apt, the tests' Wheezy."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace

import pytest

from golden import lock, run
from golden.definition import Site
from golden.errors import UserError
from golden.layers import enter
from golden.lock import Lock, making
from golden.lock import pool as fill
from golden.packages import mirror as packages_mirror
from golden.paths import ROOT
from tests.unit.wheezy.archive import Archive
from tests.unit.wheezy.hosts import Host
from tests.unit.wheezy.mirror import MOODS, Mirror

PARTS = ("debian", "debian-security", "synnefo")
ONCE = 'Acquire::Retries "0";\nAcquire::http::Timeout "1";\n'


@pytest.fixture
def over(site: Site, host: Host, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site, with its packages from `mirror`, of which apt asks once."""
    sources = tuple(
        replace(each, mirror=f"{mirror.url}/{part}")
        for each, part in zip(site.release.sources, PARTS, strict=True)
    )
    over = replace(site, release=replace(site.release, sources=sources))
    monkeypatch.setattr(making.definition, "load_all", lambda _: [over])
    (host.root / "apt.conf").write_text(ONCE)
    monkeypatch.setitem(os.environ, "APT_CONFIG", str(host.root / "apt.conf"))
    monkeypatch.setattr(packages_mirror, "WINDOW_SECONDS", 3.0)
    return over


# What the sentence gives as the reason, where a package fails and where the index does.
REASONS = {
    "404": ("404 +Not Found", "does not have a Release file"),
    "500": ("500 +Internal Server Error", "500 +Internal Server Error"),
    "half": ("closed connection", "closed connection|unexpected size"),
    "stall": (r"it went silent \(Connection timed out", r"it went silent \(Connection timed out"),
    "dribble": ("it sends less than 1 kB a second", "it sends less than 1 kB a second"),
}
INDEX = {"half": ("Packages.gz", "Packages")}


@pytest.mark.parametrize("mood", MOODS)
def test_a_mirror_that_fails_leaves_lock_and_pool_as_they_were(
    over: Site, host: Host, mirror: Mirror, mood: str
) -> None:
    lock.write(making.make(over), host.root)
    before = lock.path(over.release.name, host.root).read_bytes()
    mirror.fails(mood)
    with pytest.raises(UserError, match=REASONS[mood][0]) as caught:
        fill.fill(over)
    told = str(caught.value)
    assert told.startswith("the mirror of release 'wheezy' did not deliver the packages: ")
    assert "run it again when it answers, what arrived is kept" in told and "\n" not in told
    assert host.files() == {}
    assert lock.path(over.release.name, host.root).read_bytes() == before
    mirror.works()
    mirror.asked.clear()
    fill.fill(over)
    assert fill.missing(host.cache / "pool", fill.held(over)) == []
    assert any(begin for _, begin in mirror.asked) == (mood in ("half", "stall", "dribble"))


@pytest.mark.parametrize("mood", MOODS)
def test_a_mirror_whose_index_fails_leaves_the_lock_as_it_was(
    over: Site, host: Host, mirror: Mirror, mood: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ending = INDEX.get(mood, ("Release",))
    mirror.fails(mood, *ending)
    with pytest.raises(UserError, match=REASONS[mood][1]) as caught:
        making.make(over)
    assert "no package index for release 'wheezy'" in str(caught.value)
    mirror.works()
    made = making.make(over)
    mirror.fails(mood, "Release")
    assert making.make(over) == made
    told = capsys.readouterr().err
    assert "the mirror of release 'wheezy' did not answer" in told
    assert "using the index of 0 hours ago" in told


@pytest.mark.parametrize(
    ("place", "size", "word"),
    # Too little at once, and too little in the end.
    [("debs", "16k", "cache"), ("debs", "300k", "cache"), ("pool", "300k", "pool")],
)
def test_a_full_disk_is_said_and_leaves_the_pool_as_it_was(
    archive: Archive, site: Site, held: Lock, host: Host, place: str, size: str, word: str
) -> None:
    (host.cache / place).mkdir(exist_ok=True)
    words = [
        sys.executable,
        "-m",
        "tests.unit.wheezy.full_disk",
        str(archive.place),
        str(host.root),
    ]
    script = f"mount -t tmpfs -o size={size} full {host.cache / place} && exec {shlex.join(words)}"
    told = run.run([*enter.namespaces(), "sh", "-c", script], cwd=ROOT, check=False).out
    assert "no space left on the disk of" in told and f"/{word}\n" in told
    assert "make room" in told
    assert told.endswith("nothing that counts is left\n"), told
    fill.fill(site)
    assert fill.missing(host.cache / "pool", held) == []
