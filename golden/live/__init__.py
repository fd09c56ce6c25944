"""Long work as a page that updates, for a second screen: `inv boot --web`.

A server on loopback sends what the terminal shows as server-sent events
(https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from golden import html, log

SECONDS = 1.0  # from one event to the next
# What a page of another site has in its Host header, should its name lead here, is neither.
HOSTS = ("127.0.0.1", "localhost")
# Nothing but the page's own text, style and events.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:;"


class Server(ThreadingHTTPServer):
    """Serves the page `title` and its events, until the work has `ended` with its `verdict`."""

    daemon_threads = False

    def __init__(self, title: str) -> None:
        super().__init__((HOSTS[0], 0), Handler)
        self.url = f"http://{HOSTS[0]}:{self.server_address[1]}/"
        template = html.environment(Path(__file__).parent).get_template("page.html.j2")
        self.page = template.render(title=title)
        self.verdict = "failed"
        self.ended = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    timeout = 3  # of a connection that a browser opens and leaves idle; the end waits for it

    def do_GET(self) -> None:
        """The page, and its events."""
        if self.headers.get("Host", "").partition(":")[0] not in HOSTS:
            self.send_error(403)
        elif self.path == "/":
            self._begin("text/html; charset=utf-8")
            self.wfile.write(self.server.page.encode())
        elif self.path == "/events":
            self._begin("text/event-stream")
            # Whoever closes the page ends this alone.
            with contextlib.suppress(OSError):
                self._events()
        else:
            self.send_error(404)

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", f"{POLICY} connect-src 'self'")
        self.end_headers()

    def _events(self) -> None:
        ended = False
        while not ended:
            ended = self.server.ended.wait(SECONDS)
            self.wfile.write(f"data: {json.dumps(_now())}\n\n".encode())
        self.wfile.write(f"event: end\ndata: {self.server.verdict}\n\n".encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the terminal shows the work."""


@contextlib.contextmanager
def served(title: str) -> Iterator[Server]:
    """Serve the work of the block under `title`, and print where; open pages show how it ended."""
    server = Server(title)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    log.info(f"the same as a page: {server.url}")
    try:
        yield server
        server.verdict = "done"
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()


def _now() -> list[dict[str, object]]:
    """The tasks, as the page draws them."""
    return [
        {
            "name": task.name,
            "state": task.state,
            "time": task.time(),
            "share": min(task.elapsed() / task.expected, 1) if task.expected else None,
            "text": log.printable(task.doing()),
        }
        for task in log.tasks()
    ]
