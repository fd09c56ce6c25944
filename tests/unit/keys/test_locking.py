"""Locked secrets are in no plain file, nothing makes others meanwhile, and all come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from golden import paths, run
from golden.bake import leaks
from golden.errors import StageError, UserError
from golden.keys import locking, marks, pki, secrets
from golden.keys.at_rest import locked
from tests.unit.small_site import small_site

SITE = small_site()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (secrets, paths):
        monkeypatch.setattr(module, "SECRETS", tmp_path / ".secrets")
    pki.ensure(SITE, SITE.nodes[0], secrets.ensure(SITE))
    return tmp_path / ".secrets" / SITE.name


@pytest.fixture
def key(tmp_path: Path) -> tuple[str, str]:
    """Files of a recipient and of its identity."""
    identity, recipient = tmp_path / "identity", tmp_path / "recipient"
    run.run(["age-keygen", "-o", identity])
    recipient.write_text(run.run(["age-keygen", "-y", identity]).out)
    return str(recipient), str(identity)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {file.name: (file.read_bytes(), file.stat().st_mode) for file in folder.iterdir()}


def test_they_come_back_as_they_were(folder: Path, key: tuple[str, str]) -> None:
    before, known = contents(folder), marks.of_site(SITE.name)
    locking.lock(SITE.name, key[0])
    assert [path.name for path in folder.parent.iterdir() if path.name[0] != "."] == ["small.age"]
    assert leaks.search([folder.parent], known) == {}
    assert locked(folder).stat().st_mode & 0o077 == 0
    locking.unlock(SITE.name, key[1])
    assert contents(folder) == before and folder.stat().st_mode & 0o777 == 0o700
    assert not locked(folder).exists()


@pytest.mark.parametrize(
    "use",
    [
        lambda: secrets.ensure(SITE),
        lambda: secrets.load(SITE),
        lambda: secrets.renew(SITE, "vnc_password"),
        lambda: marks.of_site(SITE.name),
    ],
)
def test_nothing_makes_others_or_passes_over_them_meanwhile(
    folder: Path, key: tuple[str, str], use: Callable[[], object]
) -> None:
    locking.lock(SITE.name, key[0])
    with pytest.raises(UserError, match=r"small\.age: the secrets are locked; .*--unlock"):
        use()
    assert not folder.exists()


def test_what_age_refuses_changes_nothing(folder: Path, key: tuple[str, str]) -> None:
    before, (recipient, identity) = contents(folder), key
    with pytest.raises(StageError, match="age failed"):
        locking.lock(SITE.name, identity + ".none")
    assert contents(folder) == before and not locked(folder).exists()
    locking.lock(SITE.name, recipient)
    sealed = locked(folder).read_bytes()
    with pytest.raises(StageError, match="age failed"):
        locking.unlock(SITE.name, recipient)
    assert locked(folder).read_bytes() == sealed and not folder.exists()
    assert not list(folder.parent.glob(".small.tar"))


def test_what_is_not_there_is_said(folder: Path) -> None:
    with pytest.raises(UserError, match="no locked secrets"):
        locking.unlock(SITE.name)
    with pytest.raises(UserError, match="no secrets to lock"):
        locking.lock("other")
