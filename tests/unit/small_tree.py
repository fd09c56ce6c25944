"""A small valid checkout in a scratch folder, and what `golden.definition` says of it."""

from __future__ import annotations

from pathlib import Path

from golden.definition import Site, load
from golden.errors import UserError

RELEASE = "images/releases/twelve.yaml"
SITE = "images/sites/lab.yaml"
MASTER = "images/kinds/master.yaml"
MEMBER = "images/kinds/member.yaml"
BASE = "images/roles/base/role.yaml"
WEB = "images/roles/web/role.yaml"

FILES = {
    RELEASE: """\
release: twelve
debian: 12
suite: twelve
mirror: host
sources:
  - {suite: twelve, components: [main, contrib]}
keyring: /usr/share/keyrings/archive.gpg
builder: tree
kernel: linux-image-amd64
python: /usr/bin/python3
packages:
  ntp: [chrony]
  firmware: []
services:
  ntp: chrony
facts:
  web_version: "2.4"
  ciphers: [aes, chacha]
synnefo: "0.16.2"
""",
    SITE: """\
site: lab
release: twelve
domain: lab.example
network:
  subnet: 198.51.100.0/24
  gateway: 198.51.100.254
bridges:
  - {name: br1, vlan: 1}
  - {name: br2, port: eth1}
cluster: {name: ganeti.lab.example, address: 198.51.100.100}
volume_group: {name: ganeti, file: /srv/vg.img, size: 25G}
nodes:
  - {name: n1, kind: master, address: 198.51.100.1, mac: "02:00:00:00:00:01"}
  - {name: n2, kind: member, address: 198.51.100.2, mac: "02:00:00:00:00:02"}
variables:
  admin: root@lab.example
  workers: 4
""",
    MASTER: """\
kind: master
summary: Serves the web
roles: [base, web]
image: {size: 6G}
memory: 2048
data_disk: 25G
first_boot: [hostname, network]
""",
    MEMBER: """\
kind: member
summary: Serves nothing
roles: [base]
image: {size: 2G}
memory: 1024
data_disk: 25G
first_boot: [hostname]
""",
    BASE: """\
role: base
summary: What every node has
packages: [ntp, firmware]
services: [ntp]
files:
  /etc/secret.conf: {mode: "0640", group: web}
directories:
  /srv/data: {mode: "0750"}
users:
  - {name: synnefo, uid: 200, group: synnefo, gid: 200}
bake: [base.sh]
variables: {admin: text}
guide: [G001]
""",
    WEB: """\
role: web
summary: A web server
packages: [webserver]
services: [webserver]
ports:
  - {port: 443}
directories:
  /srv/data: {mode: "0750"}
  /srv/web-{web_version}: {}
bake: [web.sh]
variables: {workers: count}
guide: [G019, G020]
""",
    "images/roles/base/files/etc/hosts.j2": """\
{% for node in nodes %}
{{ node.address }} {{ node.fqdn }}
{% endfor %}
""",
    "images/roles/base/files/etc/secret.conf.j2": "password={{ secret('rapi_password') | line }}\n",
    "images/roles/base/files/etc/motd": "Welcome\n",
    "images/roles/base/files.twelve/etc/motd": "Welcome to twelve\n",
    "images/roles/web/files/etc/web/{web_version}/web.conf.j2": """\
Workers {{ site.variables.workers }}
Ciphers {{ release.ciphers | join(":") }}
""",
    "scripts/bake/base.sh": "#!/bin/sh\n",
    "scripts/bake/web.sh": "#!/bin/sh\n",
    "scripts/firstboot/steps/hostname.py": 'GUIDE = ("G001",)\n',
    "scripts/firstboot/steps/network.py": 'GUIDE = ("G038",)\n',
}


# The file, what is replaced by what in it, and the message that names the line of the replacement.
Case = tuple[str, str, str, str]


class SmallTree:
    """The files of FILES below `root`; edit them, then load the site `lab`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        """Write the file `name`, with its folders."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def edit(self, name: str, old: str, new: str) -> int:
        """Replace the one `old` in the file `name` by `new`; return the line at which it begins."""
        path = self.root / name
        before, found, after = path.read_text().partition(old)
        assert found and old not in after, f"{old!r} must be once in {name}"
        path.write_text(before + new + after)
        return before.count("\n") + 1

    def load(self, site: str = "lab") -> Site:
        return load(site, self.root)

    def problems(self, site: str = "lab") -> list[str]:
        """The lines that `load` complains with; empty when it does not."""
        try:
            self.load(site)
        except UserError as error:
            return str(error).splitlines()
        return []

    def assert_one_problem(self, file: str, old: str, new: str, message: str) -> None:
        """Make the edit, and expect just `message`, in `file` at the line of the edit."""
        line = self.edit(file, old, new)
        if new.partition("\n")[0] == old.partition("\n")[0]:
            line += 1  # the first line stays; the problem is in the next
        assert self.problems() == [f"{file}:{line}: {message}"]
