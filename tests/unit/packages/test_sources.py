"""The host's apt configuration, in both of its formats, and what a release makes of it."""

from __future__ import annotations

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
        HostSource("http://one.example/debian", "bookworm"),
        HostSource("http://two.example/security", "bookworm-security"),
        HostSource("file:/srv/pool", "."),
    )


def test_deb822_sources_are_read_and_disabled_ones_left_out(tmp_path: Path) -> None:
    assert host_sources(apt_folder(tmp_path, deb822=DEB822)) == (
        HostSource("http://three.example/debian", "bookworm"),
        HostSource("http://three.example/debian", "bookworm-updates"),
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


@pytest.mark.parametrize(
    ("suite", "host", "codename", "mirror"),
    [
        ("bookworm", BOOKWORM_HOST, "bookworm", "http://mirror.example/debian"),
        ("bookworm-security", BOOKWORM_HOST, "bookworm", "http://mirror.example/security"),
        ("bookworm", TRIXIE_HOST, "trixie", "http://mirror.example/debian"),
        ("bookworm-security", TRIXIE_HOST, "trixie", "http://mirror.example/security"),
        ("bookworm", BOOKWORM_HOST, "", "http://mirror.example/debian"),
    ],
)
def test_the_mirror_is_the_one_that_serves_the_suite_or_its_twin(
    suite: str, host: tuple[HostSource, ...], codename: str, mirror: str
) -> None:
    assert host_mirror("bookworm", suite, host, codename) == mirror


def test_a_host_without_such_a_mirror_is_told_what_to_write_where() -> None:
    with pytest.raises(UserError) as caught:
        host_mirror("bookworm", "bookworm-updates", TRIXIE_HOST, "trixie")
    message = str(caught.value)
    assert "images/releases/bookworm.yaml" in message
    assert "'bookworm-updates' or 'trixie-updates'" in message


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
