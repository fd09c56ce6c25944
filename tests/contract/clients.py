"""The real clients of 2015 on Python 2.7, and the TLS in front of the stand-ins that they ask."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from golden import run
from golden.paths import ROOT

PYTHON = Path("~/.pyenv/versions/2.7.18/bin/python").expanduser()
CLIENTS = ("kamaki==0.13.4", "astakosclient==0.16")
PLACE = ROOT / ".cache" / "python2" / "-".join(CLIENTS)
DONE = PLACE / "done"
HERE = Path(__file__).with_name("python2")


def _python() -> Path | None:
    return next((one for one in (PYTHON, run.which("python2.7")) if one and one.exists()), None)


def installed() -> Path | None:
    """Python 2.7, if it and the clients are there."""
    return _python() if DONE.exists() else None


def install() -> Path | None:
    """Python 2.7, with the clients from the package index; None where one of both is not there."""
    python = _python()
    if python is None:
        return None
    if not DONE.exists():
        stub = PLACE / "distribute-0.7.3.egg-info"
        stub.mkdir(parents=True, exist_ok=True)
        (stub / "PKG-INFO").write_text("Name: distribute\nVersion: 0.7.3\n")
        env = {"PYTHONPATH": f"{HERE}:{PLACE}"}
        words = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", PLACE, *CLIENTS]
        if run.run([python, *words], env=env, check=False).code != 0:
            return None
        DONE.write_text("")
    return python


def certificate(place: Path, names: list[str]) -> Path:
    """A certificate with its key for these names, which is its own authority."""
    path = place / "tls.pem"
    alternatives = ",".join(f"DNS:{name}" for name in names)
    run.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}",
         "-keyout", place / "key.pem", "-out", place / "cert.pem"],
    )  # fmt: skip
    path.write_text((place / "cert.pem").read_text() + (place / "key.pem").read_text())
    return path


@contextlib.contextmanager
def apache(real: str, tls: Path) -> Iterator[int]:
    """What Apache does for clients: TLS, the header that tells of it, and the name asked for."""
    where = real.removeprefix("http://")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            back = http.client.HTTPConnection(where, timeout=120)
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            back.request(self.command, self.path, data, headers | {"X-Forwarded-Proto": "https"})
            answer = back.getresponse()
            body = answer.read()
            self.send_response_only(answer.status, answer.reason)
            for key, value in answer.getheaders():
                if key.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(key, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else len(body)
            self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815
        do_COPY = do_MOVE = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def environment(home: Path, ports: dict[str, int]) -> dict[str, str]:
    """What makes Python 2.7 find the clients, and the clients the site."""
    path = {"PYTHONPATH": f"{HERE}:{PLACE}", "PYTHONDONTWRITEBYTECODE": "1"}
    trust = {"SSL_CERT_FILE": str(home / "cert.pem"), "LC_ALL": "C.UTF-8"}
    return path | trust | {"HOME": str(home), "PORTS": json.dumps(ports)}
