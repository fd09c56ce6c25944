"""A transfer that is cut goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from golden import paths
from golden.errors import StageError
from golden.releases import model, registry
from golden.releases.pull import pull
from golden.releases.push import push
from tests.unit.releases.baked import SITE
from tests.unit.releases.pushed import LARGE, bake, elsewhere, files
from tests.unit.releases.registry_daemon import Line


def test_a_cut_download_goes_on_where_it_was_cut(
    repo: str, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repo.partition("/")[2]
    made = bake("1", LARGE)
    push(made.id, SITE, repo)
    whole = files(made.folder)
    key = elsewhere(tmp_path, monkeypatch)
    line.cut("down", LARGE // 2)
    with pytest.raises(StageError, match=f"{line.host}/{path}: [^\n]*\n[^\n]*run it again"):
        pull(f"{line.host}/{path}", str(key))
    assert model.every(SITE) == ()
    assert not list(paths.SECRETS.rglob("*.trusted"))
    line.cut("down", float("inf"))
    pull(f"{line.host}/{path}", str(key))
    assert LARGE * 0.4 < line.carried["down"] < LARGE * 0.7
    assert files(model.folder(SITE) / made.id) == whole


@pytest.mark.parametrize("after", [LARGE // 2, LARGE // 6])
def test_a_cut_push_is_whole_the_next_time(repo: str, line: Line, after: int) -> None:
    path = repo.partition("/")[2] + f"/{after}"
    made = bake("1", LARGE)
    line.cut("up", after)
    with pytest.raises(StageError, match="run it again"):
        push(made.id, SITE, f"{line.host}/{path}")
    line.cut("up", float("inf"))
    push(made.id, SITE, f"{line.host}/{path}")
    # docker-registry forgets an upload that was cut within a chunk.
    assert line.carried["up"] < LARGE * 1.1
    pull(f"{line.host}/{path}")
    assert not list((paths.CACHE / "uploads").iterdir())


def away(whole: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    """`whole`, a request, but nothing answers for uploads."""

    def request(
        session: requests.Session, method: str, url: str, **more: object
    ) -> requests.Response:
        if "/uploads/" in url:
            raise requests.ConnectionError
        return whole(session, method, url, **more)

    return request


def test_an_upload_goes_on_behind_its_last_chunk(
    repo: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repo.partition("/")[2]
    made = bake("1", LARGE)
    whole, chunks = registry.atomic.write, list[Path]()

    def killed(place: Path, content: str, **options: int) -> None:
        whole(place, content, **options)
        chunks.append(place)
        if chunks.count(place) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(registry.atomic, "write", killed)
        push(made.id, SITE, f"{line.host}/{path}")
    (note,) = (paths.CACHE / "uploads").iterdir()
    assert note.stat().st_mode & 0o777 == 0o600
    with monkeypatch.context() as patch, pytest.raises(StageError, match="run it again"):
        patch.setattr(requests.Session, "request", away(requests.Session.request))
        push(made.id, SITE, f"{line.host}/{path}")
    line.cut("up", float("inf"))
    push(made.id, SITE, f"{line.host}/{path}")
    assert LARGE / 4 < line.carried["up"] < LARGE / 2
    assert not note.exists()
