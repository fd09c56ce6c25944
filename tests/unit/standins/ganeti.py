"""A Ganeti whose jobs end well at once: its RAPI, job files and configuration, and no machine.

It stands behind Cyclades in tests; what the recorded answers (tests/contract) rest on had one too.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

RESOURCES = {"mfree": 2000, "mtotal": 6000, "dfree": 40000, "dtotal": 50000}
NODES = [{"name": "n1", **RESOURCES, "pinst_cnt": 0, "ctotal": 4, "offline": False}]
NODES[0] |= {"vm_capable": True, "drained": False, "ctotal": 4}


@dataclass
class Ganeti:
    """What it was asked, and what it has; `queue` gets a file for each job."""

    name: str = "ganeti.node1.rehearsal.test"
    password: str = "rapipassword1"
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    port: int = 0
    folder: Path | None = None
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: int = 98  # so that a job of the contract has the recorded number

    def submit(self, operation: str, **given: Any) -> int:
        """Run a job; eventd learns of it by its file, renamed into the queue as Ganeti does."""
        self.jobs += 1
        if self.folder:
            now = [int(time.time()), self.jobs]
            op = {"input": {"OP_ID": operation, **given}, "status": "success", "result": None}
            op |= dict.fromkeys(("start_timestamp", "exec_timestamp", "end_timestamp"), now)
            job = {"id": self.jobs, "ops": [op], "received_timestamp": now}
            self.write("config.data", self.configuration())
            self.write(f"queue/job-{self.jobs}", job)
        return self.jobs

    def write(self, name: str, data: Any) -> None:
        assert self.folder
        path = self.folder / name
        part = path.with_name("new")
        part.write_text(json.dumps(data))
        part.rename(path)

    def configuration(self) -> dict[str, Any]:
        """The part of config.data that eventd reads."""
        networks = {name: {"name": name} for name in self.networks}
        disks = {}
        for instance in self.instances.values():
            disks |= {disk["uuid"]: disk for disk in instance["disk_data"]}
        return {"instances": self.instances, "networks": networks, "disks": disks}

    def answer(self, method: str, path: str, body: Any) -> Any:
        """The answer to a request that was let in; LookupError becomes 404."""
        parts = urlsplit(path).path.split("/")[2:]
        if parts[0] == "networks":
            return self._network(method, parts, body or {})
        if parts[0] == "instances":
            return self._instance(method, parts, body or {})
        if parts[0] == "tags":
            tags = parse_qs(urlsplit(path).query)["tag"]
            return self.submit("OP_TAGS_SET", kind="cluster", tags=tags, dry_run=True)
        plain: dict[str, Any] = {"groups": [{"name": "default", "uri": "/2/groups/default"}]}
        plain["info"] = {"name": self.name, "enabled_disk_templates": ["drbd", "plain"]}
        plain["nodes"] = NODES
        if parts[0] == "modify":
            return self.submit("OP_CLUSTER_SET_PARAMS")
        return plain[parts[0]]

    def _network(self, method: str, parts: list[str], body: Any) -> Any:
        if len(parts) == 1 and method == "GET":
            return [self._shown(name) for name in self.networks]
        name = body["network_name"] if len(parts) == 1 else parts[1]
        if len(parts) == 1:
            self.networks[name] = body | {"group_list": []}
            return self.submit("OP_NETWORK_ADD", **body)
        network = self.networks[name]
        if method == "GET":
            return self._shown(name)
        if method == "DELETE":
            del self.networks[name]
            return self.submit("OP_NETWORK_REMOVE", network_name=name)
        group = body["group_name"]
        network["group_list"] = []
        if parts[2] == "connect":
            place = [group, body["network_mode"], body["network_link"], ""]
            network["group_list"] = [place]
        return self.submit(f"OP_NETWORK_{parts[2].upper()}", network_name=name, group_name=group)

    def _shown(self, name: str) -> dict[str, Any]:
        network = self.networks[name]
        shown = {"name": name, "network": network["network"], "gateway": network["gateway"]}
        shown |= {"mac_prefix": network["mac_prefix"] or "aa:00:00", "tags": network["tags"]}
        shown |= {"group_list": network["group_list"], "inst_list": [], "free_count": 253}
        shown |= {"reserved_count": 3, "uuid": f"n-{name}"}
        return shown | {"external_reservations": "10.0.0.0, 10.0.0.1, 10.0.0.255"}

    def _instance(self, method: str, parts: list[str], body: Any) -> Any:
        if len(parts) == 1 and method == "GET":
            return [{"id": name} for name in self.instances]
        name = body["name"] if len(parts) == 1 else parts[1]
        if len(parts) == 1:
            self.instances[name] = self._made(name, body)
            return self.submit("OP_INSTANCE_CREATE", instance_name=name, **body)
        instance = self.instances[name]
        if method == "GET":
            return {"name": name, "pnode": "127.0.0.1", "network_port": 11000, "status": "running"}
        if method == "DELETE":
            del self.instances[name]
            return self.submit("OP_INSTANCE_REMOVE", instance_name=name)
        if parts[2] == "modify":
            for operation, _, nic in body.get("nics", ()):
                if operation == "add":
                    instance["nics"].append(self._nic(nic, len(instance["nics"])))
            return self.submit("OP_INSTANCE_SET_PARAMS", instance_name=name, **body)
        return self.submit(f"OP_INSTANCE_{parts[2].upper()}", instance_name=name)

    def _nic(self, nic: dict[str, Any], number: int) -> dict[str, Any]:
        mac = f"aa:0c:f5:00:00:{number:02x}"
        own = {"network": nic["network"], "ip": nic.get("ip"), "mac": mac, "nicparams": {}}
        return own | {"name": nic.get("name"), "uuid": f"nic-{number}"}

    def _made(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        disks = [
            {"uuid": f"{name}-{at}", "name": disk.get("name"), "size": disk["size"]}
            for at, disk in enumerate(body["disks"])
        ]
        nics = [self._nic(nic, number) for number, nic in enumerate(body["nics"])]
        return {"name": name, "nics": nics, "disks": [d["uuid"] for d in disks], "tags": [],
                "disk_data": disks}  # fmt: skip


@contextlib.contextmanager
def ganeti(folder: Path | None = None) -> Iterator[Ganeti]:
    """Serve a Ganeti on a loopback port; `folder` is its /var/lib/ganeti."""
    cluster = Ganeti(folder=folder)
    if folder:
        (folder / "queue").mkdir(parents=True)
        (folder / "ssconf_cluster_name").write_text(cluster.name)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            expected = base64.b64encode(f"cyclades:{cluster.password}".encode()).decode()
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(data) if data else None
            status, answer = 401, b""
            if self.headers.get("Authorization") == f"Basic {expected}":
                with lock:
                    cluster.asked.append((self.command, self.path, body))
                    try:
                        found = cluster.answer(self.command, self.path, body)
                        status, answer = 200, json.dumps(found).encode()
                    except LookupError as error:
                        status, answer = 404, repr(error).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cluster.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
