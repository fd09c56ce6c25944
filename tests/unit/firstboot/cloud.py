"""Synnefo as first boot meets it: programs, daemons and pages that answer as 0.16.2 does.

It stands in for Context.run: what a step starts changes `self`, and nothing else. Exit codes and
texts are those of docs/synnefo.md sections 4 and 5.
"""

import json
import os
import re

from cloud_manage import Manage
from engine import files, probe, web
from engine.command import Output
from engine.failures import CommandError
from world import SECRET

CERTIFICATE = (
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANca\n-----END CERTIFICATE-----\n"
)
SERVICES = [
    "archipelago-boot", "gunicorn", "vncauthproxy", "nfdhcpd", "snf-dispatcher",
    "snf-ganeti-eventd",
]  # fmt: skip
PIDS = {
    "archipelago-boot": [
        "archipelago/" + peer for peer in ("blockerb", "blockerm", "mapperd", "vlmcd")
    ],
    "nfdhcpd": ["nfdhcpd/nfdhcpd"],
    "snf-dispatcher": ["synnefo/snf-dispatcher"],
    "snf-ganeti-eventd": ["snf-ganeti-eventd"],
}
TITLES = {"archipelago-boot": "archip-filed"}


class Cut(BaseException):
    """The power went."""


class Cloud(object):
    """The cloud of a World. `cut_at` is the number of the command at which the power goes."""

    def __init__(self, world):
        self.world = world
        self.manage = Manage(self)
        self.tables = set()  # databases that have any
        self.stamped = False
        self.comments = {}  # of databases: whose tables they have
        self.objects, self.containers, self.images = {}, set(), []
        self.running = set()
        self.ran = []
        self.cut_at, self.cut_after = None, False
        self.broken = {}  # program -> (code, text) it ends with
        self._prepare()

    def context(self):
        """A Context whose programs are this cloud's."""
        ctx = self.world.context()
        ctx.run = self.run
        return ctx

    def run(self, argv, timeout=0, stdin="", env=None, check=True):
        """What Context.run does."""
        if self._is_time(after=False):
            raise Cut()
        self.ran.append(" ".join(argv))
        code, text = self._answer(argv, stdin)
        if self._is_time(after=True):
            raise Cut()
        if check and code != 0:
            raise CommandError(" ".join(argv), code, text)
        return Output(code, text)

    def _is_time(self, after):
        # Before the command it is not counted yet.
        number = len(self.ran) + (0 if after else 1)
        return self.cut_at == number and self.cut_after == after

    def _answer(self, argv, stdin):
        if argv[0] == "sh":
            # sh -c 'exec "$@" > /dev/null' sh PROGRAM...
            return self._answer(argv[4:], stdin)[0], ""
        name = os.path.basename(argv[0])
        if name in self.broken:
            return self.broken[name]
        if name in SERVICES:
            return self._service(name, argv[1])
        return getattr(self, "_" + name.replace("-", "_"))(argv[1:], stdin)

    # ---- programs

    def _snf_manage(self, words, stdin):
        if "snf_apps" not in self.tables and words[0] not in ("syncdb", "migrate"):
            return 1, 'Error: relation "auth_user" does not exist'
        return self.manage.run(words, stdin)

    def _snf_service_export(self, words, stdin):
        return 0, self.manage.export(*words)

    def _pithos_migrate(self, words, stdin):
        assert words == (["upgrade", "head"] if self.stamped else ["stamp", "head"])
        self.stamped = True
        return 0, ""

    def _su(self, words, stdin):
        database, path = re.search(r" -1 .*-d (\w+) -f (\S+)$", words[-1]).groups()
        if database in self.tables:
            return 3, 'ERROR:  relation "auth_user" already exists'
        assert os.path.exists(path)
        self.tables.add(database)
        self.stamped = self.stamped or database == "snf_pithos"
        return 0, ""

    def _vncauthproxy_passwd(self, words, stdin):
        _, password, path, user = words
        self.world.put(path[len(self.world.root) :], "{0}:hash of {1}\n".format(user, password))
        return 0, ""

    def _sync(self, words, stdin):
        return 0, ""

    def _mke2fs(self, words, stdin):
        return 0, ""

    def _kamaki(self, words, stdin):
        if words[:2] == ["container", "create"]:
            if words[2] in self.containers:
                return 1, "Container {0} exists".format(words[2])
            self.containers.add(words[2])
        elif words[:2] == ["file", "upload"]:
            if words[3] in self.objects:
                return 1, "Object {0} exists".format(words[3])
            self.objects[words[3]] = os.path.getsize(words[2])
        elif words[:2] == ["image", "register"]:
            return self._register(words)
        return 0, ""

    def _register(self, words):
        name, place = [words[words.index(key) + 1] for key in ("--name", "--location")]
        if place + ".meta" in self.objects and "--force" not in words:
            return 1, "A remote file {0}.meta already exists".format(place)
        assert os.path.exists(words[words.index("--metafile") + 1])
        self.objects[place + ".meta"] = 1
        location = "pithos://" + self.manage.user()["uuid"] + place
        self.images.append(
            {
                "name": name,
                "location": location,
                "is_public": "--public" in words,
                "id": "image-1",
            }
        )
        return 0, ""

    def _psql(self, words, stdin):
        database = words[words.index("-d") + 1]
        statement = words[words.index("-c") + 1] if "-c" in words else stdin
        code, text = self._sql(database, statement)
        if "-o" in words:
            with open(words[words.index("-o") + 1], "w") as file:
                file.write(text)
            text = ""
        return code, text

    def _sql(self, database, statement):
        if "pg_tables" in statement:
            return 0, "f" if database in self.tables else "t"
        if database not in self.tables:
            return 3, "ERROR:  relation does not exist"
        if "COMMENT ON" in statement:
            self.comments[database] = statement.split("'")[1]
            return 0, ""
        if "obj_description" in statement:
            noted, _, rest = statement.partition(" AND ")
            if self.comments.get(database, "") not in noted.split("'"):
                return 0, "f"
            statement = rest
        if "alembic_version" in statement:
            return 0, "t" if self.stamped else "f"
        return 0, self.manage.sql(statement)

    def _curl(self, words, stdin):
        assert "-K" in words, "no node fetches anything"
        url = re.search(r'url = "(.*)"', stdin).group(1)
        token = re.search(r'X-Auth-Token: (\w+)"', stdin).group(1)
        if "gunicorn" not in self.running:
            return 7, "000"
        status, value = self._page(url.split("/", 3)[3], token)
        if "-I" in words:
            return 0, "HTTP/1.1 {0} x\r\nContent-Length: {1}\r\n\r\n".format(status, value)
        if "-w" in words:
            return 0, str(status)
        return 0, value

    def _page(self, path, token):
        if path == "astakos/account/v1.0/service_quotas":
            return (200, "") if self.manage.components["pithos"]["token"] == token else (401, "")
        user = self.manage.user()
        if token != user["token"]:
            return 401, ""
        if path == "cyclades/image/v1.0/images/detail":
            return 200, json.dumps(self.images)
        place = path[len("pithos/object-store/v1/" + user["uuid"]) :]
        if place.count("/") < 2:
            return (204 if place[1:] in self.containers or not place else 404), ""
        return (200, self.objects[place]) if place in self.objects else (404, 0)

    # ---- daemons

    def _service(self, name, action):
        if action == "status":
            return (0 if name in self.running else 3), ""
        if action in ("stop", "restart"):
            self.running.discard(name)
            self._pid_files(name, False)
        if action in ("start", "restart") and name not in self.running:
            self.running.add(name)
            self._pid_files(name, True)
        return 0, ""

    def _pid_files(self, name, alive):
        for number, pid in enumerate(PIDS.get(name, [])):
            process = str(1000 + 10 * SERVICES.index(name) + number)
            self.world.put("var/run/{0}.pid".format(pid), process + "\n")
            title = TITLES.get(name, "/usr/sbin/" + name)
            self.world.put("proc/{0}/cmdline".format(process), title if alive else "")

    def reboot(self):
        """What does not survive a power cut."""
        for name in list(self.running):
            self._service(name, "stop")

    def _prepare(self):
        world = self.world
        world.golden["hosts"] = dict.fromkeys(
            ("postgresql", "astakos", "cyclades", "ganeti-master"), "n1"
        )
        world.golden["hosts"]["pithos"] = "n2"
        world.golden["secrets"].update(
            (name, SECRET + name.replace("_", ""))
            for name in (
                "cyclades_token",
                "pithos_token",
                "oauth2_secret",
                "user_password",
                "vnc_password",
            )
        )
        world.golden["tls"]["certificate"] = CERTIFICATE
        world.golden["variables"] = {"base_image": "https://far.example/base.diskdump"}
        world.image["services"].update((name, name) for name in SERVICES)
        world.image["versions"] = {"synnefo": "0.16.2"}
        for name in ("srv/images/base.diskdump", "srv/images/base.diskdump.meta"):
            world.put(name, "image")
        world.put("dev/shm/x", "")
        world.put("etc/archipelago/archipelago.conf", "[XSEG]\nSEGMENT_SIZE = 1\n")
        for database in ("snf_apps", "snf_pithos"):
            world.put("usr/lib/golden/schema/{0}.sql".format(database), "")
        world.put("var/lib/ganeti/ssconf_master_node", world.golden["node"]["fqdn"] + "\n")
        self.manage.write_ganeti()
        world.patch(files, "gid", lambda name: os.getgid())
        world.patch(probe, "tcp", self._listens)
        world.patch(web, "answers", lambda address, port: "gunicorn" in self.running)

    def _listens(self, address, port):
        return "vncauthproxy" in self.running if port == 24999 else True
