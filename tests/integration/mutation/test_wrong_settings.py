"""A wrong setting in any rendered file of a booted site turns a named check red.

It wants the site `rehearsal` to be booted as containers and in order: ./inv rehearse --target
container --keep. One file at a time is made wrong and put back; each takes half a minute.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import check
from golden.check.connection import Connection
from golden.errors import UserError
from golden.report import Report
from tests.integration.mutation.settings import ALL, Wrong

pytestmark = pytest.mark.nightly
SITE = "rehearsal"
AS_RENDERED = "files.file_is_as_rendered"
# Runs on the node: the changed text takes the place of the file and keeps its owner and mode.
CHANGE = """
import json, re, sys
path, old, new = json.load(sys.stdin)
text = open(path).read()
changed = re.sub(old, lambda _: new, text, count=1, flags=re.M)
assert changed != text, path + " has nothing like " + old
open(path, "w").write(changed)
"""


@pytest.fixture(scope="module")
def link() -> Connection:
    try:
        return Connection.to(SITE)
    except UserError as error:
        pytest.skip(f"NOT RUN: {error}")


def on(link: Connection, node: str, command: str, stdin: str = "") -> str:
    done = link.run(node, command, stdin=stdin, timeout=300)
    assert done.code == 0, f"{node}: {command}: {done.out[-600:]}"
    return done.out


def restart(link: Connection, wrong: Wrong) -> None:
    """A daemon that does not start is what a wrong setting may do; the checks tell."""
    for script in wrong.restart:
        link.run(wrong.node, f"/etc/init.d/{script} restart", timeout=300)


@pytest.fixture
def broken(link: Connection, request: pytest.FixtureRequest) -> Iterator[Wrong]:
    """The node with the wrong setting; in the end it is as before."""
    wrong: Wrong = request.param
    path, kept = shlex.quote(wrong.path), shlex.quote(f"/root/kept{wrong.path.replace('/', '-')}")
    on(link, wrong.node, f"test ! -e {kept} && cp -p {path} {kept}")
    try:
        told = json.dumps([wrong.path, wrong.old, wrong.new])
        on(link, wrong.node, f"python3 -c {shlex.quote(CHANGE)}", told)
        restart(link, wrong)
        yield wrong
    finally:
        on(link, wrong.node, f"cp -p {kept} {path} && rm {kept}")
        restart(link, wrong)


def red(report: Report) -> set[str]:
    return {
        f"{one.subject}.{one.name.partition('[')[0]}"
        for one in report.outcomes
        if one.state == "failed"
    }


@pytest.mark.parametrize("broken", ALL, ids=[f"{w.node}-{w.path}" for w in ALL], indirect=True)
def test_a_wrong_setting_is_seen(broken: Wrong, tmp_path: Path) -> None:
    wanted = {AS_RENDERED, *broken.red}
    chosen = " or ".join(f"test_{name.partition('.')[2]}" for name in sorted(wanted))
    report = check.run(SITE, (), tmp_path / "checks.xml", options=("-k", chosen))
    assert red(report) >= wanted, report.summary()


def test_all_is_in_order_afterwards(link: Connection, tmp_path: Path) -> None:
    report = check.run(SITE, (), tmp_path / "checks.xml", options=("-m", "not destructive"))
    assert red(report) == set()


def test_each_file_has_one_wrong_setting() -> None:
    places = [(wrong.node, wrong.path) for wrong in ALL]
    assert len(places) == len(set(places)) >= 40
