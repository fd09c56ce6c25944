"""First-boot code stays within what Python 2.7.3 and 3.11 have in common."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from golden.paths import ROOT, SCRIPTS

VERMIN = [sys.executable, "-c", "import vermin; vermin.main()"]
CODE = SCRIPTS / "firstboot"
FILES = sorted(CODE.rglob("*.py"))

# In Python 2.7, but later than the 2.7.3 of wheezy: vermin knows minor versions only.
LATER = re.compile(
    r"create_default_context|SSLContext|match_hostname|PROTOCOL_TLSv1_|compare_digest|pbkdf2_hmac"
    r"|ensurepip|unicode_literals"
)


def relative(path: Path) -> str:
    return str(path.relative_to(CODE))


def test_vermin_finds_no_later_language() -> None:
    command = [*VERMIN, "-q", "-t=2.7-", "-t=3.11-", "--violations"]
    found = subprocess.run([*command, str(CODE)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_vermin_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text("import os\nos.replace('a', 'b')\n")
    command = [*VERMIN, "-q", "-t=2.7-", "-t=3.11-", "--violations"]
    found = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert found.returncode == 1


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_nothing_later_than_2_7_3(path: Path) -> None:
    text = path.read_text()
    assert not LATER.search(text)
    # Without a coding line, Python 2 refuses the whole file for one dash or ellipsis.
    assert text.isascii()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_standard_library_only(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= sys.stdlib_module_names | {"engine", "steps"}


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_module_hides_one_of_the_standard_library(path: Path) -> None:
    """Python 2 looks beside the importing file first: steps/time.py would be everybody's time."""
    old_only = {"commands", "user", "new", "sets", "mutex", "md5", "sha", "popen2", "statvfs"}
    assert path.stem not in sys.stdlib_module_names | old_only


def test_init_script_starts_before_every_role_daemon() -> None:
    text = (ROOT / "scripts/firstboot/init.d/firstboot").read_text()
    header = text.partition("### BEGIN INIT INFO")[2].partition("### END INIT INFO")[0]
    before = re.search(r"X-Start-Before: +(.*)", header)
    assert before
    # The init script ssh provides sshd (docs/wheezy.md W11.11).
    assert {"sshd", "postgresql", "rabbitmq-server", "apache2", "ganeti", "dnsmasq"} <= set(
        before[1].split()
    )
    # They start in runlevel S, before what first boot needs: insserv 1.14 finds a loop.
    assert not {"rpcbind", "nfs-common"} & set(before[1].split())
    assert re.search(r"X-Interactive: +true", header)
    # The runlevels that systemd's generator reads too, never S.
    assert re.search(r"Default-Start: +2 3 4 5\n", header)
