"""Layers appear whole or not at all, and go when nobody needs them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from golden.errors import UserError
from golden.layers import Layer, Store, content
from golden.layers import store as module
from golden.layers.reasons import Text

SITE = "lab"


def layer(name: str = "base", version: str = "1", parent: Layer | None = None) -> Layer:
    return Layer(name, parent, {"packages": {"web": version}})


def published(store: Store, tmp_path: Path, made: Layer, seconds: float = 3.0) -> None:
    folder = tmp_path / "work" / made.key
    (folder / "tree").mkdir(parents=True)
    (folder / "tree" / "file").write_text(made.name)
    store.publish(SITE, made, folder, seconds, {"packages": {"web": "1"}})


def test_a_published_layer_is_found_by_its_key_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    published(store, tmp_path, layer())
    found = store.get(layer())
    assert found is not None
    assert (found.tree / "file").read_text() == "base"
    assert found.seconds == 3.0
    assert found.record["packages"] == {"web": "1"}
    assert store.get(layer(version="2")) is None
    assert not (tmp_path / "work" / layer().key).exists()


def test_a_folder_without_its_record_is_no_layer(tmp_path: Path) -> None:
    (tmp_path / "layers" / layer().key / "tree").mkdir(parents=True)
    assert Store(tmp_path).get(layer()) is None
    (tmp_path / "layers" / layer().key / "layer.json").write_text('{"name": "ba')
    assert Store(tmp_path).get(layer()) is None


def test_publishing_replaces_what_was_not_whole(tmp_path: Path) -> None:
    (tmp_path / "layers" / layer().key / "half").mkdir(parents=True)
    store = Store(tmp_path)
    published(store, tmp_path, layer())
    assert store.get(layer()) is not None
    assert not (tmp_path / "layers" / layer().key / "half").exists()


def test_after_a_power_cut_only_settled_layers_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, safe, lost = Store(tmp_path), layer("base"), layer("top", "2")
    published(store, tmp_path, safe)
    store.settle([safe])
    published(store, tmp_path, lost)
    monkeypatch.setattr(module, "_boot", lambda: "the host's next start")
    assert store.get(safe) is not None
    assert store.get(lost) is None


def test_what_was_baked_last_is_remembered_by_site(tmp_path: Path) -> None:
    store = Store(tmp_path)
    published(store, tmp_path, layer(version="1"), seconds=3.0)
    published(store, tmp_path, layer(version="2"), seconds=5.0)
    last = store.last(SITE, "base")
    assert last is not None and last.side.inputs == {"packages": {"web": "2"}}
    assert last.seconds == 5.0
    assert store.last("other", "base") is store.last(SITE, "top") is None


def test_the_last_two_of_each_layer_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for version in ("1", "2", "3"):
        published(store, tmp_path, layer(version=version))
    assert store.prune() == [layer(version="1").key]
    assert store.get(layer(version="2")) and store.get(layer(version="3"))


def test_what_else_is_needed_is_spared(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for version in ("1", "2", "3", "4"):
        published(store, tmp_path, layer(version=version))
    assert store.prune([layer(version="1").key]) == [layer(version="2").key]
    assert store.get(layer(version="1"))


def test_going_back_to_an_older_layer_makes_it_the_last_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for version in ("1", "2"):
        published(store, tmp_path, layer(version=version))
    store.keep(SITE, layer(version="1"))
    published(store, tmp_path, layer(version="3"))
    assert store.prune() == [layer(version="2").key]


def test_keeping_what_is_not_there_remembers_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep(SITE, layer())
    assert store.last(SITE, "base") is None


def test_the_texts_and_the_size_of_the_last_bake_are_remembered(tmp_path: Path) -> None:
    store, made = Store(tmp_path), layer()
    folder = tmp_path / "work"
    (folder / "tree").mkdir(parents=True)
    (folder / "tree" / "file").write_bytes(b"x" * 40_000)
    texts = {"files": {"/etc/web": Text("a\n", "images/web.j2", "{{ a }}\n")}}
    store.publish(SITE, made, folder, 1.0, {}, texts)
    last = Store(tmp_path).last(SITE, "base")
    assert last is not None and last.side.texts == texts
    assert last.bytes is not None and 40_000 <= last.bytes < 80_000


# ---- what changed in the cache


def verify(cache: Path, *, every_byte: bool = False) -> None:
    """As the next bake does, which knows nothing of this one."""
    store = Store(cache)
    stored = store.get(layer())
    assert stored is not None
    store.verify(stored, every_byte=every_byte)


def flip(file: Path) -> None:
    """Change one bit, and nothing that utime(2) can restore."""
    before = file.stat()
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "one bit": (lambda tree: flip(tree / "file"), "tree/file"),
    "a mode": (lambda tree: (tree / "file").chmod(0o4755), "tree/file"),
    "a new file": (lambda tree: (tree / "more").touch(), "tree/more"),
    "a file that is gone": (lambda tree: (tree / "file").unlink(), "tree/file"),
    "its list": (lambda tree: flip(tree.parent / content.SUMS), content.SUMS),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_layer_is_named_when_it_is_used_again(tmp_path: Path, change: str) -> None:
    published(Store(tmp_path), tmp_path, layer())
    verify(tmp_path)
    work, named = CHANGES[change]
    work(tmp_path / "layers" / layer().key / "tree")
    # The list alone is read only where the tree is.
    with pytest.raises(UserError, match=f"{layer().key}/{named}: not what was baked.*paranoid"):
        verify(tmp_path, every_byte=change == "its list")


def test_a_tree_whose_stamp_is_that_of_the_bake_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(Store(tmp_path), tmp_path, layer())
    monkeypatch.setattr(module, "_compare", lambda _: pytest.fail("read"))
    verify(tmp_path)


def test_a_copied_cache_is_read_once_and_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(Store(tmp_path / "a"), tmp_path, layer())
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    verify(tmp_path / "b")
    monkeypatch.setattr(module, "_compare", lambda _: pytest.fail("read"))
    verify(tmp_path / "b")
