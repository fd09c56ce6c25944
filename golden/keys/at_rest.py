"""How the secrets of a site lie on the disk: a folder for their owner alone, or encrypted."""

from __future__ import annotations

from pathlib import Path

from golden.errors import UserError
from golden.paths import shown


def locked(folder: Path) -> Path:
    """Where the secrets of `folder` are while they are encrypted (golden/keys/locking.py)."""
    return folder.with_name(f"{folder.name}.age")


def refuse_locked(folder: Path) -> None:
    """Raise UserError while the secrets of `folder` are encrypted."""
    if locked(folder).exists() and not folder.exists():
        raise UserError(
            f"{shown(locked(folder))}: the secrets are locked; unlock them with: "
            f"./inv secrets --unlock --site {folder.name}"
        )


def check_modes(folder: Path) -> None:
    """Raise UserError unless `folder` is 0700 and every file in it 0600."""
    wrong = [
        (path, mode, wanted)
        for path, wanted in [(folder, 0o700), *((file, 0o600) for file in sorted(folder.iterdir()))]
        if (mode := path.stat().st_mode & 0o7777) != wanted
    ]
    if wrong:
        problems = "\n".join(
            f"{shown(path)}: mode {mode:04o} lets others at the site's secrets, it must be "
            f"{wanted:04o}; correct it with: chmod {wanted:o} {shown(path)}"
            for path, mode, wanted in wrong
        )
        raise UserError(problems)
