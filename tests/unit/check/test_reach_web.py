"""The probes of web servers, against real ones on this host: TLS, redirects, RAPI's passwords."""

from __future__ import annotations

import base64
import datetime
import importlib
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from golden.paths import SCRIPTS

RIGHT = "Basic " + base64.b64encode(b"cyclades:right").decode()


@pytest.fixture(scope="module")
def reach() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS / "check"))
        yield importlib.import_module("reach")
    for name in ("reach", "amqp", "guest"):
        sys.modules.pop(name, None)


class Page(BaseHTTPRequestHandler):
    """Redirects / to https, and lets RAPI's user in with the right password."""

    def do_GET(self) -> None:
        if self.path == "/":
            self.send_response(301)
            self.send_header("Location", "https://localhost/")
        else:
            self.send_response(200 if self.headers["Authorization"] == RIGHT else 401)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


def serve(context: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def plain() -> Iterator[int]:
    server = serve()
    yield server.server_port
    server.shutdown()


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = (
        builder.not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def secure(pem: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = serve(context)
    yield server.server_port
    server.shutdown()


def test_redirect_is_read(reach: Any, plain: int) -> None:
    assert reach.plain_http("127.0.0.1", plain) == {
        "status": 301,
        "location": "https://localhost/",
    }


def test_server_that_is_away_is_told(reach: Any) -> None:
    found = reach.plain_http("127.0.0.1", 1)
    assert found["status"] == 0
    assert "refused" in found["error"]


def test_certificate_of_a_known_ca_is_verified(
    reach: Any, secure: int, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "BUNDLE", str(pem))
    found = reach.certificate("localhost", secure)
    assert found["verified"], found
    assert x509.load_pem_x509_certificate(found["pem"].encode())


def test_certificate_of_an_unknown_ca_is_refused(reach: Any, secure: int) -> None:
    found = reach.certificate("localhost", secure)
    assert not found["verified"]
    assert "self-signed" in found["says"]


def test_nothing_on_the_port_is_told(reach: Any) -> None:
    found = reach.certificate("127.0.0.1", 1)
    assert (found["verified"], found["pem"]) == (False, "")
    assert "refused" in found["says"]


@pytest.mark.parametrize(("password", "status"), [("right", 200), ("wrong", 401)])
def test_rapi_is_asked_with_the_password(
    reach: Any, secure: int, password: str, status: int
) -> None:
    one = {"host": "127.0.0.1", "port": secure, "user": "cyclades", "password": password}
    assert reach.rapi(one) == status
