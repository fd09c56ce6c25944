"""What was changed in a registry, or signed by others, is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import requests

from golden import manifest, paths
from golden.errors import UserError
from golden.releases import model, registry
from golden.releases.pull import pull
from golden.releases.push import TITLE, push
from tests.unit.releases import baked
from tests.unit.releases.baked import SITE
from tests.unit.releases.pushed import bake, elsewhere, files, flip
from tests.unit.releases.registry_daemon import stored


def test_one_changed_bit_in_the_registry_is_refused(
    repo: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bake("tampered")
    push(made.id, SITE, repo)
    known = {name: manifest.sha256(made.folder / name) for name in files(made.folder)}
    key = elsewhere(tmp_path, monkeypatch)
    for name, sha256 in known.items():
        flip(stored(data, sha256))
        with pytest.raises(UserError, match=rf"{sha256} has other bytes"):
            pull(repo, str(key))
        assert model.every(SITE) == (), name
        shutil.rmtree(model.folder(SITE), ignore_errors=True)
        flip(stored(data, sha256))
    pull(repo, str(key))


def test_a_release_of_another_checkout_is_refused_before_anything_is_written(
    repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(bake().id, SITE, repo)
    elsewhere(tmp_path, monkeypatch)
    with pytest.raises(UserError, match=r"signed by another checkout; name a file .* by --key"):
        pull(repo)
    assert not paths.ARTIFACTS.exists() and not paths.CACHE.exists()


def changed_manifest(repo: str, change: str) -> None:
    """Someone with write access puts another image manifest under `latest`."""
    host, _, path = repo.partition("/")
    at = f"http://{host}/v2/{path}"
    found = requests.get(
        f"{at}/manifests/latest", headers={"Accept": registry.IMAGE}, timeout=9
    ).json()
    by_name = {each["annotations"][TITLE]: each for each in found["layers"]}
    if change == "swapped disk":
        by_name["node/disk.qcow2"]["digest"] = by_name["master/disk.qcow2"]["digest"]
    elif change == "longer disk":
        by_name["node/disk.qcow2"]["size"] += 1 << 40
    elif change == "more":
        more = {**by_name["provenance.json"], "annotations": {TITLE: "../../escaped"}}
        found["layers"].append(more)
    elif change == "less":
        found["layers"].remove(by_name["node/disk.qcow2"])
    else:
        found["layers"] = found["layers"][:3]
    head = {"Content-Type": registry.IMAGE}
    requests.put(
        f"{at}/manifests/latest", data=json.dumps(found), headers=head, timeout=9
    ).raise_for_status()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("swapped disk", "another node/disk.qcow2 than SHA256SUMS is signed for"),
        ("longer disk", "another node/disk.qcow2 than SHA256SUMS is signed for"),
        ("more", "another ../../escaped than SHA256SUMS is signed for"),
        ("less", "another node/disk.qcow2 than SHA256SUMS is signed for"),
        ("none of ours", "no image release"),
    ],
)
def test_a_changed_image_manifest_is_refused_before_anything_is_written(
    repo: str, change: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(bake().id, SITE, repo)
    changed_manifest(repo, change)
    key = elsewhere(tmp_path, monkeypatch)
    with pytest.raises(UserError, match=message):
        pull(repo, str(key))
    assert not paths.ARTIFACTS.exists() and not paths.CACHE.exists()


def test_a_damaged_release_is_not_pushed_and_another_of_the_same_id_stays(
    repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bake()
    push(made.id, SITE, repo)
    key = elsewhere(tmp_path, monkeypatch)
    (path,) = {baked.bake("1").folder}
    whole = files(path)
    with pytest.raises(UserError, match=r"a release of the same id .*rm -r"):
        pull(repo, str(key))
    assert files(path) == whole
    (path / "node/disk.qcow2").chmod(0o644)
    flip(path / "node/disk.qcow2")
    with pytest.raises(UserError, match="not the bytes that release"):
        push(made.id, SITE, repo)
    shutil.rmtree(path)


def test_what_is_not_there_is_said(repo: str) -> None:
    with pytest.raises(UserError, match=r"no such release there; push it with"):
        pull(f"{repo}:none")
    with pytest.raises(UserError, match=r"no such release there"):
        pull(f"{repo}@sha256:{'0' * 64}")
