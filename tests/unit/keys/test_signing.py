"""Signatures: ours are told from others', by us and by openssl."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from golden import paths, run
from golden.errors import UserError
from golden.keys import signing


@pytest.fixture(autouse=True)
def own_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "secrets")


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.json"
    path.write_text('{"disk": "node1"}')
    signing.sign(path)
    return path


def test_what_was_signed_here_is_known(signed: Path) -> None:
    signing.verify(signed)
    assert (paths.SECRETS / "signing.key").stat().st_mode & 0o777 == 0o600


def test_openssl_reads_the_same_signature(signed: Path, tmp_path: Path) -> None:
    key = tmp_path / "public.pem"
    key.write_bytes(signing.public_key())
    words = ["openssl", "dgst", "-sha256", "-verify", key, "-signature", f"{signed}.sig", signed]
    assert "Verified OK" in run.run(words).out


def test_one_changed_byte_is_refused(signed: Path) -> None:
    signed.write_text('{"disk": "node2"}')
    with pytest.raises(UserError, match=r"manifest\.json: its signature does not fit"):
        signing.verify(signed)


def test_another_key_is_refused(
    signed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "others")
    with pytest.raises(UserError, match="signed by another checkout"):
        signing.verify(signed)


def test_an_unsigned_file_is_refused(signed: Path) -> None:
    signing.signature_path(signed).unlink()
    with pytest.raises(UserError, match=r"not signed: manifest\.json\.sig is missing"):
        signing.verify(signed)


def test_files_that_are_signed_at_once_have_one_key(tmp_path: Path) -> None:
    # As both disks of a first bake are.
    files = [tmp_path / name for name in ("node1", "node2", "node3")]
    for path in files:
        path.write_text(path.name)
    with ThreadPoolExecutor(len(files)) as pool:
        list(pool.map(signing.sign, files))
    for path in files:
        signing.verify(path)
