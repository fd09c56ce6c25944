"""What each node is asked about Synnefo: pages, commands and daemons, by the roles of the nodes.

Commands and fields are those of docs/synnefo.md sections 5 and 13, pages and pid files those of its
sections 9 and 14. A site without a role is asked nothing about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from golden.definition import Node, Site
from golden.keys.secrets import Secrets

IMAGE_FOLDER = "images"  # the container that first boot uploads to, G277
TINY = "tiny"  # the word for the image that first boot makes itself
COOKIE = "_pithos2_a"  # ASTAKOS_COOKIE_NAME's default, which all components read
JSON = "application/json"
# What Admin's own table asks for (DataTables, server side): without it the real one answers 500.
TABLE = "sEcho=1&iColumns=8&iSortingCols=0&iDisplayStart=0&iDisplayLength=10"
COMPONENTS = ("astakos", "cyclades", "pithos")
PASSWORD_FIELD = r"<input[^>]*type=[\"']?password"
PEERS = ("blockerb", "blockerm", "mapperd", "vlmcd")
PROCESSES: Mapping[str, Mapping[str, str]] = {
    "archipelago": {f"archipelago {peer}": f"/var/run/archipelago/{peer}.pid" for peer in PEERS},
    "synnefo-common": {"gunicorn": "/var/run/gunicorn/synnefo.pid"},
    "cyclades": {"snf-dispatcher": "/var/run/synnefo/snf-dispatcher.pid"},
    "cyclades-gtools": {"snf-ganeti-eventd": "/var/run/snf-ganeti-eventd.pid"},
    "vncauthproxy": {"vncauthproxy": "/var/run/vncauthproxy/vncauthproxy.pid"},
    "nfdhcpd": {"nfdhcpd": "/var/run/nfdhcpd/nfdhcpd.pid"},
}


def has(site: Site, role: str) -> bool:
    """Whether some node of `site` carries `role`."""
    return any(node.kind.has(role) for node in site.nodes)


def url(site: Site, component: str, path: str = "") -> str:
    """The address of `component` (astakos, cyclades, pithos, admin), with `path` below it."""
    return f"https://{site.host_of(component).fqdn}/{component}{path}"


def user(site: Site) -> str:
    """The address of the cloud's first user, which is its name; Astakos keeps it in lower case."""
    return str(site.variables.get("user_email", f"user@{site.domain}")).lower()


def image_file(site: Site) -> str:
    """The name of the base image's object and file; "" where the site registers no image."""
    source = str(site.variables.get("base_image", ""))
    return "tiny.diskdump" if source == TINY else source.rpartition("/")[2]


def image_name(site: Site) -> str:
    """The name under which the base image is registered."""
    return str(site.variables.get("base_image_name", "Debian Base"))


def questions(site: Site, node: Node, secrets: Secrets) -> dict[str, Any]:
    """This part of the request that the scripts in scripts/check get. It holds passwords."""
    password = secrets.values["user_password"]
    tokens = {name: secrets.values[f"{name}_token"] for name in ("cyclades", "pithos")}
    return {
        "pages": pages(site),
        "login": _login(site, password) if has(site, "astakos") else None,
        "commands": commands(site, node),
        "tokens": tokens,
        "daemons": daemons(node),
        "packets": any(map(node.kind.has, ("nat", "nfdhcpd", "packet-filter"))),
    }


def daemons(node: Node) -> dict[str, str]:
    """{daemon: pid file} of the daemons that the roles of `node` bring."""
    return {
        name: path
        for role in node.kind.roles
        for name, path in PROCESSES.get(role.name, {}).items()
    }


def _login(site: Site, password: str) -> dict[str, Any]:
    return {"url": url(site, "astakos", "/ui/login"), "username": user(site), "password": password}


def pages(site: Site) -> list[dict[str, Any]]:
    """Pages that every node asks for, `session` ones after logging in as the first user."""
    found: list[dict[str, Any]] = []
    me = re.escape(user(site))
    if has(site, "astakos"):
        plain = url(site, "astakos").replace("https:", "http:")
        found += [
            _page("astakos", plain, find={"password field": PASSWORD_FIELD}),
            _page("cloudbar", f"{cloudbar(site)}cloudbar.js"),
            _page(
                "catalogue", url(site, "astakos", "/identity/v2.0/tokens"), "POST", _services(site)
            ),
            _page("profile", url(site, "astakos", "/ui/profile"), find={"user": me}, session=True),
        ]
    for name in ("pithos", "cyclades"):
        if has(site, name):
            bar = re.escape(cloudbar(site))
            found.append(_page(name, url(site, name, "/ui/"), find={"cloudbar": bar}, session=True))
    if has(site, "cyclades"):
        # The page itself is shown to everybody; what fills it is asked for with the cookie's token.
        machines = url(site, "cyclades", "/compute/v2.0/servers/detail")
        listed = {"machines": r'"servers"\s*:'}
        found += [
            _page("machines, anonymous", machines, find=listed, cookie=COOKIE),
            _page("machines", machines, find=listed, session=True, cookie=COOKIE),
        ]
    if has(site, "admin"):
        users = f"{url(site, 'admin', '/json/user')}?{TABLE}&sSearch={quote(user(site))}"
        found += [
            _page("admin, anonymous", url(site, "admin")),
            _page("admin", url(site, "admin"), session=True),
            _page("admin users", users, find={"user": me}, session=True, accept=JSON),
        ]
    return found


def cloudbar(site: Site) -> str:
    """Where the script of the bar on top of every page comes from."""
    return f"https://{site.host_of('astakos').fqdn}/static/im/cloudbar/"


def _page(
    label: str,
    at: str,
    method: str = "GET",
    find: Mapping[str, str] = {},
    session: bool = False,
    **more: str,
) -> dict[str, Any]:
    """`more`: `accept` and `cookie` of scripts/check/web.py."""
    asked = {"label": label, "url": at, "method": method, "find": dict(find), "session": session}
    return asked | more


def _services(site: Site) -> dict[str, str]:
    """What the public catalogue must name: an address below that of each component."""
    return {name: re.escape(url(site, name, "/")) for name in COMPONENTS if has(site, name)}


def commands(site: Site, node: Node) -> list[dict[str, Any]]:
    """The commands that `node` runs, in order: a later one may be about rows of an earlier list."""
    return [
        *(_astakos(site) if node.kind.has("astakos") else ()),
        *(_cyclades(node) if node.kind.has("cyclades") else ()),
        *(_pithos() if node.kind.has("pithos") else ()),
        *(_ganeti() if node.kind.has("ganeti-master") and has(site, "snf-image") else ()),
        *(_kamaki() if node.kind.has("kamaki") else ()),
    ]


def _astakos(site: Site) -> list[dict[str, Any]]:
    return [
        _list("component-list", "name", "base_url", "ui_url", "token"),
        _list(
            "resource-list", "name", "system_default", "api_visible", more=("--unit-style=none",)
        ),
        _list("oauth2-client-list", "identifier", "redirect_urls"),
        _list("user-list", "id", "displayname", "uuid", "active", "admin", "groups"),
        _manage("user-show", user(site)),
        _manage("quota-verify"),
        _manage("reconcile-resources-astakos"),
    ]


def _cyclades(node: Node) -> list[dict[str, Any]]:
    network = ("id", "name", "public", "state", "subnet.ipv4", "gateway.ipv4", "link", "drained")
    found = [
        _list("backend-list", "clustername", "username", "drained", "offline", "disk_templates"),
        _list("network-list", *network, "floating_ip_pool", more=("--public",)),
        _manage("network-inspect", "{id}", about="network-list"),
        _manage("reconcile-networks"),
        _manage("pool-list", "--type=mac-prefix"),
        _list("flavor-list", "name"),
        _manage("reconcile-resources-cyclades"),
        _command("dispatcher status", "snf-dispatcher", "--status-check"),
    ]
    if node.kind.has("ganeti-master"):
        info = ("gnt-network", "info", "snf-net-{id}")
        found.append(_command("gnt-network info", *info, about="network-list"))
    return found


def _pithos() -> list[dict[str, Any]]:
    return [_manage("reconcile-resources-pithos")]


def _ganeti() -> list[dict[str, Any]]:
    fields = "name,network,gateway,group_list"
    return [
        _command("gnt-os diagnose", "gnt-os", "diagnose"),
        _command(
            "gnt-network list", "gnt-network", "list", "--no-headers", "--separator=|", "-o", fields
        ),
    ]


def _kamaki() -> list[dict[str, Any]]:
    return [
        _command("kamaki config", "kamaki", "config", "list"),
        _command("kamaki authenticate", "kamaki", "user", "authenticate"),
        _command("kamaki containers", "kamaki", "container", "list"),
        _command("kamaki files", "kamaki", "file", "list", f"/{IMAGE_FOLDER}"),
        _command("kamaki images", "kamaki", "image", "list"),
    ]


def _list(command: str, *fields: str, more: Sequence[str] = ()) -> dict[str, Any]:
    return _manage(command, "-o", ",".join(fields), "--output-format", "json", *more)


def _manage(command: str, *words: str, about: str = "") -> dict[str, Any]:
    return _command(command, "snf-manage", command, *words, about=about)


def _command(label: str, *argv: str, about: str = "") -> dict[str, Any]:
    """`about` is the label of a list: the command is run for each row, {field} its value there."""
    return {"label": label, "argv": list(argv), "for": about}
