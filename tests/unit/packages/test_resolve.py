"""What apt prints, read; and when it is asked at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from golden.errors import StageError, UserError
from golden.packages import resolve
from golden.packages.model import Package, Resolution, Step
from golden.packages.resolve import Resolver
from tests.unit.small_site import small_site

HASH_A, HASH_B = "a" * 64, "b" * 64
PLAN = """\
Reading package lists...
Inst libweb (2:1.0-1+deb12u1 Debian:12.1/stable, Debian-Security:12/stable-security [amd64])
Inst web [1.0] (1.1 Debian:12.1/stable [all]) []
Conf libweb (2:1.0-1+deb12u1 Debian:12.1/stable [amd64])
Conf web (1.1 Debian:12.1/stable [all])
"""
POOL = "http://m.example/pool"
URIS = f"""\
'{POOL}/libweb_1.0-1%2bdeb12u1_amd64.deb' libweb_2%3a1.0-1+deb12u1_amd64.deb 700 SHA256:{HASH_A}
'{POOL}/web_1.1_all.deb' web_1.1_all.deb 42 SHA256:{HASH_B}
"""
LIBWEB = Package(
    name="libweb",
    version="2:1.0-1+deb12u1",
    architecture="amd64",
    file="libweb_2%3a1.0-1+deb12u1_amd64.deb",
    uri="http://m.example/pool/libweb_1.0-1%2bdeb12u1_amd64.deb",
    size=700,
    sha256=HASH_A,
    asked=False,
)


def test_apts_plan_becomes_packages_and_steps() -> None:
    found = resolve._parse(PLAN, resolve._places(URIS), {"web"}, set())
    assert found.packages[0] == LIBWEB
    assert [(p.name, p.version, p.asked) for p in found.packages] == [
        ("libweb", "2:1.0-1+deb12u1", False),
        ("web", "1.1", True),
    ]
    assert found.steps == (
        Step("unpack", ("libweb", "web")),
        Step("configure", ("libweb", "web")),
    )


def test_a_package_without_a_sha256_is_refused() -> None:
    with pytest.raises(StageError, match=r"SHA256 for web 1\.1"):
        resolve._parse(PLAN, resolve._places(URIS.splitlines()[0] + "\n"), {"web"}, set())


def test_a_resolution_survives_json() -> None:
    found = resolve._parse(PLAN, resolve._places(URIS), {"web"}, set())
    assert Resolution.from_json(found.to_json()) == found


def test_a_package_shown_by_two_suites_is_installed_once() -> None:
    shown = "Package: web\nVersion: 1.1\nDepends: libweb\n\nPackage: web\nVersion: 1.1\n"
    assert resolve._as_installed(shown, {"web"}) == [
        "Package: web\nStatus: install ok installed\nVersion: 1.1\nDepends: libweb"
    ]


def test_a_package_that_left_the_index_is_named() -> None:
    with pytest.raises(StageError, match="gone"):
        resolve._as_installed("Package: web\nVersion: 1.1\n", {"web", "gone"})


class FakeApt:
    """Stands for AptState: answers as apt would, and counts how often it is asked."""

    def __init__(self, folder: Path, identity: str = "index 1") -> None:
        self.folder, self._identity = folder, identity
        self.pool, self.offline = folder / "pool", False
        self.release = small_site().release
        self.locked: dict[str, str] = {}
        self.calls: list[tuple[str, ...]] = []
        self.error: StageError | None = None
        self.shown = ""
        (folder / "state").mkdir(exist_ok=True)

    def identity(self) -> str:
        return self._identity

    def cache(self, verb: str, names: Sequence[str], options: Sequence[str]) -> str:
        return str(self.apt("apt-cache", verb, *names, options=options).out)

    def apt(self, program: str, *words: str, options: Sequence[str] = (), watch: Any = None) -> Any:
        self.calls.append((program, *words))
        if self.error:
            raise self.error
        out = URIS if "--print-uris" in words else self.shown if "show" in words else PLAN
        return type("Result", (), {"out": out})()


def test_what_was_asked_before_needs_no_apt(tmp_path: Path) -> None:
    first = FakeApt(tmp_path)
    found = Resolver(first).resolve(["web"])  # type: ignore[arg-type]
    assert len(first.calls) == 2
    again = FakeApt(tmp_path)
    assert Resolver(again).resolve(["web"]) == found  # type: ignore[arg-type]
    assert again.calls == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda apt: Resolver(apt).resolve(["web", "more"]),
        lambda apt: Resolver(apt).resolve([], also=["web"]),
        lambda apt: Resolver(apt).resolve(["web"], [LIBWEB]),
    ],
)
def test_another_question_asks_apt(tmp_path: Path, ask: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Resolver, "_status", lambda self, below: tmp_path / "status")
    Resolver(FakeApt(tmp_path)).resolve(["web"])  # type: ignore[arg-type]
    apt = FakeApt(tmp_path)
    ask(apt)
    assert apt.calls


def test_one_process_asks_apt_for_a_place_and_a_paragraph_once(tmp_path: Path) -> None:
    apt = FakeApt(tmp_path)
    apt.shown = "Package: libweb\nVersion: 2:1.0-1+deb12u1\n"
    resolver = Resolver(apt)  # type: ignore[arg-type]
    resolver.resolve(["web"])
    resolver.resolve(["web"], [LIBWEB])
    resolver.resolve(["web", "more"], [LIBWEB])
    assert [call[1] for call in apt.calls if call[0] == "apt-cache"] == ["show"]
    assert len([call for call in apt.calls if "--print-uris" in call]) == 1
    statuses = {path.read_text() for path in (tmp_path / "state").iterdir()}
    head = "Package: libweb\nStatus: install ok installed\n"
    assert statuses == {"", f"{head}Version: 2:1.0-1+deb12u1\n\n"}


def test_another_index_asks_apt(tmp_path: Path) -> None:
    Resolver(FakeApt(tmp_path)).resolve(["web"])  # type: ignore[arg-type]
    apt = FakeApt(tmp_path, "index 2")
    Resolver(apt).resolve(["web"])  # type: ignore[arg-type]
    assert apt.calls


def test_a_damaged_note_is_asked_for_again(tmp_path: Path) -> None:
    Resolver(FakeApt(tmp_path)).resolve(["web"])  # type: ignore[arg-type]
    for note in (tmp_path / "resolved").iterdir():
        note.write_text('{"packages": [')
    apt = FakeApt(tmp_path)
    assert Resolver(apt).resolve(["web"]).names == {"libweb", "web"}  # type: ignore[arg-type]
    assert apt.calls


def test_nothing_asked_is_nothing_resolved(tmp_path: Path) -> None:
    apt = FakeApt(tmp_path)
    assert Resolver(apt).resolve([]).packages == ()  # type: ignore[arg-type]
    assert apt.calls == []


def test_an_unknown_package_is_a_users_error_that_says_where_to_mend_it(tmp_path: Path) -> None:
    apt = FakeApt(tmp_path)
    apt.error = StageError("packages", "failed", tail=["E: Unable to locate package webb"])
    with pytest.raises(UserError) as caught:
        Resolver(apt).resolve(["webb"])  # type: ignore[arg-type]
    assert "Unable to locate package webb" in str(caught.value)
    assert "role.yaml" in str(caught.value)
