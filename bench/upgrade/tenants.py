"""Runs on node1: what people leave in a cloud, and what is there later.

tenants.py fill COUNT LARGEST    make it: users, COUNT objects of 1 to LARGEST bytes, a network, two
                                 instances that run, with words in their disks
tenants.py see COUNT LARGEST     print all of it as JSON, the objects compared byte for byte
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BOX, OS = "kept", "kept"
USERS = 3
TABLES = ("user-list", "quota-list", "network-list", "backend-list")
INSTANCES = ("kept-one", "kept-two")
WORDS = "what a tenant wrote into the disk of"
MAKE_OS = f"""mkdir -p /srv/ganeti/os/{OS} && cd /srv/ganeti/os/{OS} &&
echo 10 > ganeti_api_version &&
for script in create import export rename; do
    printf '#!/bin/sh\\nexit 0\\n' > $script; chmod 755 $script
done"""
ADD = """gnt-instance add --disk=0:size=1G --no-install --no-start --no-name-check --no-ip-check
--no-conflicts-check --no-nics --ignore-ipolicy
--backend-parameters=minmem=128M,maxmem=128M,vcpus=1 --hypervisor-parameters=kvm:kvm_flag=disabled,
kernel_path=,boot_order=disk,vnc_bind_address=127.0.0.1""".replace(",\n", ",").split()
SECONDS = 120


def run(*argv: str) -> str:
    """What the command printed; it must end with 0."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(argv)}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def on(node: str, words: str) -> str:
    """What a command on another node printed."""
    return run("ssh", "-o", "BatchMode=yes", node, words)


class Cloud:
    """The cloud as its first user sees it."""

    def __init__(self) -> None:
        text = Path("/root/.kamakirc").read_text()
        url, self.token = (
            re.findall(rf"^{key} *= *(\S+)", text, re.MULTILINE)[0] for key in ("url", "token")
        )
        said = self.post(f"{url}/tokens", {"auth": {"token": {"id": self.token}}})
        self._access = json.loads(said)["access"]
        self.user: str = self._access["user"]["id"]

    def post(self, url: str, body: Any) -> bytes:
        """What the service answers to `body` as JSON."""
        return self.call("POST", url, json.dumps(body).encode(), "application/json")

    def call(self, method: str, url: str, data: bytes | None = None, kind: str = "") -> bytes:
        """What the service answers; any status from 400 on is an error."""
        headers = {"X-Auth-Token": self.token, "Content-Type": kind or "application/octet-stream"}
        request = urllib.request.Request(url, data, headers, method=method)
        trust = ssl.create_default_context()
        with urllib.request.urlopen(request, context=trust, timeout=SECONDS) as answer:
            found: bytes = answer.read()
        return found

    def service(self, kind: str) -> str:
        """The URL of a service."""
        found = [each for each in self._access["serviceCatalog"] if each["type"] == kind]
        return str(found[0]["endpoints"][0]["publicURL"]).rstrip("/")

    def place(self, name: str = "") -> str:
        """The URL of the container, or of an object in it."""
        return "/".join(filter(None, [self.service("object-store"), self.user, BOX, name]))


def contents(count: int, largest: int) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each object, the same at every call."""
    some = random.Random(count)
    sizes = [1, largest, *(some.randint(1, largest // 20) for _ in range(count - 2))]
    for number, size in enumerate(sizes):
        yield str(number), base64.b64encode(random.Random(number).randbytes(size))[:size]


def fill(count: int, largest: int) -> None:
    """Make it all."""
    cloud, domain = Cloud(), run("hostname", "-d").strip()
    for number in range(USERS):
        words = ("Kept", str(number), "--password", "kept-password")
        run("snf-manage", "user-add", f"kept{number}@{domain}", *words)
    cloud.call("PUT", cloud.place())
    for object_name, data in contents(count, largest):
        cloud.call("PUT", cloud.place(object_name), data)
    network = {"type": "MAC_FILTERED", "name": "kept", "admin_state_up": True}
    cloud.post(f"{cloud.service('network')}/networks", {"network": network})
    for node in nodes():
        on(node, MAKE_OS)
    for name, node in homes():
        run(*ADD, f"--os-type={OS}", f"--disk-template={template()}", f"--node={node}", name)
        run("gnt-instance", "activate-disks", name)
        on(node, f"printf '%s' '{WORDS} {name}' | dd of={disk(name)} conv=notrunc 2>&1")
        run("gnt-instance", "startup", name)


def nodes() -> list[str]:
    """The cluster's."""
    return run("gnt-node", "list", "--no-headers", "-o", "name").split()


def homes() -> list[tuple[str, str]]:
    """Each instance and its node."""
    return list(zip(INSTANCES, nodes() * len(INSTANCES), strict=False))


def template() -> str:
    """How the cluster makes disks."""
    enabled = re.findall(r"[Ee]nabled disk templates: *(.*)", run("gnt-cluster", "info"))[0]
    return "plain" if "plain" in enabled else "file"


def disk(name: str) -> str:
    """Where the instance's disk is on its node, while it is active."""
    return str(re.findall(r"on primary: *(/\S+)", run("gnt-instance", "info", name))[0])


def see(count: int, largest: int) -> None:
    """Print it all."""
    cloud = Cloud()
    differ = [
        name
        for name, data in contents(count, largest)
        if digest(cloud.call("GET", cloud.place(name))) != digest(data)
    ]
    state = "name,status,pnode,disk_template"
    found = {
        "objects": differ,
        "user": cloud.user,
        "token": cloud.token,
        **{what: table(what) for what in TABLES},
        "quota": json.loads(cloud.call("GET", f"{cloud.service('account')}/quotas")),
        "images": run("kamaki", "image", "list"),
        "nodes": run("gnt-node", "list", "--no-headers", "-o", "name,role"),
        "instances": run("gnt-instance", "list", "--no-headers", "-o", state),
        "disks": [on(node, f"head -c 99 {disk(name)} | tr -d '\\0'") for name, node in homes()],
        "host key": run("ssh-keygen", "-lf", "/etc/ssh/ssh_host_rsa_key.pub"),
        "machine-id": run("cat", "/etc/machine-id"),
        "broker": run("rabbitmqctl", "-q", "list_users"),
    }
    print(json.dumps(found))


def digest(data: bytes) -> str:
    """Of an object."""
    return hashlib.sha256(data).hexdigest()


def table(what: str) -> str:
    """What a command of Synnefo lists."""
    return run("snf-manage", what, "--output-format", "json")


if __name__ == "__main__":
    {"fill": fill, "see": see}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
