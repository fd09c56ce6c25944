"""One broken thing of Synnefo each, as of a wrong token, address or option, and its red checks."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.check.healthy import Document
from tests.unit.check.mutations import Break, put

CLOUD, WEB, DAEMONS = "cloud", "web", "daemons"
Change = Callable[[str], str]


def say(label: str, old: str, new: str, node: str = "node1") -> Break:
    """Replace `old` by `new` in what the command `label` says on `node`."""

    def change(documents: dict[str, Document]) -> None:
        answer = documents[node][CLOUD][label]
        assert old in answer["out"], f"{label} does not say {old!r}"
        answer["out"] = answer["out"].replace(old, new, 1)

    return change


def page(label: str, node: str = "node1", **changed: object) -> Break:
    """Have the page `label` come back otherwise."""

    def change(documents: dict[str, Document]) -> None:
        documents[node][WEB][label].update(changed)

    return change


def nothing(label: str, what: str) -> Break:
    """Have the page `label` without what was looked for."""

    def change(documents: dict[str, Document]) -> None:
        documents["node2"][WEB][label]["found"][what] = False

    return change


def stray_eventd(documents: dict[str, Document]) -> None:
    processes = documents["node2"][DAEMONS]["processes"]
    processes["snf-ganeti-eventd"] = {"command": "snf-ganeti-eventd", "user": "root"}


def doubled_network(documents: dict[str, Document]) -> None:
    answer = documents["node1"][CLOUD]["network-list"]
    row = answer["out"].strip().removeprefix("[").removesuffix("]").rstrip()
    answer["out"] = f"[{row},{row}\n]\n"


NODE1, NODE2 = "node1.rehearsal.test", "node2.rehearsal.test"
PROCESSES = (DAEMONS, "processes")
MUTATIONS: dict[str, tuple[Break, set[str]]] = {
    "no redirection": (
        page("astakos", url=f"http://{NODE1}/astakos"),
        {"astakos.plain_address_leads_to_the_login_page"},
    ),
    "no login form": (
        nothing("astakos", "password field"),
        {"astakos.plain_address_leads_to_the_login_page"},
    ),
    "no cloudbar": (page("cloudbar", status=404), {"astakos.cloudbar_is_served"}),
    "wrong URL of Pithos": (
        nothing("catalogue", "pithos"),
        {"astakos.catalogue_has_the_services_of"},
    ),
    "wrong password": (
        page("profile", status=401),
        {"astakos.first_user_logs_in_and_sees_the_profile"},
    ),
    "wrong base URL": (
        say("component-list", f"https://{NODE2}/pithos", f"https://{NODE1}/pithos"),
        {"astakos.component_has_its_addresses"},
    ),
    "wrong token": (
        say("component-list", '"token": "right"', '"token": "wrong"'),
        {"astakos.component_has_the_site_s_token"},
    ),
    "wrong redirection of OAuth": (
        say("oauth2-client-list", f"https://{NODE2}", "https://other"),
        {"astakos.view_of_pithos_may_ask_for_users"},
    ),
    "wrong quota": (
        say("resource-list", '"system_default": "4"', '"system_default": "5"'),
        {"astakos.resource_has_the_site_s_default"},
    ),
    "user not accepted": (
        say("user-list", '"active": "True"', '"active": "False"'),
        {"astakos.first_user_is_active"},
    ),
    "another user": (
        say("user-show", "uuid     : b", "uuid     : a"),
        {"astakos.first_user_is_shown_with_the_listed_uuid"},
    ),
    "superuser": (
        say("user-list", '"admin": "False"', '"admin": "True"'),
        {"astakos.nobody_is_a_superuser_of_django"},
    ),
    "no administrator": (
        say("user-list", '"groups": "admin"', '"groups": "users"'),
        {"astakos.first_user_is_an_administrator"},
    ),
    "an administrator who may only look": (
        say("user-list", '"groups": "admin"', '"groups": "admin-readonly"'),
        {"astakos.first_user_is_an_administrator"},
    ),
    "quota differ": (
        say("quota-verify", "Everything in sync.", "1 unexpected holdings."),
        {"astakos.quota_are_in_sync"},
    ),
    "wrong token of Pithos": (
        put(
            "node2",
            *(CLOUD, "reconcile-resources-pithos"),
            value={"code": 1, "out": "(401) Invalid or expired token"},
        ),
        {"pithos.quota_are_in_sync"},
    ),
    "wrong UI of Pithos": (
        page("pithos", url=f"https://{NODE2}/ui"),
        {"pithos.page_is_shown_to_who_is_logged_in"},
    ),
    "admin open to all": (page("admin, anonymous", status=200), {"admin.visitor_is_refused"}),
    "admin shut": (page("admin", status=403), {"admin.administrator_sees_the_users"}),
    "no users": (nothing("admin users", "user"), {"admin.administrator_sees_the_users"}),
    "backend drained": (
        say("backend-list", '"drained": "False"', '"drained": "True"'),
        {"cyclades.cluster_is_a_backend_in_use"},
    ),
    "no templates": (
        say("backend-list", "['drbd', 'plain']", "None"),
        {"cyclades.backend_offers_a_disk_template"},
    ),
    "wrong gateway": (
        say("network-list", '"gateway.ipv4": "10.0.0.1"', '"gateway.ipv4": "10.0.0.254"'),
        {"cyclades.public_network_is_as_the_site_wants_it"},
    ),
    "network twice": (doubled_network, {"cyclades.public_network_is_there_once"}),
    "network pending": (
        say("network-inspect", "ACTIVE", "PENDING"),
        {"cyclades.public_network_is_active_in_the_backend"},
    ),
    "network unknown to Ganeti": (
        put(
            "node1",
            *(CLOUD, "reconcile-networks"),
            value={"code": 0, "out": "D: network 1 does not exist in ganeti\n"},
        ),
        {"cyclades.networks_are_as_in_ganeti"},
    ),
    "wrong link": (
        say("gnt-network list", "bridged, br1", "bridged, br2"),
        {"cyclades.ganeti_has_the_public_network"},
    ),
    "network gone": (
        put("node1", CLOUD, "gnt-network info", value={"code": 1, "out": "not found"}),
        {"cyclades.ganeti_shows_the_public_network"},
    ),
    "no pool": (
        say("pool-list", "65536  aa:00:0", "0  aa:00:0"),
        {"cyclades.pool_of_mac_prefixes_is_there"},
    ),
    "flavor lost": (say("flavor-list", "C1R128D1plain", "C1R1"), {"cyclades.flavor_is_offered"}),
    "wrong token of Cyclades": (
        put(
            "node1",
            *(CLOUD, "reconcile-resources-cyclades"),
            value={"code": 1, "out": "(401) Invalid or expired token"},
        ),
        {"cyclades.quota_are_in_sync"},
    ),
    "wrong password of the broker": (
        put("node1", CLOUD, "dispatcher status", value={"code": 1, "out": "ACCESS_REFUSED"}),
        {"cyclades.dispatcher_reaches_broker_and_backend"},
    ),
    "eventd away": (
        say("dispatcher status", "eventd -> AMQP: ok", "eventd -> AMQP: fail"),
        {"cyclades.dispatcher_reaches_broker_and_backend"},
    ),
    "Ganeti away": (
        say("dispatcher status", "-> ganeti: ok", "-> ganeti: fail"),
        {"cyclades.dispatcher_reaches_broker_and_backend"},
    ),
    "traceback": (
        put("node1", DAEMONS, "dispatcher_log", value=["Traceback (most recent call last):"]),
        {"cyclades.dispatcher_logs_no_traceback"},
    ),
    "wrong token in the cookie": (
        page("machines", "node2", status=401),
        {"cyclades.machines_are_listed_to_who_is_logged_in"},
    ),
    "another page in place of the list": (
        nothing("machines", "machines"),
        {"cyclades.machines_are_listed_to_who_is_logged_in"},
    ),
    "machines open to all": (
        page("machines, anonymous", status=200),
        {"cyclades.machines_are_not_listed_to_a_visitor"},
    ),
    "no page of Cyclades": (
        page("cyclades", "node2", status=404),
        {"cyclades.page_is_shown_to_who_is_logged_in"},
    ),
    "cloudbar of another host": (
        nothing("cyclades", "cloudbar"),
        {"cyclades.page_is_shown_to_who_is_logged_in"},
    ),
    "cloudbar of another host in Pithos": (
        nothing("pithos", "cloudbar"),
        {"pithos.page_is_shown_to_who_is_logged_in"},
    ),
    "peer dead": (
        put("node2", *PROCESSES, "archipelago mapperd", value=None),
        {"cyclades.daemon_has_a_process", "image.archipelago_runs_beside_it"},
    ),
    "daemon as root": (
        put("node1", *PROCESSES, "snf-dispatcher", "user", value="root"),
        {"cyclades.daemon_runs_as_its_own_user"},
    ),
    "eventd on both": (stray_eventd, {"cyclades.eventd_runs_on_the_master_only"}),
    "eventd on none": (
        put("node1", *PROCESSES, "snf-ganeti-eventd", value=None),
        {"cyclades.eventd_runs_on_the_master_only"},
    ),
    "VNC key of root": (
        put("node1", DAEMONS, "vnc", "linked", 1, "owner", value="root"),
        {"cyclades.vnc_certificate_is_the_proxy_s_to_read"},
    ),
    "VNC certificate of another": (
        put("node1", DAEMONS, "vnc", "names", value=[NODE2]),
        {"cyclades.vnc_certificate_is_for_the_cyclades_host"},
    ),
    "VNC key of another": (
        put("node1", DAEMONS, "vnc", "pair", value=False),
        {"cyclades.vnc_certificate_fits_its_key"},
    ),
    "nfdhcpd deaf": (
        put("node2", DAEMONS, "nfdhcpd_dump", value=""),
        {"cyclades.nfdhcpd_tells_its_clients"},
    ),
    "snf-image invalid": (
        say("gnt-os diagnose", "[global status: valid]", "[global status: partial valid]"),
        {"image.snf_image_is_valid_on_every_node"},
    ),
    "snf-image on one node only": (
        say("gnt-os diagnose", f"  Node: {NODE2}", f"  Other: {NODE2}"),
        {"image.snf_image_is_valid_on_every_node"},
    ),
    "shared folder gone": (
        put("node2", "system", "storage", "free_mib", value={"/": 3000}),
        {"image.shared_folder_is_visible"},
    ),
    "no gateway": (
        put("node1", "system", "network", "br1", "addresses", value=["10.0.1.1/24"]),
        {"networks.gateway_is_on_the_first_bridge"},
    ),
    "no forwarding": (
        put("node1", "packets", "forwarding", value="0"),
        {"networks.packets_are_forwarded"},
    ),
    "translation elsewhere": (
        put("node1", "packets", "nat", value=["-A POSTROUTING -o eth9 -j MASQUERADE"]),
        {"networks.addresses_are_translated_on_the_way_out"},
    ),
    "wrong queue": (
        put(
            "node2",
            "packets",
            "mangle",
            value=["-A PREROUTING -p udp -m udp --dport 67 -j NFQUEUE --queue-num 4"],
        ),
        {"networks.dhcp_goes_to_nfdhcpd_s_queue"},
    ),
    "kamaki for another cloud": (
        say("kamaki config", NODE1, "other"),
        {"kamaki.configuration_names_the_cloud_and_a_token"},
    ),
    "expired token": (
        put("node1", CLOUD, "kamaki authenticate", value={"code": 1, "out": "(401) Expired"}),
        {"kamaki.token_lets_the_first_user_in"},
    ),
    "no container": (
        say("kamaki containers", "images", "pithos"),
        {"kamaki.container_of_images_is_there"},
    ),
    "object instead of container": (
        say("kamaki files", "tiny.diskdump\n", ""),
        {"kamaki.image_s_file_is_uploaded"},
    ),
    "no image": (say("kamaki images", "Tiny", "Other"), {"kamaki.image_is_registered"}),
}
