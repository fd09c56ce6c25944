"""The host's apt configuration, in both of its formats, and what a release makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from golden.definition.files import Source
from golden.errors import UserError
from golden.packages import sources
from golden.packages.sources import HostSource, host_mirror, host_sources, image_lines, lines
from tests.unit.small_site import small_site

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb http://one.example/debian/ bookworm main contrib # the archive
deb-src http://one.example/debian bookworm main
deb [arch=amd64 signed-by=/k/a.gpg] http://two.example/security bookworm-security main
deb [ trusted=yes ] file:/srv/pool ./
"""
DEB822 = """\
Types: deb deb-src
# a comment inside
URIs: http://three.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /k/a.gpg

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
"""


def apt_folder(root: Path, *, one_line: str = "", listed: str = "", deb822: str = "") -> Path:
    (root / "sources.list.d").mkdir()
    (root / "sources.list").write_text(one_line)
    (root / "sources.list.d" / "more.list").write_text(listed)
    (root / "sources.list.d" / "debian.sources").write_text(deb822)
    return root


def test_one_line_sources_are_read_with_their_options_and_comments(tmp_path: Path) -> None:
    assert host_sources(apt_folder(tmp_path, one_line=ONE_LINE)) == (
        HostSource("http://one.example/debian", "bookworm", ("main", "contrib")),
        HostSource("http://two.example/security", "bookworm-security", ("main",), "/k/a.gpg"),
        HostSource("file:/srv/pool", ".", ()),
    )


def test_deb822_sources_are_read_and_disabled_ones_left_out(tmp_path: Path) -> None:
    assert host_sources(apt_folder(tmp_path, deb822=DEB822)) == (
        HostSource("http://three.example/debian", "bookworm", ("main",), "/k/a.gpg"),
        HostSource("http://three.example/debian", "bookworm-updates", ("main",), "/k/a.gpg"),
    )


def test_all_files_are_read(tmp_path: Path) -> None:
    folder = apt_folder(tmp_path, one_line=ONE_LINE, listed=ONE_LINE, deb822=DEB822)
    assert len(host_sources(folder)) == 8


def test_a_host_without_any_source_has_none(tmp_path: Path) -> None:
    assert host_sources(tmp_path) == ()


BOOKWORM_HOST = (
    HostSource("http://other.example/apt", "vendor-bookworm"),
    HostSource("http://mirror.example/debian", "bookworm"),
    HostSource("http://mirror.example/security", "bookworm-security"),
)
TRIXIE_HOST = (
    HostSource("http://mirror.example/debian", "trixie"),
    HostSource("http://mirror.example/security", "trixie-security"),
)


NO_LISTS = Path("/nonexistent")
RELEASE = small_site().release


def mirror(
    suite: str, host: Sequence[HostSource], codename: str = "bookworm", lists: Path = NO_LISTS
) -> str:
    wanted = Source(suite=suite, components=("main",))
    return host_mirror(RELEASE, wanted, host, codename, lists)


@pytest.mark.parametrize(
    ("suite", "host", "codename", "found"),
    [
        ("bookworm", BOOKWORM_HOST, "bookworm", "http://mirror.example/debian"),
        ("bookworm-security", BOOKWORM_HOST, "bookworm", "http://mirror.example/security"),
        ("bookworm", TRIXIE_HOST, "trixie", "http://mirror.example/debian"),
        ("bookworm-security", TRIXIE_HOST, "trixie", "http://mirror.example/security"),
        ("bookworm", BOOKWORM_HOST, "", "http://mirror.example/debian"),
    ],
)
def test_the_mirror_is_the_one_that_serves_the_suite_or_its_twin(
    suite: str, host: tuple[HostSource, ...], codename: str, found: str
) -> None:
    assert mirror(suite, host, codename) == found


OTHER = HostSource("http://repo.invalid/x", "bookworm")
DEBIAN = HostSource("http://mirror.example/debian", "bookworm")


@pytest.mark.parametrize(
    "host",
    [
        (OTHER, replace(DEBIAN, signed_by=RELEASE.keyring)),
        (replace(OTHER, signed_by="/etc/apt/keyrings/other.gpg"), DEBIAN),
        (replace(OTHER, components=("tools",)), DEBIAN),
        (replace(OTHER, suite="bookworm-other"), DEBIAN),
    ],
)
def test_another_repository_with_the_same_suite_is_no_mirror_of_debian(
    host: tuple[HostSource, ...],
) -> None:
    assert mirror("bookworm", host) == mirror("bookworm", host[::-1]) == DEBIAN.uri


def test_the_origin_in_the_release_file_tells_repositories_apart(tmp_path: Path) -> None:
    (tmp_path / "mirror.example_debian_dists_bookworm_InRelease").write_text(
        "-----BEGIN PGP SIGNED MESSAGE-----\n\nOrigin: Debian\nLabel: Debian\n"
    )
    assert mirror("bookworm", (OTHER, DEBIAN), lists=tmp_path) == DEBIAN.uri
    (tmp_path / "mirror.example_debian_dists_bookworm_InRelease").unlink()
    (tmp_path / "repo.invalid_x_dists_bookworm_Release").write_text("Origin: Other\n")
    assert mirror("bookworm", (OTHER, DEBIAN), lists=tmp_path) == DEBIAN.uri


def test_what_proves_the_indexes_is_kept_without_saying_where_they_came_from(
    tmp_path: Path,
) -> None:
    for name in (
        "deb.debian.org_debian_dists_bookworm_InRelease",
        "_srv_copy_dists_wheezy_Release",
        "_srv_copy_dists_wheezy_Release.gpg",
        "_here_standins_._Release",
        "deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages",
    ):
        (tmp_path / name).write_text(name)
    assert {name: content.decode() for name, content in sources.signed_heads(tmp_path).items()} == {
        "source-1.Release.gpg": "_srv_copy_dists_wheezy_Release.gpg",
        "source-1.Release": "_srv_copy_dists_wheezy_Release",
        "source-2.InRelease": "deb.debian.org_debian_dists_bookworm_InRelease",
    }


def test_sources_that_nothing_tells_apart_are_refused() -> None:
    secret = replace(OTHER, uri="http://me:secret@repo.invalid/x")
    with pytest.raises(UserError, match=r"which of http://repo\.invalid/x or") as caught:
        mirror("bookworm", (secret, DEBIAN))
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_host_without_such_a_mirror_is_told_what_to_write_where() -> None:
    with pytest.raises(UserError) as caught:
        mirror("bookworm-updates", TRIXIE_HOST, "trixie")
    message = str(caught.value)
    assert "images/releases/bookworm.yaml" in message
    assert "'bookworm-updates' or 'trixie-updates'" in message


WITH_PASSWORD = "http://user:pw@host.example:3142/debian"


def test_a_password_in_the_address_of_a_mirror_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = f"deb {WITH_PASSWORD} bookworm main\n"
    folder = apt_folder(tmp_path, listed=listed)
    monkeypatch.setattr(sources, "host_sources", lambda: host_sources(folder))
    monkeypatch.setattr(sources, "host_codename", lambda: "bookworm")
    by_host = replace(RELEASE, mirror="host", sources=(Source(suite="bookworm"),))
    for release in (by_host, replace(by_host, mirror=WITH_PASSWORD)):
        for read in (lines, image_lines):
            with pytest.raises(UserError, match=r"auth\.conf\.d") as caught:
                read(release)
            assert "pw" not in str(caught.value) and "user:" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["file:", "copy:", "cdrom:", "mirror+file:/absent"])
def test_a_source_that_only_this_host_can_read_is_not_given_to_an_image(scheme: str) -> None:
    release = replace(RELEASE, mirror=f"{scheme}/srv/debian", sources=(Source(suite="bookworm"),))
    assert lines(release)[0].startswith("deb [")
    with pytest.raises(UserError, match="image_sources: nodes cannot use"):
        image_lines(release)


def test_of_a_list_of_mirrors_the_image_gets_the_first(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("https://cdn.example/debian/\tpriority:1\nhttp://b.example\n")
    uri = f"mirror+file://{tmp_path}/list"
    release = replace(RELEASE, mirror=uri, sources=(Source(suite="bookworm"),))
    assert image_lines(release) == ("deb https://cdn.example/debian bookworm main",)
    (tmp_path / "list").write_text(f"{WITH_PASSWORD}\n")
    with pytest.raises(UserError, match=r"auth\.conf\.d"):
        image_lines(release)


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("deb http://m.example/debian bookworm main", "http://m.example/debian bookworm main"),
        ("deb [trusted=yes] copy:/home/me/golden/.cache/standins ./", "copy:(this host) ./"),
        ("deb [arch=amd64] file:///srv/debian bookworm main", "file:(this host) bookworm main"),
        ("deb [a=b] mirror+file:/etc/m.list bookworm main", "mirror+file:(this host) bookw"),
    ],
)
def test_a_manifest_names_no_path_of_the_host(line: str, written: str) -> None:
    assert written in sources.recorded(line)


def test_the_codename_is_read_from_os_release(tmp_path: Path) -> None:
    path = tmp_path / "os-release"
    path.write_text('NAME="Debian"\nVERSION_CODENAME="trixie"\n')
    assert sources.host_codename(path) == "trixie"
    assert sources.host_codename(tmp_path / "absent") == ""


def test_a_release_of_the_archive_needs_nothing_of_the_host() -> None:
    release = replace(
        small_site().release,
        mirror="http://archive.example/debian/",
        sources=(
            Source(suite="wheezy", components=("main", "contrib")),
            Source(suite="wheezy/updates", mirror="http://archive.example/security"),
        ),
        keyring="/usr/share/keyrings/removed.gpg",
        check_valid_until=False,
    )
    options = "arch=amd64 signed-by=/usr/share/keyrings/removed.gpg check-valid-until=no"
    assert lines(release) == (
        f"deb [{options}] http://archive.example/debian wheezy main contrib",
        f"deb [{options}] http://archive.example/security wheezy/updates main",
    )
    # wheezy's apt knows no options.
    assert image_lines(release) == (
        "deb http://archive.example/debian wheezy main contrib",
        "deb http://archive.example/security wheezy/updates main",
    )
