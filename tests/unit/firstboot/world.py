"""A node in a folder: image, seed, and programs that only write down how they were called.

Runs under Python 2.7 and 3 alike, as what it tests does (see run_cases.py).
"""

import copy
import json
import os
import shutil
import stat
import time

from engine import clock, command, files
from engine import seed as seeds
from engine.context import Context
from engine.journal import Journal

SECRET = "Correct0Horse1Battery2Staple"
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAsecretline1\n-----END RSA PRIVATE KEY-----\n"
)
CA = "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANca\n-----END CERTIFICATE-----\n"


def _node(number):
    return {
        "name": "n{0}".format(number),
        "fqdn": "n{0}.small.example".format(number),
        "kind": "master" if number == 1 else "member",
        "address": "198.51.100.{0}".format(number),
        "mac": "02:00:00:00:00:0{0}".format(number),
    }


GOLDEN = {
    "site": "small",
    "release": "any",
    "domain": "small.example",
    "serial": "1111",
    "node": _node(1),
    "nodes": [_node(1), _node(2)],
    "hosts": {"dns": "n1", "nfs-server": "n1", "ganeti-master": "n1"},
    "cluster": {"name": "ganeti.n1.small.example", "address": "198.51.100.100"},
    "volume_group": {"name": "ganeti", "device": "/dev/vdb"},
    "bridges": [
        {"name": "br1", "port": "eth0.1", "vlan": 1},
        {"name": "br2", "port": "eth1", "vlan": None},
    ],
    "variables": {},
    "not_before": 1000,
    "time_servers": [],
    "network": {
        "nameserver": "198.51.100.1",
        "interfaces": [
            {
                "name": "eth0",
                "mac": "02:00:00:00:00:01",
                "address": "198.51.100.1/24",
                "gateway": None,
            }
        ],
    },
    "tls": {"ca": CA, "certificate": CA.replace("ca\n", "n1\n"), "key": PEM},
    "ssh": {
        "private_key": PEM,
        "public_key": "ssh-rsa AAAAroot root@small.example",
        "authorized_keys": ["ssh-rsa AAAAroot root@small.example", "ssh-rsa AAAAop op@small"],
        "host_keys": {"rsa": {"private": PEM, "public": "ssh-rsa AAAAn1 root@n1"}},
        "known_hosts": [
            "n1.small.example,n1,198.51.100.1 ssh-rsa AAAAn1",
            "n2.small.example,n2,198.51.100.2 ssh-rsa AAAAn2",
        ],
    },
    "secrets": {
        "database_password": SECRET,
        "rabbitmq_password": SECRET + "r",
        "rabbitmq_cookie": SECRET + "c",
        "rapi_password": SECRET + "p",
    },
}

IMAGE = {
    "site": "small",
    "release": "any",
    "kind": "master",
    "python": "python",
    "first_boot": [],
    "services": {"ssh": "ssh", "postgresql": "postgresql", "volume-group": "volume-group"},
    "secret_files": ["/etc/secret.conf"],
    "state": [],
    "versions": {},
}


class World:
    """The folder `root` as the node's /."""

    def __init__(self, root):
        self.root = root
        self.golden = copy.deepcopy(GOLDEN)
        self.image = copy.deepcopy(IMAGE)
        self.instance = "small-n1-abc"
        self._patches = []
        for folder in ("dev", "etc/golden", "etc/ssl/certs", "bin", "sys/class/block"):
            os.makedirs(self.path(folder))
        for name in ("dev/console", "dev/urandom", "calls"):
            self.put(name, "")
        self.put("etc/ssl/certs/ca-certificates.crt", "others\n")
        self.put("etc/secret.conf", "password = @@SECRET:line:database_password@@\n")
        os.chmod(self.path("etc/secret.conf"), 0o640)
        self.patch(command.ENVIRONMENT, "PATH", self.path("bin") + ":/usr/bin:/bin")
        # The accounts of an image are not those of the machine that runs the tests.
        self.patch(files, "uid", lambda name: os.getuid())
        self.patch(files, "gid", lambda name: os.getgid())

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def put(self, name, text):
        path = self.path(name)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with open(path, "wb") as file:
            file.write(files.encoded(text))

    def get(self, name):
        return files.read(self.path(name))

    def program(self, name, script="", path=None):
        """A program that notes its call and then runs the shell text `script`."""
        target = path or "bin/" + name
        self.put(
            target,
            '#!/bin/sh\necho "{0} $*" >> {1}\n{2}\n'.format(
                name, self.path("calls"), script.replace("ROOT", self.root)
            ),
        )
        os.chmod(self.path(target), stat.S_IRWXU)

    def calls(self):
        """The calls of programs, one line each."""
        return self.get("calls").splitlines()

    def save(self):
        """Write image and seed to where first boot looks for them."""
        self.put("etc/golden/image.json", json.dumps(self.image))
        self.put("var/lib/golden-seed/meta-data", json.dumps({"instance-id": self.instance}))
        self.put(
            "var/lib/golden-seed/user-data", "#cloud-config\n" + json.dumps({"golden": self.golden})
        )

    def seed(self):
        return seeds.Seed(self.instance, copy.deepcopy(self.golden))

    def context(self, seconds=60):
        journal = Journal(self.path("var/log/firstboot.log"))
        journal.hide(self.seed().secret_texts())
        return Context(self.image, self.seed(), journal, clock.uptime() + seconds, self.root)

    def console(self):
        """The machine-readable lines so far."""
        lines = self.get("dev/console").splitlines()
        return [json.loads(line[len("@firstboot ") :]) for line in lines if line]

    def patch(self, where, name, value):
        """Replace an attribute or a key until the case ends."""
        if isinstance(where, dict):
            self._patches.append((where.__setitem__, name, where[name]))
            where[name] = value
        else:
            self._patches.append(
                (lambda key, old: setattr(where, key, old), name, getattr(where, name))
            )
            setattr(where, name, value)

    def close(self):
        for undo, name, old in reversed(self._patches):
            undo(name, old)
        # What a case has started in the background may write there yet.
        for left in range(9, -1, -1):
            shutil.rmtree(self.root, ignore_errors=left > 0)
            if not os.path.exists(self.root):
                return
            time.sleep(0.1)


def raises(kind, function, *arguments):
    """The message of the exception `kind` that the call must raise."""
    try:
        function(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError("no {0} was raised".format(kind.__name__))
