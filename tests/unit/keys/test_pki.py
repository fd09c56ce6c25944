from __future__ import annotations

import datetime
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from golden.keys import pki, secrets
from golden.keys.at_rest import check_modes
from tests.unit.small_site import small_site

SITE = small_site()
NODE = SITE.nodes[0]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> secrets.Secrets:
    monkeypatch.setattr(secrets, "SECRETS", tmp_path)
    return secrets.ensure(SITE)


def test_openssl_trusts_the_node_by_name_and_address(kept: secrets.Secrets, tmp_path: Path) -> None:
    issued = pki.ensure(SITE, NODE, kept)
    ca, certificate = tmp_path / "ca.pem", tmp_path / "node.pem"
    ca.write_text(issued.ca)
    certificate.write_text(issued.certificate)
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", str(ca)]
    for name in (
        ["-verify_hostname", NODE.fqdn],
        ["-verify_hostname", NODE.name],
        ["-verify_ip", NODE.address],
    ):
        subprocess.run([*verify, *name, str(certificate)], check=True, capture_output=True)
    other = subprocess.run(
        [*verify, "-verify_hostname", SITE.nodes[1].fqdn, str(certificate)], capture_output=True
    )
    assert other.returncode != 0


def test_certificate_suits_old_and_new_clients(kept: secrets.Secrets) -> None:
    issued = pki.ensure(SITE, NODE, kept)
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    hash_algorithm = certificate.signature_hash_algorithm
    assert hash_algorithm is not None and hash_algorithm.name == "sha256"
    now = datetime.datetime.now(datetime.UTC)
    assert certificate.not_valid_before_utc < now - datetime.timedelta(hours=23)
    assert issued.key.startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_certificates_stay_until_the_names_change(kept: secrets.Secrets) -> None:
    first = pki.ensure(SITE, NODE, kept)
    assert pki.ensure(SITE, NODE, kept) == first
    moved = pki.ensure(SITE, replace(NODE, address="198.51.100.9"), kept)
    assert moved.certificate != first.certificate
    assert (moved.ca, moved.key) == (first.ca, first.key)


def test_certificates_that_are_issued_at_once_have_one_ca(kept: secrets.Secrets) -> None:
    # As by two ./inv seed at a time.
    with ThreadPoolExecutor(len(SITE.nodes)) as pool:
        issued = list(pool.map(lambda node: pki.ensure(SITE, node, kept), SITE.nodes))
    authority = x509.load_pem_x509_certificate(issued[0].ca.encode())
    for one in issued:
        x509.load_pem_x509_certificate(one.certificate.encode()).verify_directly_issued_by(
            authority
        )


def test_an_expiring_certificate_is_renewed(
    kept: secrets.Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pki.ensure(SITE, NODE, kept)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=365 * 5 - 30)
    monkeypatch.setattr(pki, "_now", lambda: later)
    assert pki.ensure(SITE, NODE, kept).certificate != first.certificate


def test_a_foreign_certificate_is_replaced(kept: secrets.Secrets) -> None:
    first = pki.ensure(SITE, NODE, kept)
    for name in ("ca.pem", "ca.key"):
        (kept.folder / name).unlink()
    second = pki.ensure(SITE, NODE, kept)
    assert second.ca != first.ca
    assert second.certificate != first.certificate


def test_every_file_is_private(kept: secrets.Secrets) -> None:
    pki.ensure(SITE, NODE, kept)
    check_modes(kept.folder)
