"""The site's certificate authority, and one server certificate per node; the same for a bake farm.

They are issued on the operator's machine, so that no node holds the CA's key. They are RSA with
SHA-256, which wheezy's OpenSSL 1.0.1 reads, and name the node in SANs, as today's clients demand.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from golden import paths
from golden.definition import Node, Site
from golden.keys.secrets import Secrets, owned, pem, write_private

CA_YEARS = 20
NODE_YEARS = 5
RENEW_BEFORE = datetime.timedelta(days=60)
# A node's clock may be behind ours at first boot (docs/wheezy.md W8.4).
BACKDATE = datetime.timedelta(days=1)
# In .secrets: no site's name has a dot.
FARM = "farm.tls"


@dataclass(frozen=True)
class Certificate:
    """The CA's certificate, the node's own certificate and its key, as PEM texts."""

    ca: str
    certificate: str
    key: str


def ensure(site: Site, node: Node, secrets: Secrets) -> Certificate:
    """The certificate of `node`; a new one is issued unless the stored one still fits its names.

    CA and certificates are kept in the folder of `secrets`; the CA is made once, never replaced.
    """
    common = f"{site.name} site CA ({site.domain})"[:64]
    return _ensure(secrets.folder, common, node.name, node.fqdn, _alternative_names(node))


def ensure_farm() -> Certificate:
    """The certificate by which the hosts of a bake farm know each other, one for all of them.

    Whoever holds it, and its key, is of the farm: it serves and asks, whatever the host's name.
    """
    name = "golden bake farm"
    names = x509.SubjectAlternativeName([x509.DNSName("farm")])
    usages = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    return _ensure(paths.SECRETS / FARM, f"{name} CA", "member", name, names, usages)


def _ensure(
    folder: Path,
    ca: str,
    stem: str,
    name: str,
    names: x509.SubjectAlternativeName,
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH,),
) -> Certificate:
    """The certificate `stem` in `folder`, by the authority `ca`, of `name` with its `names`."""
    with owned(folder):
        authority = _Authority.ensure(ca, folder)
        key_file = folder / f"{stem}.tls.key"
        file = folder / f"{stem}.tls.pem"
        if not key_file.exists():
            write_private(key_file, pem(_new_key(2048)))
        key = _read_key(key_file)
        if not (file.exists() and authority.issued(file, names, key)):
            issued = authority.issue(name, names, usages, key)
            write_private(file, issued.public_bytes(Encoding.PEM))
        return Certificate(authority.text, file.read_text(), key_file.read_text())


@dataclass(frozen=True)
class _Authority:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @classmethod
    def ensure(cls, name: str, folder: Path) -> _Authority:
        """Read the CA in `folder`; make it, as `name`, if there is none."""
        key_file, file = folder / "ca.key", folder / "ca.pem"
        if not key_file.exists():
            write_private(key_file, pem(_new_key(3072)))
        key = _read_key(key_file)
        if not file.exists():
            write_private(file, _self_signed(name, key).public_bytes(Encoding.PEM))
        return cls(x509.load_pem_x509_certificate(file.read_bytes()), key)

    @property
    def text(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        name: str,
        names: x509.SubjectAlternativeName,
        usages: Sequence[x509.ObjectIdentifier],
        key: rsa.RSAPrivateKey,
    ) -> x509.Certificate:
        """Issue a certificate for `name`, its `names` and these `usages`."""
        issuer = self.certificate.subject
        builder = _builder(_name(name), issuer, key.public_key(), NODE_YEARS)
        for extension, critical in (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_key_usage(ca=False), True),
            (x509.ExtendedKeyUsage(usages), False),
            (names, False),
            (
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                False,
            ),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        ):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def issued(
        self, file: Path, names: x509.SubjectAlternativeName, key: rsa.RSAPrivateKey
    ) -> bool:
        """Whether our CA issued `file` for this key and these names, and it stays valid."""
        found = x509.load_pem_x509_certificate(file.read_bytes())
        try:
            found.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError):
            return False
        its = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return (
            found.public_key() == key.public_key()
            and its == names
            and found.not_valid_after_utc > _now() + RENEW_BEFORE
        )


def _self_signed(common: str, key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = _name(common)
    return (
        _builder(name, name, key.public_key(), CA_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, years: int
) -> x509.CertificateBuilder:
    begin = _now() - BACKDATE
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=365 * years))
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_encipherment=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(node: Node) -> x509.SubjectAlternativeName:
    address = ipaddress.ip_address(str(node.address))
    return x509.SubjectAlternativeName(
        [x509.DNSName(node.fqdn), x509.DNSName(node.name), x509.IPAddress(address)]
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _new_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _read_key(file: Path) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey), f"{file} is not an RSA key"
    return key


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
