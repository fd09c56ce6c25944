"""Image releases in Debian's docker-registry: push, pull, and what refers to them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import requests

from golden import manifest
from golden.releases import model, registry, stages, switch
from golden.releases.pull import pull
from golden.releases.push import TITLE, push
from golden.releases.verify import verify
from tests.unit.releases import baked
from tests.unit.releases.baked import SITE
from tests.unit.releases.pushed import LARGE, bake, digest_said, elsewhere, files, layers
from tests.unit.releases.registry_daemon import Line


def test_a_release_comes_back_by_tag_and_by_digest(
    repo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = bake()
    whole = files(made.folder)
    push(made.id[:5], SITE, f"{repo}:v1")
    digest = digest_said(capsys.readouterr().out)
    assert {each["annotations"][TITLE] for each in layers(repo, "v1")} == whole.keys()
    assert layers(repo, "v1") == layers(repo, made.id) == layers(repo, f"sha256:{digest}")
    key = elsewhere(tmp_path, monkeypatch)
    pull(f"{repo}@sha256:{digest}", str(key))
    assert files(model.folder(SITE) / made.id) == whole
    verify(made.id, SITE, str(key))
    said = capsys.readouterr().out
    assert f"{repo}@sha256:{digest}: SHA256SUMS is signed, and its" in said
    # Nothing is fetched of what is here, and the key is trusted from then on.
    pull(f"{repo}:v1")
    assert "0 MB fetched" in capsys.readouterr().out
    switch.promote(SITE, made.id)
    assert stages.read(SITE).current == made.id
    assert manifest.verified(SITE, "node", ["qcow2"]).path.read_bytes() == whole["node/disk.qcow2"]


def test_the_same_push_again_sends_nothing_and_a_new_disk_alone_is_sent(
    repo: str, line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repo.partition("/")[2]
    made = bake("1", LARGE)
    push(made.id, SITE, f"{line.host}/{path}")
    assert line.carried["up"] > LARGE
    capsys.readouterr()
    line.cut("up", float("inf"))
    push(made.id, SITE, f"{line.host}/{path}")
    assert "0 MB in 0 of 12 files and 0 manifests were sent" in capsys.readouterr().out
    assert line.carried["up"] < 20_000
    baked.disk("master", "2")
    other = model.find(SITE, baked.releases.record(SITE, {"master": {}, "node": {}}).id)
    push(other.id, SITE, f"{line.host}/{path}")
    assert line.carried["up"] < LARGE / 2


def test_a_release_that_shares_a_disk_is_fetched_without_it(
    repo: str, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repo.partition("/")[2]
    one = bake("1", LARGE)
    push(one.id, SITE, f"{line.host}/{path}")
    baked.disk("master", "2")
    two = baked.releases.record(SITE, {"master": {}, "node": {}})
    push(two.id, SITE, f"{line.host}/{path}")
    key = elsewhere(tmp_path, monkeypatch)
    pull(f"{line.host}/{path}:{one.id}", str(key))
    line.cut("down", float("inf"))
    pull(f"{line.host}/{path}")
    assert line.carried["down"] < LARGE / 2
    disks = [model.find(SITE, each.id).images["node"].disk("qcow2") for each in (one, two)]
    assert disks[0].samefile(disks[1])


def test_sboms_provenance_and_signed_manifests_refer_to_the_release(
    repo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = bake()
    push(made.id, SITE, repo)
    subject = f"sha256:{digest_said(capsys.readouterr().out)}"
    host, _, path = repo.partition("/")
    index = requests.get(
        f"http://{host}/v2/{path}/manifests/{subject.replace(':', '-')}",
        headers={"Accept": registry.INDEX},
        timeout=9,
    ).json()
    assert index["mediaType"] == registry.INDEX
    found = {}
    for each in index["manifests"]:
        answer = requests.get(
            f"http://{host}/v2/{path}/manifests/{each['digest']}",
            headers={"Accept": registry.IMAGE},
            timeout=9,
        )
        about = answer.json()
        assert about["subject"]["digest"] == subject
        assert about["artifactType"] == each["artifactType"]
        assert len(answer.content) == each["size"]
        for layer in about["layers"]:
            blob = requests.get(f"http://{host}/v2/{path}/blobs/{layer['digest']}", timeout=9)
            found[layer["annotations"][TITLE]] = (each["artifactType"], blob.content)
    assert {name: content for name, (_, content) in found.items()} == {
        name: content
        for name, content in files(made.folder).items()
        if "disk" not in name and name[0] not in "Sr"
    }
    assert found["node/sbom.cdx.json"][0] == "application/vnd.cyclonedx+json"
    assert found["provenance.json"][0] == "application/vnd.in-toto+json"


class Keeping(BaseHTTPRequestHandler):
    """A registry that keeps referrers itself: it sends who asks for anything else to `host`."""

    host = ""
    index: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if "/referrers/" in self.path:
            content = json.dumps({"mediaType": registry.INDEX, "manifests": []}).encode()
            self.index.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(307)
        self.send_header("Location", f"http://{self.host}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_registry_that_keeps_referrers_gets_no_tag_for_them(
    repo: str, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Keeping.host = host
    front = ThreadingHTTPServer(("127.0.0.1", 0), Keeping)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    path = repo.partition("/")[2]
    push(bake().id, SITE, f"127.0.0.1:{front.server_port}/{path}")
    front.shutdown()
    front.server_close()
    said = capsys.readouterr().out
    assert "7 manifests were sent" in said
    assert Keeping.index == [f"/v2/{path}/referrers/sha256:{digest_said(said)}"]
    tags = requests.get(f"http://{host}/v2/{path}/tags/list", timeout=9).json()["tags"]
    assert sorted(tags)[1:] == ["latest"] and len(tags) == 2
