"""From Ganeti's job files over a real RabbitMQ into Cyclades' database."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import run
from tests.unit.standins import services
from tests.unit.standins.conftest import Cloud

pytestmark = pytest.mark.slow
ROWS = """
from snf_django import database
from synnefo import settings
with database.apps(settings.load()) as db:
    db.run("insert into db_virtualmachine (id, name, userid, imageid) values (1, 'a', 'u', 'i')")
    db.run("insert into db_virtualmachine (id, name, userid, imageid) values (2, 'b', 'u', 'i')")
"""
STATE = """
import json
from snf_django import database
from synnefo import settings
with database.apps(settings.load()) as db:
    sql = "select operstate, buildpercentage, deleted from db_virtualmachine order by id"
    print(json.dumps([list(row.values()) for row in db.rows(sql)]))
"""
PUBLISH = """
import json, runpy, sys
from pathlib import Path
from synnefo import settings
from synnefo.lib import amqp
loaded = settings.load()
channel = amqp.connect(loaded)
for path in map(Path, sys.argv[2:]):
    for _, name, kind, message in runpy.run_path(sys.argv[1])["events"](path):
        amqp.publish(channel, loaded.BACKEND_PREFIX_ID, kind, message)
channel.connection.close()
"""

CHANGED = """
import runpy, sys
from pathlib import Path
changed, times = runpy.run_path(sys.argv[1])["changed"], {}
for _ in range(2):
    print([name for _, name, _, _ in changed(Path(sys.argv[2]), times)])
"""


def python(cloud: Cloud, code: str, *words: object) -> str:
    argv = ["/usr/bin/python3", "-c", code, *map(str, words)]
    result = run.run(argv, env=cloud.environment("node1"), check=False)
    assert result.code == 0, result.out
    return result.out


@pytest.fixture(scope="module")
def consuming(cloud: Cloud) -> Iterator[Cloud]:
    """A dispatcher that consumes from a broker of its own."""
    assert cloud.manage("syncdb", "--noinput", "--migrate").code == 0
    python(cloud, ROWS)
    with services.rabbitmq() as port:
        for path in (cloud.place / "node1").glob("*.conf"):
            path.write_text(path.read_text().replace(":5672'", f":{port}'"))
        argv = ["/usr/bin/python3", cloud.root / "usr/bin/snf-dispatcher"]
        log = cloud.place / "dispatcher.log"
        daemon = run.start(argv, env=cloud.environment("node1"), log=log)
        try:
            until(lambda: "waiting for messages" in log.read_text())
            yield cloud
        finally:
            run.end(daemon)


def until(holds, seconds: float = 30) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.3)


def job(folder: Path, number: int, operation: str, status: str, **given: str) -> Path:
    path = folder / f"job-{number}"
    ops = [{"input": {"OP_ID": operation, **given}, "status": status}]
    path.write_text(json.dumps({"id": number, "ops": ops}))
    return path


def test_jobs_change_machines(consuming: Cloud, tmp_path: Path) -> None:
    made = job(tmp_path, 1, "OP_INSTANCE_CREATE", "success", instance_name="snf-1")
    failed = job(tmp_path, 2, "OP_INSTANCE_CREATE", "error", instance_name="snf-2")
    eventd = consuming.root / "usr/sbin/snf-ganeti-eventd"
    python(consuming, PUBLISH, eventd, made, failed)
    wanted = [["STARTED", 0, False], ["ERROR", 0, False]]
    until(lambda: json.loads(python(consuming, STATE)) == wanted)
    removed = job(tmp_path, 3, "OP_INSTANCE_REMOVE", "success", instance_name="snf-2")
    python(consuming, PUBLISH, eventd, removed)
    until(lambda: json.loads(python(consuming, STATE))[1][2] is True)


def test_progress_reaches_the_machine(consuming: Cloud) -> None:
    line = json.dumps({"type": "image-copy-progress", "progress": 40})
    program = "usr/sbin/snf-progress-monitor"
    assert consuming.run(program, "snf-1", stdin=f"{line}\n").code == 0
    until(lambda: json.loads(python(consuming, STATE))[0][1] == 40)
    assert consuming.run(program).code == 1


def test_the_dispatcher_checks_its_surroundings(consuming: Cloud, tmp_path: Path) -> None:
    words = ["usr/bin/snf-dispatcher", "--status-check", "--pid-file", str(tmp_path / "pid")]
    checked = consuming.run(*words)
    assert (checked.code, "PID file does not exist" in checked.out) == (1, True)
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    checked = consuming.run(*words)
    told = [f"snf-dispatcher (PID: {os.getpid()}): running", "AMQP -> snf-dispatcher: ok"]
    assert (checked.code, checked.out.splitlines()) == (0, [*told, "Backends:"])
    assert consuming.run("usr/bin/snf-dispatcher", "--nosuch").code == 2


def test_eventd_answers_a_status_check(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "job-7"
    given = {"OP_ID": "OP_TAGS_SET", "tags": ["snf:eventd:heartbeat:1"], "dry_run": True}
    path.write_text(json.dumps({"id": 7, "ops": [{"input": given, "status": "success"}]}))
    code = "import runpy, sys; from pathlib import Path; f = runpy.run_path(sys.argv[1])['events']"
    code += "; print([kind for _, _, kind, _ in f(Path(sys.argv[2]))])"
    eventd = cloud.root / "usr/sbin/snf-ganeti-eventd"
    assert python(cloud, code, eventd, path) == "['heartbeat']\n"


def test_a_broker_that_refuses_us_is_named_without_the_password(consuming: Cloud) -> None:
    files = list((consuming.place / "node1").glob("*.conf"))
    good = {path: path.read_text() for path in files}
    for path, text in good.items():
        path.write_text(text.replace("brokerpw1", "brokerpw9"))
    try:
        refused = consuming.run("usr/sbin/snf-progress-monitor", "snf-1")
    finally:
        for path, text in good.items():
            path.write_text(text)
    assert refused.code == 1
    assert "[AMQP_HOSTS, " in refused.out
    assert "brokerpw" not in refused.out


def test_eventd_survives_what_ganeti_does_to_its_queue(cloud: Cloud, tmp_path: Path) -> None:
    job(tmp_path, 1, "OP_INSTANCE_CREATE", "running", instance_name="snf-1")
    job(tmp_path, 2, "OP_INSTANCE_CREATE", "running", instance_name="snf-2")
    (tmp_path / "job-3").write_text('{"id": 3, "ops": [')
    # A listing has it, a look at it does not find it: archived, or renamed when it was complete.
    (tmp_path / "job-4").symlink_to(tmp_path / "archived")
    (tmp_path / "job-99s46_mq8.new").symlink_to(tmp_path / "renamed")
    eventd = cloud.root / "usr/sbin/snf-ganeti-eventd"
    assert python(cloud, CHANGED, eventd, tmp_path) == "['snf-1', 'snf-2']\n[]\n"
