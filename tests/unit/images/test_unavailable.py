"""What visitors see of a node whose applications do not answer, asked of a real Apache."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from golden import run
from golden.host.ports import free_port
from tests.unit.images.synnefo_files import files, filled
from tests.unit.standins import services

pytestmark = pytest.mark.slow
MODULES = ["mpm_event", "authz_core", "alias", "mime", "headers", "env", "rewrite"]
MODULES += ["proxy", "proxy_http"]
PAGE = "/usr/share/golden/unavailable.html"


@contextlib.contextmanager
def apache(site: str, kind: str, behind: int) -> Iterator[str]:
    """The URL of a site's virtual host, without its TLS, before applications on port `behind`."""
    folder = Path(tempfile.mkdtemp(prefix="apache-"))
    rendered, port = files(site, kind), free_port()
    (text,) = (filled(file) for path, file in rendered.items() if "/synnefo-ssl" in path)
    (folder / "page.html").write_text(filled(rendered[PAGE]))
    text = text.replace("_default_:443", f"*:{port}").replace(":8080", f":{behind}")
    text = text.replace(PAGE, str(folder / "page.html")).replace("mod_ssl.c", "mod_proxy.c")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("SSL")]
    head = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES]
    head += [f"Listen 127.0.0.1:{port}", f"PidFile {folder}/pid", f"ErrorLog {folder}/log"]
    head += [f"DefaultRuntimeDir {folder}", "ServerName localhost", "Define NODE_FQDN localhost"]
    head += [
        "TypesConfig /etc/mime.types",
        f"<Directory {folder}>",
        "Require all granted",
        "</Directory>",
    ]
    # Apache's children are nobody, for whom pytest's own folders are closed.
    folder.chmod(0o755)
    (folder / "page.html").chmod(0o644)
    configuration = folder / "apache.conf"
    configuration.write_text("\n".join([*head, "User nobody", "Group nogroup", *lines, ""]))
    words = ["apache2", "-D", "FOREGROUND", "-f", configuration]
    server = run.start(words, log=folder / "said")
    try:
        services.wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        run.end(server)
        shutil.rmtree(folder)


class Busy(BaseHTTPRequestHandler):
    """An application that is there, and has an answer of its own."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Be silent."""


@pytest.mark.parametrize("site", ["example", "rehearsal"])
@pytest.mark.parametrize("kind", ["node1", "node2"])
def test_a_page_says_that_nothing_answers_yet(site: str, kind: str) -> None:
    with apache(site, kind, free_port()) as url:
        answer = requests.get(f"{url}/cyclades/compute/v2.0/servers", timeout=30)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "looks again" in answer.text
        assert requests.get(f"{url}/golden/unavailable.html", timeout=30).status_code == 200


def test_what_an_application_answers_passes_as_it_is() -> None:
    with HTTPServer(("127.0.0.1", 0), Busy) as behind:
        threading.Thread(target=behind.serve_forever, daemon=True).start()
        with apache("rehearsal", "node1", behind.server_port) as url:
            answer = requests.get(url, timeout=30)
        behind.shutdown()
    assert (answer.status_code, answer.text) == (503, "{}")
    assert "Retry-After" not in answer.headers
