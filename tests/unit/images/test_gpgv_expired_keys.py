"""The gpgv of wheezy's images: overlooks the expiry of a key, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from golden import run
from golden.paths import IMAGES

WRAPPER = IMAGES / "roles/base/files.wheezy/usr/local/bin/gpgv-expired-keys"

# Says what real gpgv would, on the descriptor it is asked to, and ends as it would.
FAKE_GPGV = """\
#!/bin/sh
echo "for people" >&2
printf '%s\\n' "$STATUS_LINES" >&"$2"
exit "$STATUS_CODE"
"""

Answer = tuple[int, list[str]]


def ask(folder: Path, lines: list[str], code: int) -> Answer:
    """What apt would see: the exit status of the wrapper and the status lines on descriptor 3."""
    fake = folder / "gpgv"
    fake.write_text(FAKE_GPGV)
    fake.chmod(0o755)
    status = folder / "status"
    script = f'exec "{WRAPPER}" --status-fd 3 Release.gpg Release 3>"{status}"'
    env = os.environ | {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "STATUS_LINES": "\n".join(lines),
        "STATUS_CODE": str(code),
    }
    result = run.run(["sh", "-c", script], env=env, check=False)
    return result.code, status.read_text().splitlines()


def test_a_signature_by_an_expired_key_counts_as_good(tmp_path: Path) -> None:
    lines = ["[GNUPG:] KEYEXPIRED 1587841717", "[GNUPG:] EXPKEYSIG 8B48AD62 Debian Archive"]
    assert ask(tmp_path, lines, 0) == (0, ["[GNUPG:] GOODSIG 8B48AD62 Debian Archive"])


@pytest.mark.parametrize(
    "line",
    [
        "[GNUPG:] BADSIG 8B48AD62 Debian Archive",
        "[GNUPG:] NO_PUBKEY 8B48AD62",
        "[GNUPG:] REVKEYSIG 8B48AD62 Debian Archive",
        "[GNUPG:] ERRSIG 8B48AD62 1 8 00 1497689868 9 EXPKEYSIG",
    ],
)
def test_any_other_verdict_is_passed_on(tmp_path: Path, line: str) -> None:
    assert ask(tmp_path, [line], 1) == (1, [line])


def test_a_signer_cannot_name_itself_good(tmp_path: Path) -> None:
    line = "[GNUPG:] BADSIG 8B48AD62 x [GNUPG:] EXPKEYSIG y"
    assert ask(tmp_path, [line], 1) == (1, [line])
