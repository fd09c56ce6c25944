"""The archive behind a server on loopback that misbehaves as told."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.wheezy.archive import Archive

# What an answer may be: an error, or half a file and then the connection closed, silence, or a byte
# now and then.
MOODS = ("404", "500", "half", "stall", "dribble")
# Much less than the silence that a test's apt bears.
DRIBBLE_SECONDS = 0.1


@dataclass
class Mirror:
    """A server at `url`. Files whose name ends so are served as `mood` says; `asked` is
    each request's path, with the byte it begins at. `waits` is set while it is silent."""

    url: str = ""
    mood: str = ""
    endings: tuple[str, ...] = (".deb",)
    asked: list[tuple[str, int]] = field(default_factory=list)
    waits: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def fails(self, mood: str, *endings: str) -> None:
        """From now on, for paths that end so; for packages, if nothing is said."""
        self.mood, self.endings = mood, endings or (".deb",)
        self.waits.clear()
        self.go_on.clear()

    def recovers(self) -> None:
        """It works for whoever asks now; those to whom it is silent wait on."""
        self.mood = ""

    def works(self) -> None:
        """As it should, also where it was silent."""
        self.mood = ""
        self.go_on.set()


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *words: Any, mirror: Mirror, **more: Any) -> None:
        self.mirror = mirror
        super().__init__(*words, **more)

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        self.mirror.asked.append((self.path, begin))
        mood = self.mirror.mood if self.path.endswith(self.mirror.endings) else ""
        if mood in ("404", "500"):
            self.send_error(int(mood))
        elif not path.is_file():
            self.send_error(404)
        else:
            self._serve(path, begin, mood)

    def _serve(self, path: Path, begin: int, mood: str) -> None:
        content = path.read_bytes()
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.send_header("Last-Modified", self.date_time_string(int(path.stat().st_mtime)))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        until = len(content) // 2 if mood else len(content)
        # Whoever asked may have been killed.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content[begin:until])
            while mood == "dribble" and not self.mirror.go_on.wait(DRIBBLE_SECONDS):
                self.wfile.write(content[until : until + 1])
                until += 1
        if mood == "stall":
            self.mirror.waits.set()
            self.mirror.go_on.wait()
        if mood:
            self.close_connection = True

    def log_message(self, *_: object) -> None: ...


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A connection that ends early is what is tested."""


@contextlib.contextmanager
def serving(archive: Archive) -> Iterator[Mirror]:
    """The server, for as long as the block lasts."""
    mirror = Mirror()
    handler = functools.partial(_Handler, mirror=mirror, directory=os.fspath(archive.place))
    with _Server(("127.0.0.1", 0), handler) as server:
        mirror.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield mirror
        finally:
            mirror.works()
            server.shutdown()
