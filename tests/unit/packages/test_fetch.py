"""Only whole archives with the right hash count as fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from golden.errors import StageError, UserError
from golden.packages import fetch, store
from golden.packages.local import Local
from golden.packages.model import Package, Resolution
from golden.packages.resolve import Resolver
from tests.unit.small_site import small_site

GOOD = b"a whole archive"


def package(name: str) -> Package:
    digest = hashlib.sha256(GOOD).hexdigest()
    file = f"{name}_1_all.deb"
    return Package(name, "1", "all", file, f"http://m.example/{file}", len(GOOD), digest, True)


class FakeResolver:
    """Stands for a Resolver: apt's download puts `arrives` for every package it is asked for."""

    def __init__(self, folder: Path, arrives: bytes = GOOD) -> None:
        self.state: Any = type(
            "State",
            (),
            {
                "debs": folder,
                "pool": folder / "pool",
                "standins": Local(folder / "standins", "./"),
                "given_file": lambda _, package: None,
                "is_standin": lambda _, package: package.uri.startswith("copy:"),
                "offline": False,
                "log": folder / "apt.log",
                "release": small_site().release,
            },
        )()
        self.arrives = arrives
        self.asked: list[str] = []
        self.error: StageError | None = None

    def install(
        self, names: list[str], flags: list[str], below: Any, watch: Callable[[], str]
    ) -> str:
        assert flags == ["--download-only"]
        if self.error:
            raise self.error
        self.asked += names
        for name in names:
            (self.state.debs / f"{name.partition('=')[0]}_1_all.deb").write_bytes(self.arrives)
        return ""


def resolution(*names: str) -> Resolution:
    return Resolution(tuple(package(name) for name in names), ())


def test_only_what_is_missing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "there_1_all.deb").write_bytes(GOOD)
    resolver = FakeResolver(tmp_path)
    fetch(resolver, resolution("there", "absent"), ())  # type: ignore[arg-type]
    assert resolver.asked == ["absent=1"]


@pytest.mark.parametrize("damaged", [b"a whole archivX", b"half"])
def test_a_damaged_archive_is_fetched_again(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "web_1_all.deb").write_bytes(damaged)
    resolver = FakeResolver(tmp_path)
    fetch(resolver, resolution("web"), ())  # type: ignore[arg-type]
    assert resolver.asked == ["web=1"]
    assert (tmp_path / "web_1_all.deb").read_bytes() == GOOD


def test_what_arrives_damaged_is_named_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"web_1_all\.deb"):
        fetch(FakeResolver(tmp_path, b"junk of 15 byte"), resolution("web"), ())  # type: ignore[arg-type]
    assert not (tmp_path / "web_1_all.deb").exists()


def test_a_mirror_that_does_not_deliver_is_one_sentence(tmp_path: Path) -> None:
    resolver = FakeResolver(tmp_path)
    resolver.error = StageError("packages", "failed", tail=["E: Failed to fetch x  404 Not Found"])
    with pytest.raises(UserError) as caught:
        fetch(resolver, resolution("web"), ())  # type: ignore[arg-type]
    assert "404 Not Found" in str(caught.value) and "run it again" in str(caught.value)


@pytest.mark.parametrize(
    ("there", "asked"), [(GOOD, []), (b"a halved archi", ["snf=1"]), (None, ["snf=1"])]
)
def test_a_stand_in_is_taken_from_where_it_was_built(
    tmp_path: Path, there: bytes | None, asked: list[str]
) -> None:
    own = replace(package("snf"), uri="copy:/standins/./snf_1_all.deb")
    if there is not None:
        (tmp_path / "standins").mkdir()
        (tmp_path / "standins" / own.file).write_bytes(there)
    resolver = FakeResolver(tmp_path)
    fetch(cast(Resolver, resolver), Resolution((own,), ()), ())
    assert resolver.asked == asked
    assert (tmp_path / own.file).read_bytes() == GOOD


@pytest.mark.parametrize(("there", "asked"), [(GOOD, []), (b"a whole archivX", ["web=1"])])
def test_the_pool_is_asked_first_and_loses_what_is_damaged(
    tmp_path: Path, there: bytes, asked: list[str]
) -> None:
    resolver = FakeResolver(tmp_path)
    pooled = store.pooled(resolver.state.pool, package("web").sha256)
    pooled.parent.mkdir(parents=True)
    pooled.write_bytes(there)
    fetch(cast(Resolver, resolver), resolution("web"), ())
    assert resolver.asked == asked
    assert (tmp_path / "web_1_all.deb").read_bytes() == GOOD
    assert pooled.exists() == (there == GOOD)


def test_a_stand_in_is_one_also_where_the_cache_lies_elsewhere() -> None:
    local = Local(Path("/srv/my golden/.cache/standins/0123abcd4567"), "./")
    for home in ("/srv/my%20golden", "/elsewhere"):
        assert local.has(f"copy:{home}/.cache/standins/0123abcd4567/./snf_1_all.deb")
    assert not local.has("copy:/elsewhere/.cache/standins/ffffabcd4567/./snf_1_all.deb")
    assert not local.has("http://m.example/standins/0123abcd4567/snf_1_all.deb")
