"""From Ganeti's job files over a real RabbitMQ into Cyclades' database."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from golden import run
from tests.unit.standins import services
from tests.unit.standins.conftest import Cloud
from tests.unit.standins.serving import HOSTS
from tests.waiting import until

pytestmark = pytest.mark.slow
ROWS = """
from snf_django import database
from synnefo import settings
with database.apps(settings.load()) as db:
    db.run("insert into db_volumetype (id, name, disk_template) values (7, 'v', 'plain')")
    db.run("insert into db_flavor (id, cpu, ram, disk, volume_type_id) values (7, 2, 256, 3, 7)")
    for key, name in (1, "a"), (2, "b"):
        sql = "insert into db_virtualmachine (id, name, userid, imageid, flavor_id)"
        db.run(sql + " values (%s, %s, 'u', 'i', 7)", key, name)
"""
STATE = """
import json
from snf_django import database
from synnefo import settings
with database.apps(settings.load()) as db:
    sql = "select operstate, buildpercentage, deleted from db_virtualmachine order by id"
    print(json.dumps([list(row.values()) for row in db.rows(sql)]))
"""
RUN = """
import sys
from snf_django import database
from synnefo import settings
with database.apps(settings.load()) as db:
    db.run(sys.argv[1])
"""
PUBLISH = """
import json, runpy, sys
from pathlib import Path
from synnefo import settings
from synnefo.lib import amqp
channel = amqp.connect(settings.load())
program = runpy.run_path(sys.argv[1])
program["events"].__globals__["GANETI"] = Path(sys.argv[2])
for path in map(Path, sys.argv[3:]):
    for key, message in program["events"](json.loads(path.read_text()), "cluster.test"):
        amqp.publish(channel, key, message)
channel.connection.close()
"""


def python(cloud: Cloud, code: str, *words: object) -> str:
    argv = ["/usr/bin/python3", "-c", code, *map(str, words)]
    result = run.run(argv, env=cloud.environment("node1"), check=False)
    assert result.code == 0, result.out
    return result.out


class Astakos(BaseHTTPRequestHandler):
    """Takes every commission."""

    asked: ClassVar[list[tuple[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path.rpartition("/v1.0/")[2], body))
        told = json.dumps({"serial": 5}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: Any) -> None:
        """Be silent."""


def charged() -> list[dict[str, int]]:
    """What was taken from a user's quota since the last call, each time in force and at once."""
    found = []
    for path, body in Astakos.asked:
        assert (path, body["force"], body["auto_accept"]) == ("commissions", True, True)
        found.append({one["resource"][9:]: one["quantity"] for one in body["provisions"]})
    Astakos.asked.clear()
    return found


@pytest.fixture(scope="module")
def consuming(cloud: Cloud) -> Iterator[Cloud]:
    """A dispatcher that consumes from a broker of its own."""
    assert cloud.manage("syncdb", "--noinput", "--migrate").code == 0
    python(cloud, ROWS)
    with services.rabbitmq() as port, ThreadingHTTPServer(("127.0.0.1", 0), Astakos) as astakos:
        threading.Thread(target=astakos.serve_forever, daemon=True).start()
        cloud.routes = {HOSTS["node1"]: f"http://127.0.0.1:{astakos.server_port}"}
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
            astakos.shutdown()


def job(folder: Path, number: int, operation: str, status: str, **given: str) -> Path:
    path = folder / f"job-{number}"
    ops = [{"input": {"OP_ID": operation, **given}, "status": status, "end_timestamp": [number, 0]}]
    path.write_text(json.dumps({"id": number, "ops": ops}))
    (folder / "config.data").write_text('{"instances": {}}')
    return path


def test_jobs_change_machines(consuming: Cloud, tmp_path: Path) -> None:
    made = job(tmp_path, 1, "OP_INSTANCE_CREATE", "success", instance_name="snf-1")
    failed = job(tmp_path, 2, "OP_INSTANCE_CREATE", "error", instance_name="snf-2")
    eventd = consuming.root / "usr/sbin/snf-ganeti-eventd"
    python(consuming, PUBLISH, eventd, tmp_path, made, failed)
    wanted = [["STARTED", 100, False], ["ERROR", 0, False]]
    until(lambda: json.loads(python(consuming, STATE)) == wanted)
    removed = job(tmp_path, 3, "OP_INSTANCE_REMOVE", "success", instance_name="snf-2")
    python(consuming, PUBLISH, eventd, tmp_path, removed)
    until(lambda: json.loads(python(consuming, STATE))[1][2] is True)
    # As the real one (handle_vm_quotas): no request had charged for it.
    online = {"cpu": -2, "ram": -(256 << 20)}
    removed_sizes = {"total_cpu": -2, "total_ram": -(256 << 20), "vm": -1, "disk": -(3 << 30)}
    assert charged() == [removed_sizes | online]


def test_a_job_that_nobody_asked_cyclades_for_is_charged_by_the_state_before(
    consuming: Cloud, tmp_path: Path
) -> None:
    eventd = consuming.root / "usr/sbin/snf-ganeti-eventd"
    paths = [
        job(tmp_path, number, f"OP_INSTANCE_{name}", "success", instance_name="snf-1")
        for number, name in enumerate(["SHUTDOWN", "SHUTDOWN", "STARTUP", "STARTUP", "REBOOT"], 4)
    ]
    log = consuming.place / "dispatcher.log"
    python(consuming, PUBLISH, eventd, tmp_path, *paths)
    until(lambda: "jobId=8 " in log.read_text())
    online = {"cpu": 2, "ram": 256 << 20}
    assert charged() == [{name: -size for name, size in online.items()}, online]
    waiting = "update db_virtualmachine set task_job_id = 9, serial = 3 where id = 1"
    python(consuming, RUN, waiting)
    stopped = job(tmp_path, 10, "OP_INSTANCE_SHUTDOWN", "success", instance_name="snf-1")
    python(consuming, PUBLISH, eventd, tmp_path, stopped)
    until(lambda: "jobId=10 " in log.read_text())
    # What waited was issued for another state.
    assert Astakos.asked.pop(0) == ("commissions/3/action", {"reject": ""})
    assert charged() == [{name: -size for name, size in online.items()}]
    python(consuming, RUN, waiting.replace("9, serial = 3", "11, serial = 4"))
    failed = job(tmp_path, 11, "OP_INSTANCE_STARTUP", "error", instance_name="snf-1")
    python(consuming, PUBLISH, eventd, tmp_path, failed)
    until(lambda: "jobId=11 " in log.read_text())
    assert Astakos.asked == [("commissions/4/action", {"reject": ""})]
    Astakos.asked.clear()


def test_the_daemons_come_back_to_a_broker_that_they_lost(cloud: Cloud) -> None:
    # As the real ones (synnefo: lib/amqp_puka.py), which a broker that stands still does not end.
    code = """
import pika
from synnefo.lib import amqp
amqp.time.sleep = lambda seconds: None
channels = iter([None, "first", None, "second"])
amqp._connect = lambda settings: next(channels)
def work(channel):
    if channel == "first":
        raise pika.exceptions.AMQPConnectionError("gone")
    return channel
print(amqp.Line({}).do(work))
"""
    said = python(cloud, code)
    assert "lost the broker: AMQPConnectionError" in said and said.endswith("\nsecond\n")


def test_a_broker_that_stands_still_is_none(cloud: Cloud) -> None:
    code = """
import socket
from types import SimpleNamespace
from synnefo.lib import amqp
with socket.create_server(("127.0.0.1", 0)) as silent:
    url = f"amqp://u:p@127.0.0.1:{silent.getsockname()[1]}"
    print(amqp._connect(SimpleNamespace(AMQP_HOSTS=[url], where=lambda name: "here")))
"""
    assert python(cloud, code).endswith("None\n")


def test_progress_reaches_the_machine(consuming: Cloud) -> None:
    line = json.dumps({"type": "image-copy-progress", "progress": 40})
    program = "usr/sbin/snf-progress-monitor"
    assert consuming.run(program, "snf-1", stdin=f"{line}\n").code == 0
    until(lambda: json.loads(python(consuming, STATE))[0][1] == 40)
    assert consuming.run(program).code == 1


def test_no_dispatcher_answers_a_status_check(consuming: Cloud, tmp_path: Path) -> None:
    words = ["usr/bin/snf-dispatcher", "--status-check", "--pid-file", str(tmp_path / "pid")]
    checked = consuming.run(*words)
    assert (checked.code, "PID file does not exist" in checked.out) == (1, True)
    (tmp_path / "pid").write_text("999999999\n")
    assert consuming.run(*words).code == 1
    assert consuming.run("usr/bin/snf-dispatcher", "--nosuch").code == 2


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


def test_what_eventd_tells(cloud: Cloud, tmp_path: Path) -> None:
    code = """
import json, runpy, sys
from pathlib import Path
program = runpy.run_path(sys.argv[1])
program["events"].__globals__["GANETI"] = Path(sys.argv[2])
job = json.loads(Path(sys.argv[2], "job-7").read_text())
print(json.dumps(list(program["events"](job, "cluster.test"))))
"""
    job(
        tmp_path, 7, "OP_NETWORK_CONNECT", "success", network_name="snf-net-3", group_name="default"
    )
    eventd = cloud.root / "usr/sbin/snf-ganeti-eventd"
    ((key, message),) = json.loads(python(cloud, code, eventd, tmp_path))
    assert key == "ganeti.snf.event.network"
    wanted = {"type": "ganeti-network-status", "operation": "OP_NETWORK_CONNECT", "jobId": 7}
    wanted |= {"status": "success", "event_time": [7, 0], "cluster": "cluster.test"}
    wanted |= {"result": None, "logmsg": None, "network": "snf-net-3"}
    fields = dict.fromkeys(("subnet", "gateway", "add_reserved_ips", "remove_reserved_ips"))
    assert message == wanted | {"job_fields": fields | {"group_name": "default"}}
    job(tmp_path, 7, "OP_CLUSTER_VERIFY", "success")
    assert json.loads(python(cloud, code, eventd, tmp_path)) == []


def test_a_message_that_is_old_changes_nothing(consuming: Cloud, tmp_path: Path) -> None:
    stopped = job(tmp_path, 29, "OP_INSTANCE_SHUTDOWN", "success", instance_name="snf-1")
    late = job(tmp_path, 28, "OP_INSTANCE_STARTUP", "success", instance_name="snf-1")
    eventd = consuming.root / "usr/sbin/snf-ganeti-eventd"
    python(consuming, PUBLISH, eventd, tmp_path, stopped, late)
    log = consuming.place / "dispatcher.log"
    until(lambda: "jobId=28 " in log.read_text())
    assert json.loads(python(consuming, STATE))[0][0] == "STOPPED"
