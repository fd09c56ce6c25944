"""Files that images need: fetched once, kept by hash, never other bytes than are locked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from golden.definition import load
from golden.errors import UserError
from golden.packages.downloads import Downloads


class Far(BaseHTTPRequestHandler):
    """A far host with one file."""

    content, asked = b"the helper", 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.path == "/helper.tar.xz" else 404)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def far() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Far)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Far.asked = 0
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def ignore(_: str) -> None:
    """Nobody listens."""


def test_a_source_is_fetched_once_and_kept_by_its_hash(far: str, tmp_path: Path) -> None:
    found = Downloads(tmp_path).find(f"{far}/helper.tar.xz")
    assert Downloads(tmp_path).file(found).read_bytes() == Far.content
    again = Downloads(tmp_path)
    assert again.find(found.source) == found
    again.fetch(found, ignore)
    assert Far.asked == 1
    assert Downloads(tmp_path, fresh=True).find(found.source) == found
    assert Far.asked == 2


def test_other_bytes_than_those_locked_are_refused(
    far: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = Downloads(tmp_path / "one").find(f"{far}/helper.tar.xz")
    monkeypatch.setattr(Far, "content", b"another helper")
    other = Downloads(tmp_path / "two", [locked])
    assert other.find(locked.source) == locked
    with pytest.raises(UserError, match=r"has other bytes than before .*\./inv lock"):
        other.fetch(locked, ignore)


def test_offline_takes_what_the_pool_has_and_nothing_else(far: str, tmp_path: Path) -> None:
    locked = Downloads(tmp_path).find(f"{far}/helper.tar.xz")
    offline = Downloads(tmp_path, [locked], offline=True)
    offline.fetch(offline.find(locked.source), ignore)
    assert Far.asked == 1
    offline.file(locked).write_bytes(b"damaged")
    with pytest.raises(UserError, match="--offline: the pool does not have"):
        offline.fetch(locked, ignore)


def test_a_host_that_is_away_and_a_file_that_is_not_there_are_named(
    far: str, tmp_path: Path
) -> None:
    for source in ("http://127.0.0.1:1/x", f"{far}/gone", f"{tmp_path}/none", "file:///none"):
        with pytest.raises(UserError, match="name a copy that can be fetched") as error:
            Downloads(tmp_path / "pool").find(source)
        assert str(error.value).startswith(source)
    assert not list((tmp_path / "pool").rglob("*.deb"))


def test_a_file_of_this_host_may_change(tmp_path: Path) -> None:
    file = tmp_path / "helper.tar.xz"
    file.write_bytes(b"one")
    downloads = Downloads(tmp_path / "pool")
    one = downloads.find(str(file))
    file.write_bytes(b"two")
    assert downloads.find(f"{file}").sha256 != one.sha256


def test_a_site_without_a_helper_is_refused_by_name() -> None:
    plain = load("example")
    site = replace(plain, variables={**plain.variables, "base_image": "/srv/golden/base.diskdump"})
    found = site.downloads(site.kinds[0], "synnefo")
    assert found["snf-image-helper.tar.xz"].endswith("snf_image_helper_image-0.18.1.tar.xz")
    assert found["base-image.meta"] == f"{found['base-image']}.meta"
    empty = replace(site, variables={**site.variables, "snf_image_helper_url": ""})
    with pytest.raises(UserError, match=r"images/sites/example\.yaml: .*snf_image_helper_url is"):
        empty.downloads(empty.kinds[0], "synnefo")
