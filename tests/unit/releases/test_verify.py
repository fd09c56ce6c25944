"""`inv verify`: one changed byte of anything is named, with the public key alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from golden import manifest, paths, run
from golden.errors import UserError
from golden.keys import signing
from golden.layers import content
from golden.releases import ImageRelease, model, sums
from golden.releases.verify import verify
from tests.unit.releases import baked
from tests.unit.releases.baked import SITE


@pytest.fixture
def away(tmp_path: Path) -> tuple[Path, Path]:
    """A release and the public key, as a stranger has them: its checkout is gone."""
    made, key = baked.bake("1"), tmp_path / "public.pem"
    signing.export(str(key))
    folder = tmp_path / "away" / made.id
    shutil.copytree(made.folder, folder)
    shutil.rmtree(paths.ARTIFACTS)
    shutil.rmtree(paths.SECRETS)
    return folder, key


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_release_is_proven_with_the_public_key_alone(
    away: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, key = away
    verify(str(folder), SITE, str(key))
    assert f"{folder.name} of site lab" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("master/disk.qcow2", "master/disk.qcow2"),
        ("node/manifest.json", "node/manifest.json"),
        ("node/manifest.json.sig", "node/manifest.json.sig"),
        ("node/sbom.cdx.json", "node/sbom.cdx.json"),
        ("provenance.json", "provenance.json"),
        ("release.json", "release.json"),
        ("SHA256SUMS", "SHA256SUMS"),
        ("SHA256SUMS.sig", "SHA256SUMS"),
    ],
)
def test_one_changed_bit_is_named(away: tuple[Path, Path], name: str, named: str) -> None:
    folder, key = away
    flip(folder / name)
    with pytest.raises(UserError) as caught:
        verify(str(folder), SITE, str(key))
    assert str(caught.value).startswith(f"{folder}/{named}: ")
    assert "\n" not in str(caught.value)


def test_one_changed_bit_of_an_uploaded_volume_is_named(
    away: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, key = away
    volume = tmp_path / "pool/golden-lab-node.base"
    volume.parent.mkdir()
    shutil.copy(folder / "node/disk.qcow2", volume)
    verify(str(folder), SITE, str(key), str(volume))
    assert f"{volume}: the bytes of node/disk.qcow2" in capsys.readouterr().out
    flip(volume)
    with pytest.raises(UserError, match=rf"^{volume}: not the bytes of a disk of release [^\n]*$"):
        verify(str(folder), SITE, str(key), str(volume))
    with pytest.raises(UserError, match="none: no such file"):
        verify(str(folder), SITE, str(key), str(tmp_path / "none"))


def test_one_changed_bit_of_a_layer_is_named(away: tuple[Path, Path], own_home: Path) -> None:
    folder, key = away
    (layer,) = model.read(folder).images["node"].manifest()["layers"]
    place = paths.CACHE / "layers" / layer["key"]
    (place / "tree").mkdir(parents=True)
    (place / "tree/file").write_text("of the node")
    baked_as = content.call("record", place)
    record = {"name": layer["name"], "boot": "", "settled": True, "stamp": "", "content": baked_as}
    flip(place / "tree/file")
    (place / "layer.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=rf"{layer['key']}/tree/file: not what was baked[^\n]*$"):
        verify(str(folder), SITE, str(key))


def test_another_key_a_missing_and_an_added_file_are_refused(away: tuple[Path, Path]) -> None:
    folder, key = away
    with pytest.raises(UserError, match=r"SHA256SUMS: its signature does not fit"):
        verify(str(folder), SITE)
    (folder / "node/more").touch()
    with pytest.raises(UserError, match=r"node/more: no part of the signed release"):
        verify(str(folder), SITE, str(key))
    (folder / sums.NAME).unlink()
    with pytest.raises(UserError, match=r"SHA256SUMS: missing"):
        verify(str(folder), SITE, str(key))


@pytest.mark.parametrize("content", [None, b"", b"no key", b"\xff" * 99])
def test_a_key_that_is_none_is_said(tmp_path: Path, content: bytes | None) -> None:
    key = tmp_path / "key.pem"
    if content is not None:
        key.write_bytes(content)
    with pytest.raises(UserError, match=rf"--key {key}: .*; give the file"):
        verify("any", SITE, str(key))


def test_a_release_is_named_by_the_start_of_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    made = baked.bake("1")
    verify(made.id[:4], SITE)
    assert f"release {made.id} of site lab" in capsys.readouterr().out


def test_one_changed_bit_of_a_stick_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stick, key = tmp_path / "stick.img", tmp_path / "public.pem"
    stick.write_bytes(bytes(9999))
    signing.sign(stick)
    signing.export(str(key))
    shutil.rmtree(paths.SECRETS)
    verify(str(stick), SITE, str(key))
    assert "stick.img: signed" in capsys.readouterr().out
    whole = signing.signature_path(stick).read_bytes()
    for changed in (signing.signature_path(stick), stick):
        flip(changed)
        with pytest.raises(UserError, match=r"^\S*stick\.img: its signature [^\n]*$"):
            verify(str(stick), SITE, str(key))
        signing.signature_path(stick).write_bytes(whole)


def test_the_tools_of_any_debian_prove_a_release_too(away: tuple[Path, Path]) -> None:
    folder, key = away
    signed = ["-signature", f"{sums.NAME}.sig", sums.NAME]
    openssl = ["openssl", "dgst", "-sha256", "-verify", key, *signed]
    assert "Verified OK" in run.run(openssl, cwd=folder).out
    check = ["sha256sum", "--quiet", "--check", sums.NAME]
    assert run.run(check, cwd=folder).out == ""
    flip(folder / "node/disk.qcow2")
    assert "node/disk.qcow2: FAILED" in run.run(check, cwd=folder, check=False).out


# ---- what lies in place


def changed(made: ImageRelease) -> Path:
    """The disk of `node` with one bit changed, of the same length and time, in its release too."""
    path = manifest.disk_path(SITE, "node", "qcow2")
    assert path.samefile(made.images["node"].disk("qcow2"))
    return path


def test_a_changed_disk_is_neither_booted_nor_signed() -> None:
    path = changed(baked.bake("1"))
    assert manifest.verified(SITE, "node", ["qcow2"]).path == path
    flip(path)
    for use in (lambda: manifest.verified(SITE, "node", ["qcow2"]), lambda: sign_anew("2")):
        with pytest.raises(UserError, match=r"node/disk\.qcow2: not the bytes that its manifest"):
            use()


def sign_anew(size: str) -> ImageRelease:
    """A release of the same disks under another id."""
    from golden import releases

    return releases.record(SITE, {kind: {"size": size} for kind in baked.KINDS})


def test_a_changed_manifest_in_place_is_no_manifest() -> None:
    baked.bake("1")
    path = manifest.folder(SITE, "node") / manifest.NAME
    flip(path)
    assert manifest.find(SITE, "node", "qcow2", None) is None
    with pytest.raises(UserError, match=r"node/manifest\.json: its signature .*\./inv bake"):
        manifest.verified(SITE, "node", ["qcow2"])
