"""snf-manage of the cloud in cloud.py: one method for each command, and the tables behind them."""

import json
import re

from cloud_networks import Networks

NAMES = {
    "astakos": ["astakos.pending_app"],
    "pithos": ["pithos.diskspace"],
    "cyclades": (
        "cyclades.vm cyclades.total_cpu cyclades.cpu cyclades.total_ram cyclades.ram cyclades.disk "
        "cyclades.network.private cyclades.floating_ip"
    ).split(),
}
UNLIMITED = str(2**63 - 1)
UNITS = {"": 1, "G": 1024**3}


class Manage(Networks):
    """State and commands; `run` is snf-manage."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.components, self.services, self.resources, self.clients = {}, {}, {}, {}
        self.users, self.groups = [], set()
        self.backends, self.networks, self.pools, self.flavors = [], [], [], ["C1R1024D20drbd"]
        self.types = [{"id": "1", "name": "drbd", "disk_template": "drbd"}]
        # Whose tables are there, once any are.
        self.apps = {"im", "quotaholder_app", "oa2", "db", "userdata"}
        # Networks whose end eventd told, or that reconcile-networks found out about.
        self.known_ends = set()
        self.in_ganeti, self.mail_works, self.jobs_work, self.in_sync = set(), True, True, True
        self.logged = 0

    def run(self, words, stdin):
        """(exit code, what was said)."""
        name, rest = words[0], words[1:]
        if name.endswith("-list") and name != "pool-list":
            fields = rest[rest.index("-o") + 1].split(",")
            rows = [{key: str(row[key]) for key in fields} for row in self.listed(name)]
            # A warning comes before, and begins as a list does.
            return 0, "[time] [pid] warning\n" + json.dumps(rows, indent=4) + "\n"
        self.logged += 1
        self.cloud.world.put(
            "var/log/synnefo/commands/{0}_{1}_7.log".format(self.logged, name), " ".join(words)
        )
        options = dict(re.findall(r"--([\w-]+)=(\S+)", " ".join(rest)))
        for place, word in enumerate(rest):
            if word.startswith("--") and "=" not in word and place + 1 < len(rest):
                options[word[2:]] = rest[place + 1]
        return getattr(self, name.replace("-", "_"))(rest, options, stdin)

    def listed(self, name):
        rows = {
            "component-list": [dict(value, name=key) for key, value in self.components.items()],
            "service-list": [
                {"name": key, "component": value} for key, value in self.services.items()
            ],
            "resource-list": [dict(value, name=key) for key, value in self.resources.items()],
            "backend-list": self.backends,
            "network-list": self.networks,
            "flavor-list": [{"name": flavor} for flavor in self.flavors],
            "volume-type-list": self.types,
        }
        return rows[name]

    # ---- Astakos

    def syncdb(self, words, options, stdin):
        self.cloud.tables.add("snf_apps")
        return 0, "Creating tables ..."

    def migrate(self, words, options, stdin):
        return 0, "- Nothing to migrate."

    def loaddata(self, words, options, stdin):
        return 0, "Installed 28 object(s) from 1 fixture(s)"

    def component_add(self, words, options, stdin):
        if words[0] in self.components:
            return 1, "Error: There already exists a component named '{0}'.".format(words[0])
        self.components[words[0]] = {
            "base_url": options["base-url"],
            "ui_url": options["ui-url"],
            "token": "own",
        }
        return 0, "Token: own"

    def component_modify(self, words, options, stdin):
        if words[0] not in self.components:
            return 1, "Error: Component does not exist."
        self.components[words[0]]["token"] = options["auth-token"]
        return 0, ""

    def export(self, name, base):
        return json.dumps(
            {name + "_service": {"component": name, "endpoints": [base], "resources": NAMES[name]}}
        )

    def service_import(self, words, options, stdin):
        assert options["json"] == "-"
        for name, service in json.loads(stdin).items():
            if service["component"] not in self.components:
                return 1, "Error: Component is not registered."
            self.services[name] = service["component"]
            for resource in service["resources"]:
                self.resources.setdefault(
                    resource, {"system_default": UNLIMITED, "api_visible": True, "ui_visible": True}
                )
        return 0, "Added service"

    def resource_modify(self, words, options, stdin):
        if words[0] not in self.resources:
            return 1, "Error: Resource {0} does not exist.".format(words[0])
        row = self.resources[words[0]]
        if "system-default" in options:
            number, unit = re.match(r"(\d+)(\w*)", options["system-default"]).groups()
            row["system_default"] = int(number) * UNITS[unit]
        for key in ("api", "ui"):
            if key + "-visible" in options:
                row[key + "_visible"] = options[key + "-visible"] == "True"
        return 0, ""

    def oauth2_client_add(self, words, options, stdin):
        if words[0] in self.clients:
            return 1, "Error: UNIQUE constraint failed: oa2_client.identifier"
        self.clients[words[0]] = {"secret": options["secret"], "url": options["url"]}
        return 0, "Client created successfully"

    def oauth2_client_remove(self, words, options, stdin):
        del self.clients[words[0]]
        return 0, ""

    def user(self):
        return self.users[-1]

    def user_add(self, words, options, stdin):
        if any(user["email"] == words[0] and user["verified"] for user in self.users):
            return 1, "Error: UNIQUE constraint failed: auth_user.username"
        uuid = "uuid-{0}".format(len(self.users) + 1)
        # An unverified user of that address is replaced.
        self.users.append(
            {
                "email": words[0],
                "uuid": uuid,
                "token": "TokenOfTheUser" + uuid[-1],
                "verified": False,
                "active": False,
                "moderated": False,
                "groups": [],
            }
        )
        return 0, "User created successfully with UUID: " + uuid

    def user_modify(self, words, options, stdin):
        user = next(user for user in self.users if user["uuid"] == words[0])
        said = []
        if "--verify" in words:
            said.append("Failed to verify: verified" if user["verified"] else "Account verified")
            user["verified"] = True
        if "--accept" in words:
            if not self.mail_works:
                user["verified"] = False
                return 1, "Error: [Errno 111] Connection refused"
            said.append("Failed to accept: moderated" if user["moderated"] else "Account accepted")
            user["active"] = user["moderated"] = True
        group = options.get("add-group")
        if group in self.groups:
            user["groups"].append(group)
        return 0, "\n".join(said)

    def group_add(self, words, options, stdin):
        self.groups.add(words[0])
        return 0, "Group created"

    def quota_verify(self, words, options, stdin):
        if "--fix" in words:
            self.in_sync = True
        return 0, "Everything in sync." if self.in_sync else "User x: 1 differs"

    reconcile_resources_astakos = reconcile_resources_cyclades = quota_verify
    reconcile_resources_pithos = quota_verify

    # ---- Cyclades

    def backend_add(self, words, options, stdin):
        if any(row["clustername"] == options["clustername"] for row in self.backends):
            return 1, "Error: Cannot create backend"
        self.backends.append(
            {
                "id": 1,
                "clustername": options["clustername"],
                "port": 5080,
                "drained": True,
                "username": options["user"],
                "disk_templates": "[]",
            }
        )
        return 0, "Successfully created backend with id 1"

    def backend_modify(self, words, options, stdin):
        assert words == ["--drained", "False", "1"]
        self.backends[0]["drained"] = False
        return 0, ""

    def backend_update_status(self, words, options, stdin):
        for row in self.backends:
            row["disk_templates"] = "[u'drbd', u'plain']"
        return 0, ""

    def pool_create(self, words, options, stdin):
        if self.pools:
            return 1, "Error: Pool of type mac-prefix already exists"
        self.pools.append((options["base"], options["size"]))
        return 0, ""

    def pool_list(self, words, options, stdin):
        rows = [
            "{0:>12}{1:>12}{2:>12}{3:>12}{4:>12}{5:>12}".format(1, size, base, "None", 16383, 4)
            for base, size in self.pools
        ]
        head = "".join(
            key.rjust(12) for key in ("id", "size", "base", "offset", "available", "reserved")
        )
        return 0, "\n".join(["-" * 80, "MacPrefixPool", "-" * 80, head] + rows) + "\n"

    def flavor_create(self, words, options, stdin):
        template = next(row for row in self.types if row["id"] == words[3])["disk_template"]
        name = "C{0}R{1}D{2}{3}".format(words[0], words[1], words[2], template)
        if name not in self.flavors:
            self.flavors.append(name)
        return 0, "Created flavor"

    def volume_type_create(self, words, options, stdin):
        self.types.append(
            {
                "id": str(len(self.types) + 1),
                "name": options["name"],
                "disk_template": options["disk-template"],
            }
        )
        return 0, ""

    # ---- what psql is asked

    def sql(self, statement):
        quoted = re.findall(r"'([^']*)'", statement)
        if "south_migrationhistory" in statement:
            return "t" if self.apps.issuperset(quoted) else "f"
        if "im_component" in statement:
            found = self.components.get(quoted[0], {}).get("token")
            return "t" if found == quoted[1] else "f"
        if "oa2_client" in statement:
            client = self.clients.get(quoted[0])
            if len(quoted) == 2:
                return "t" if client and client["secret"] == quoted[1] else "f"
            return "t\t" + client["url"] if client else ""
        users = [user for user in self.users if user["email"] == quoted[-1]][-1:]
        if "a.auth_token" in statement:
            return users[0]["token"] if users else ""
        return "\n".join(
            "\t".join(
                [user["uuid"]]
                + [
                    "t" if truth else "f"
                    for truth in (
                        user["verified"],
                        user["active"],
                        user["moderated"],
                        "admin" in user["groups"],
                    )
                ]
            )
            for user in users
        )
