"""A site of stand-ins over real services, that the recorded rows are played on."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from golden import run
from golden.host.ports import free_port
from tests.unit.standins import ganeti, services
from tests.unit.standins.conftest import Cloud
from tests.unit.standins.serving import HOSTS, PROXIED, gunicorn
from tests.waiting import until

EVENTD = """
import runpy, sys
from pathlib import Path
program = runpy.run_path(sys.argv[1])
place = program["main"].__globals__
place["GANETI"] = Path(sys.argv[2])
program["main"]()
"""
SECONDS = 20


@dataclass
class Done:
    """How a program ended."""

    exit: int
    out: str
    err: str


@dataclass
class Site:
    """Both nodes' programs and applications, and the Ganeti behind them."""

    cloud: Cloud
    ganeti: ganeti.Ganeti
    children: dict[str, Any] = field(default_factory=dict)
    eventd: Any = None
    dispatcher: Any = None
    told: int = 0

    def command(self, argv: list[str], node: str, stdin: str = "") -> Done:
        """Run a program on a node."""
        if node not in self.children:
            words = ["/usr/bin/python3", str(Path(__file__).with_name("programs.py"))]
            self.children[node] = subprocess.Popen(
                [*words, str(self.cloud.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env=self.cloud.environment(node) | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                text=True,
            )  # fmt: skip
        if argv[0] == "snf-dispatcher" and "--pid-file" not in argv:
            argv = [*argv, "--pid-file", str(self.cloud.place / "dispatcher.pid")]
        child = self.children[node]
        print(json.dumps({"argv": argv, "stdin": stdin}), file=child.stdin, flush=True)
        return Done(**json.loads(child.stdout.readline()))

    def ask(self, method: str, url: str, headers: dict[str, str], data: Any) -> requests.Response:
        """A request as Apache passes it on."""
        request = requests.Request(method, url, data=data).prepare()
        for host, real in self.cloud.routes.items():
            if request.url and request.url.startswith(host):
                request.url = real + request.url.removeprefix(host)
                request.headers["Host"] = host.removeprefix("https://")
        request.headers.pop("Content-Type", None)
        request.headers.update({k: v.encode() for k, v in (PROXIED | headers).items()})  # type: ignore[arg-type]
        with requests.Session() as session:
            return session.send(request, allow_redirects=False, timeout=60)

    def settle(self) -> None:
        """Wait until the dispatcher has heard of every job, when there is an eventd to tell it."""
        end = time.monotonic() + SECONDS
        while self.eventd and self.told < self.ganeti.jobs:
            log = (self.cloud.place / "dispatcher.log").read_text()
            if f"jobId={self.ganeti.jobs} " in log:
                self.told = self.ganeti.jobs
            elif time.monotonic() > end or self.eventd.poll() is not None:
                self.told = self.ganeti.jobs
                print("the dispatcher did not hear of job", self.told, file=sys.stderr)
            time.sleep(0.02)

    def start_dispatcher(self) -> None:
        """Start the dispatcher."""
        argv = ["/usr/bin/python3", str(self.cloud.root / "usr/bin/snf-dispatcher"), "-d"]
        argv += ["--pid-file", str(self.cloud.place / "dispatcher.pid")]
        log = self.cloud.place / "dispatcher.log"
        self.dispatcher = run.start(argv, env=self.cloud.environment("node1"), log=log)
        _wait_for(log, "waiting for messages")

    def start_eventd(self) -> None:
        """Start eventd; it knows of no job before."""
        program = self.cloud.root / "usr/sbin/snf-ganeti-eventd"
        argv = ["/usr/bin/python3", "-c", EVENTD, str(program), str(self.ganeti.folder)]
        log = self.cloud.place / f"eventd-{self.ganeti.jobs}.log"
        self.eventd = run.start(argv, env=self.cloud.environment("node1"), log=log)
        _wait_for(log, "watching")
        self.told = self.ganeti.jobs

    def stop_eventd(self) -> None:
        """Stop eventd."""
        if self.eventd:
            run.end(self.eventd)
            self.eventd = None

    def close(self) -> None:
        """End what was started."""
        self.stop_eventd()
        if self.dispatcher:
            run.end(self.dispatcher)
        for child in self.children.values():
            child.stdin.close()
            child.wait()


def _wait_for(log: Path, text: str) -> None:
    def said() -> str:
        return log.read_text() if log.exists() else ""

    until(lambda: text in said(), SECONDS, lambda: f"{log.name}: no '{text}': {said()[-600:]}")


@contextlib.contextmanager
def serving(site: Site) -> Iterator[None]:
    """Both nodes' applications; the tables must be there."""
    with contextlib.ExitStack() as stack:
        ports = {node: free_port() for node in HOSTS}
        routes = {HOSTS[node]: f"http://127.0.0.1:{port}" for node, port in ports.items()}
        site.cloud.routes |= routes
        for node, port in ports.items():
            stack.enter_context(gunicorn(site.cloud, node, port))
        # Programs that run already have the old environment.
        for child in site.children.values():
            child.stdin.close()
        site.children.clear()
        yield


@contextlib.contextmanager
def site(cloud: Cloud, place: Path) -> Iterator[Site]:
    """Broker, cache and Ganeti beside the database; neither tables nor applications yet."""
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(ganeti.ganeti(place / "ganeti"))
        cloud.routes[f"https://{cluster.name}:5080"] = f"http://127.0.0.1:{cluster.port}"
        broker, cache = stack.enter_context(services.rabbitmq()), free_port()
        words = ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(cache)]
        stack.callback(run.end, run.start(words))
        for path in cloud.place.glob("node*/*.conf"):
            text = path.read_text().replace(":5672'", f":{broker}'").replace("11211", str(cache))
            path.write_text(text)
        made = Site(cloud, cluster)
        stack.callback(made.close)
        yield made
