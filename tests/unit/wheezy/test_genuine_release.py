"""Debian 7's own signed Release (June 2017), whose three signers have all expired since.

It proves that the expiry alone is overlooked: the genuine file is taken, a forged one is not, and
without the wrapper apt takes neither. The files are Debian's, untouched (docs/wheezy.md W1.5,
W1.11, W2.7).
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from golden import run
from golden.definition import Release, load
from golden.errors import UserError
from golden.packages import AptState, apt_conf
from golden.paths import IMAGES, SCRIPTS, TESTS

GENUINE = TESTS / "data" / "wheezy"
WRAPPER = SCRIPTS / "host" / "gpgv-overlook-expiry"
# The image's own apt has the same trouble (docs/wheezy.md W1.8).
IN_IMAGE = IMAGES / "roles/base/files.wheezy/usr/local/bin/gpgv-expired-keys"
BOTH = pytest.mark.parametrize("wrapper", [WRAPPER, IN_IMAGE], ids=lambda path: path.name)
SHA256 = "bf3b1df44c6b8a752c270c22b0057af6fcb301b814f9c594e249f86ccaec6a63"
SIGNERS = {"8B48AD6246925553", "7638D0442B90D010", "6FB2A1C265FFB764"}
OTHER_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


@pytest.fixture(scope="module")
def wheezy() -> Release:
    """The release as committed."""
    return load("example").release


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror that holds the signed head of the archive and nothing below it."""
    place = tmp_path / "mirror"
    for suite in ("wheezy", "wheezy/updates"):
        folder = place / "dists" / suite
        folder.mkdir(parents=True)
        for name in ("Release", "Release.gpg"):
            shutil.copy(GENUINE / name, folder / name)
    return place


def forge(mirror: Path) -> None:
    """One hash of one index is another one, as somebody would do who has packages to slip in."""
    path = mirror / "dists" / "wheezy" / "Release"
    content = bytearray(path.read_bytes())
    at = content.index(b"main/binary-amd64/Packages.gz") - 40
    content[at] ^= 1
    path.write_bytes(content)


def from_mirror(release: Release, mirror: Path) -> Release:
    """`release`, read from a folder."""
    sources = (replace(release.sources[0], mirror=f"file://{mirror}"),)
    return replace(release, mirror=f"file://{mirror}", sources=sources)


def refused(release: Release, cache: Path) -> str:
    """Why apt does not take an index from there; empty when only the packages' list is missing."""
    with pytest.raises(UserError, match="no package index for release 'wheezy'"):
        AptState(release, cache).refresh()
    log = (cache / "log" / "apt.log").read_text()
    lines = [line for line in log.splitlines() if "is not signed" in line or "GPG error" in line]
    if not lines:
        assert "Packages" in log, log
    return "\n".join(lines)


def test_the_evidence_is_what_the_archive_has() -> None:
    digest = hashlib.sha256((GENUINE / "Release").read_bytes()).hexdigest()
    assert digest == SHA256
    text = (GENUINE / "Release").read_text()
    assert "Codename: wheezy\n" in text and "Date: Sat, 17 Jun 2017" in text


def verified(release_file: Path, keyring: str, program: str) -> run.Result:
    # As apt does it: the status on a descriptor of its own.
    shell = ["sh", "-c", 'exec "$@" 3>&1 >/dev/null', "sh"]
    argv = [*shell, program, "--status-fd", "3", "--keyring", keyring]
    return run.run([*argv, GENUINE / "Release.gpg", release_file], check=False)


@BOTH
def test_gpgv_says_expired_and_the_wrapper_says_good(wheezy: Release, wrapper: Path) -> None:
    plain = verified(GENUINE / "Release", wheezy.keyring, "gpgv")
    assert all(f"EXPKEYSIG {signer}" in plain.out for signer in SIGNERS)
    ours = verified(GENUINE / "Release", wheezy.keyring, str(wrapper))
    assert all(f"GOODSIG {signer}" in ours.out for signer in SIGNERS)
    assert "EXPKEYSIG" not in ours.out and ours.code == 0
    # Signed with SHA256, so no exception for weak digests is needed (docs/wheezy.md W1.11).
    valid = [line.split() for line in ours.out.splitlines() if "] VALIDSIG " in line]
    assert len(valid) == 3 and {words[9] for words in valid} == {"8"}


@BOTH
def test_the_wrapper_never_calls_a_forged_file_good(
    wheezy: Release, mirror: Path, wrapper: Path
) -> None:
    forge(mirror)
    found = verified(mirror / "dists" / "wheezy" / "Release", wheezy.keyring, str(wrapper))
    assert found.code != 0
    # gpgv stops at the first bad one.
    assert "GOODSIG" not in found.out and "BADSIG" in found.out


def test_apt_takes_the_genuine_release_through_the_wrapper(
    wheezy: Release, mirror: Path, tmp_path: Path
) -> None:
    assert refused(from_mirror(wheezy, mirror), tmp_path / "cache") == ""


def test_without_the_wrapper_apt_refuses_it(wheezy: Release, mirror: Path, tmp_path: Path) -> None:
    strict = replace(from_mirror(wheezy, mirror), accept_expired_keys=False)
    assert "EXPKEYSIG" in refused(strict, tmp_path / "cache")


def test_apt_refuses_a_forged_release(wheezy: Release, mirror: Path, tmp_path: Path) -> None:
    forge(mirror)
    assert "BADSIG" in refused(from_mirror(wheezy, mirror), tmp_path / "cache")


def test_apt_refuses_the_genuine_release_by_other_keys(
    wheezy: Release, mirror: Path, tmp_path: Path
) -> None:
    other = replace(from_mirror(wheezy, mirror), keyring=OTHER_KEYS)
    assert "NO_PUBKEY" in refused(other, tmp_path / "cache")


def test_the_wrapper_is_the_one_that_bakes_use() -> None:
    assert apt_conf._GPGV == WRAPPER
    assert WRAPPER.stat().st_mode & 0o111
