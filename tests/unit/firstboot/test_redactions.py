"""The canaries of a first boot and of its checks are in nothing that they tell, and each of the
places that take them out is needed for that."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from golden import run
from golden.bake import leaks
from golden.keys import marks
from golden.paths import SCRIPTS
from tests.unit.pythons import PYTHONS

LEAKY_RUNS = Path(__file__).with_name("leaky_runs.py")
PARTS = ("firstboot", "check")
# (file, a redaction, what is there without it). Where a text stands twice, each is one.
REDACTIONS = [
    ("firstboot/firstboot.py", "self._journal.hide(found.secret_texts())", "pass"),
    ("firstboot/engine/journal.py", "self.redacted(text).splitlines()", "text.splitlines()"),
    ("firstboot/engine/command.py", 'journal.redacted(" ".join(argv))', '" ".join(argv)'),
    ("firstboot/engine/command.py", "self._journal.redacted(text)", "text"),
    ("firstboot/engine/context.py", "self._journal.hide([text])", "pass"),
    ("firstboot/engine/sql.py", "ctx.hide(text)", "pass"),
    ("firstboot/engine/report.py", "self._journal.redacted(text)", "text"),
    ("firstboot/engine/report.py", "self._journal.redacted(detail)", "detail"),
    ("firstboot/engine/report.py", "key: redacted(text)", "key: text"),
    ("firstboot/engine/report.py", "detail=redacted(detail)", "detail=detail"),
    ("firstboot/engine/synnefo.py", "if quiet:", "if False:"),
    ("check/done.py", "journal.hide(found.secret_texts())", "pass"),
    ("check/done.py", "journal.redacted(", "str("),
    ("check/cloud.py", "judged(out, request", "str(out or request"),
    ("check/cloud.py", "redacted(out, known(request))", "out"),
    ("check/cloud.py", 'out.replace(value, "***")', "out"),
    ("check/cloud.py", r'r"\1***"', r'r"\g<0>"'),
    ("check/tenant.py", 'answer.replace(self.token, "***")', "answer"),
    ("check/cloud.py", "+ re.findall(", "or re.findall("),
]
CALLS = re.compile(r"(?<!def )\b(?:redacted|hide|judged)\(|[\"1]\*\*\*\"|if quiet")


def places(text: str, redaction: str) -> list[int]:
    return [found.start() for found in re.finditer(re.escape(redaction), text)]


def source(name: str) -> str:
    return (SCRIPTS / name).read_text()


CASES = [
    pytest.param(name, redaction, without, number, id=f"{name} {redaction} {number}")
    for name, redaction, without in REDACTIONS
    for number in range(len(places(source(name), redaction)) or 1)
]


def told(tmp_path: Path, scripts: Path, python: str = sys.executable) -> dict[str, str]:
    """{file: canary} of what was told, with the scripts in a folder."""
    said = run.run([python, LEAKY_RUNS, scripts, tmp_path / "world"], timeout=120).out
    canaries = json.loads(said.splitlines()[-1])
    known = {form: canary for canary in canaries for form in marks.forms(canary)}
    folder = tmp_path / "world/told"
    assert len(list(folder.iterdir())) > 20
    return leaks.search([folder], known)


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_no_canary_is_told(tmp_path: Path, python: str) -> None:
    assert told(tmp_path, SCRIPTS, python) == {}


@pytest.mark.parametrize(("name", "redaction", "without", "number"), CASES)
def test_each_redaction_is_needed(
    tmp_path: Path, name: str, redaction: str, without: str, number: int
) -> None:
    scripts = tmp_path / "scripts"
    for part in PARTS:
        shutil.copytree(SCRIPTS / part, scripts / part)
    text = source(name)
    at = places(text, redaction)[number]
    (scripts / name).write_text(text[:at] + without + text[at + len(redaction) :])
    assert told(tmp_path, scripts)


def test_no_redaction_is_forgotten() -> None:
    for part in PARTS:
        for file in (SCRIPTS / part).rglob("*.py"):
            name, text = str(file.relative_to(SCRIPTS)), file.read_text()
            known = [
                (at, at + len(redaction))
                for listed, redaction, _ in REDACTIONS
                if listed == name
                for at in places(text, redaction)
            ]
            for found in CALLS.finditer(text):
                inside = any(start <= found.start() < end for start, end in known)
                assert inside, f"{name}: {found.group()} at {found.start()}"
