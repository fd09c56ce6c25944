"""One broken thing each, and the checks that must turn red for it, all others staying green."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.check import healthy
from tests.unit.check.healthy import Document

Break = Callable[[dict[str, Document]], object]
HBA = "/etc/postgresql/15/main/pg_hba.conf"


def put(node: str, *where: str | int, value: object) -> Break:
    """Put `value` into the document of `node` at the place that `where` spells."""

    def change(documents: dict[str, Document]) -> None:
        at = documents[node]
        for key in where[:-1]:
            at = at[key]
        at[where[-1]] = value

    return change


def drop(node: str, *where: str) -> Break:
    """Remove the entry of the document of `node` that `where` spells."""

    def change(documents: dict[str, Document]) -> None:
        at = documents[node]
        for key in where[:-1]:
            at = at[key]
        del at[where[-1]]

    return change


def twin_keys(documents: dict[str, Document]) -> None:
    ours = documents["node1"]["hygiene"]["identity"]["host key rsa"]
    documents["node2"]["hygiene"]["identity"]["host key rsa"] = ours


def deaf_port(documents: dict[str, Document]) -> None:
    ports = documents["node1"]["system"]["ports"]
    documents["node1"]["system"]["ports"] = [one for one in ports if one[2] != 5672]


def open_cache(documents: dict[str, Document]) -> None:
    documents["node1"]["system"]["ports"].append(["tcp", "0.0.0.0", 11211])


SYSTEM, HYGIENE, REACH = "system", "hygiene", "reach"
NODE1, NODE2 = "node1.rehearsal.test", "node2.rehearsal.test"
MUTATIONS: dict[str, tuple[Break, set[str]]] = {
    "package lost": (
        drop("node2", SYSTEM, "packages", "apache2"),
        {"packages.package_is_installed"},
    ),
    "service dead": (
        put("node1", SYSTEM, "services", "apache2", "code", value=3),
        {"services.service_runs"},
    ),
    "Ganeti daemon dead": (
        put("node1", SYSTEM, "services", "ganeti", "says", value="ganeti-luxid is running."),
        {"ganeti.daemon_runs", "ganeti.master_daemon_runs"},
    ),
    "service not enabled": (
        put("node1", SYSTEM, "services", "ssh", "enabled", value=False),
        {"services.service_starts_at_boot"},
    ),
    "port deaf": (deaf_port, {"services.port_listens_where_the_role_says"}),
    "port open to all": (open_cache, {"services.port_listens_where_the_role_says"}),
    "file changed": (
        put("node1", "files", HBA, "sha256", value="0"),
        {"files.file_is_as_rendered"},
    ),
    "file readable": (
        put("node1", "files", HBA, "mode", value="0666"),
        {"files.file_has_its_mode_and_owner"},
    ),
    "file missing": (
        put("node1", "files", HBA, value=None),
        {"files.file_is_as_rendered", "files.file_has_its_mode_and_owner"},
    ),
    "folder of another": (
        put("node1", "files", "/srv/archip/maps", "owner", value="root"),
        {"files.directory_has_its_mode_and_owner"},
    ),
    "wrong uid": (
        put("node2", SYSTEM, "accounts", "users", "synnefo", value=[201, 200]),
        {"accounts.user_has_its_ids", "accounts.id_belongs_to_that_user_alone"},
    ),
    "empty password": (
        put("node1", SYSTEM, "accounts", "passwords", "synnefo", value="empty"),
        {"accounts.nobody_has_an_empty_password"},
    ),
    "processes of others": (
        put("node1", SYSTEM, "seen_by_nobody", value=99),
        {"accounts.nobody_sees_the_processes_of_others"},
    ),
    "root password": (
        put("node1", SYSTEM, "accounts", "passwords", "root", value="set"),
        {"accounts.root_logs_in_with_a_key_only"},
    ),
    "shadow unread": (
        drop("node2", SYSTEM, "accounts", "passwords", "synnefo"),
        {"accounts.accounts_were_all_read"},
    ),
    "second group of that number": (
        put("node1", SYSTEM, "accounts", "groups", "guests", value=300),
        {"accounts.id_belongs_to_that_user_alone"},
    ),
    "default site left": (
        put("node1", SYSTEM, "apache", "sites", value=["000-default", "synnefo-ssl", "synnefo"]),
        {"apache.only_the_sites_of_synnefo_are_enabled"},
    ),
    "folders listed": (
        put("node2", SYSTEM, "apache", "modules", value=["ssl", "autoindex"]),
        {"apache.apache_has_its_modules_and_lists_no_folders"},
    ),
    "no room for images": (
        put("node1", SYSTEM, "storage", "free_mib", "/srv/archip", value=40000),
        {"storage.shared_folder_holds_several_images"},
    ),
    "name server on the loopback": (
        put("node1", SYSTEM, "names", "nameservers", value=["127.0.0.1"]),
        {"names.the_dns_host_is_the_only_nameserver"},
    ),
    "policy-rc.d left": (
        put("node1", HYGIENE, "leftovers", value=["/usr/sbin/policy-rc.d"]),
        {"hygiene.no_file_of_the_bake_is_left"},
    ),
    "diversion left": (
        put("node1", HYGIENE, "diversions", value=["/sbin/start-stop-daemon"]),
        {"hygiene.nothing_is_diverted_by_hand"},
    ),
    "unsafe io left": (
        put("node2", HYGIENE, "unsafe_io", value=["/etc/dpkg/dpkg.cfg"]),
        {"hygiene.dpkg_syncs_to_disk"},
    ),
    "placeholder left": (
        put("node1", HYGIENE, "secrets", "placeholders", value=["/etc/x"]),
        {"hygiene.every_placeholder_was_completed"},
    ),
    "secret readable": (
        put("node1", HYGIENE, "secrets", "readable", value=["/etc/x"]),
        {"hygiene.no_secret_is_readable_by_all"},
    ),
    "secret among the words of a process": (
        put("node1", HYGIENE, "shown", value=["snf-manage"]),
        {"hygiene.no_process_has_a_secret_among_its_words"},
    ),
    "secret logged": (
        put("node1", HYGIENE, "secrets", "logged", value=["/var/log/firstboot.log"]),
        {"hygiene.no_secret_is_in_a_log"},
    ),
    "twin host keys": (twin_keys, {"hygiene.no_identity_is_shared"}),
    "no machine-id": (
        put("node1", HYGIENE, "identity", "machine-id", value=""),
        {"hygiene.node_has_its_own"},
    ),
    "first boot failed": (
        put("node2", SYSTEM, "first_boot", "result", "state", value="failed"),
        {"node.first_boot_is_ready"},
    ),
    "no result": (
        put("node2", SYSTEM, "first_boot", "result", value=None),
        {"node.first_boot_is_ready", "node.step_did_not_fail"},
    ),
    "marker missing": (
        put("node2", SYSTEM, "first_boot", "markers", value=[]),
        {"node.step_left_its_marker"},
    ),
    "short name": (
        put("node1", SYSTEM, "names", "fqdn", value="node1"),
        {
            "names.own_name_is_the_fqdn",
            "names.name_is_in_the_site_s_domain",
        },
    ),
    "loopback name": (
        put("node1", SYSTEM, "names", "addresses", NODE1, value=["127.0.1.1"]),
        {"names.name_resolves_to_its_address_only"},
    ),
    "two nameservers": (
        put("node2", SYSTEM, "names", "nameservers", value=["198.51.100.1", "8.8.8.8"]),
        {"names.the_dns_host_is_the_only_nameserver"},
    ),
    "wrong address": (
        put("node2", SYSTEM, "network", "eth0", "addresses", value=["198.51.100.9/24"]),
        {"names.the_site_s_interface_has_its_address"},
    ),
    "clock off": (put("node2", "clock_offset", value=[90.0, 0.2]), {"names.clocks_agree"}),
    "clock free": (
        put("node2", SYSTEM, "clock", "chrony", value="7F7F0101,,10,0"),
        {"names.clock_follows_the_time_server"},
    ),
    "database shut": (
        put("node2", REACH, "databases", "snf_pithos", value="FATAL: no pg_hba.conf entry"),
        {"services_reached.database_lets_the_application_in"},
    ),
    "broker shut": (
        put("node2", REACH, "brokers", NODE1, value="403 ACCESS_REFUSED"),
        {"services_reached.broker_lets_the_application_in"},
    ),
    "broker open": (
        put("node1", REACH, "brokers", "127.0.0.1", value="ok"),
        {"services_reached.broker_has_no_default_account"},
    ),
    "certificate unknown": (
        put("node1", REACH, "certificates", NODE1, "verified", value=False),
        {"services_reached.certificate_is_trusted"},
    ),
    "certificate of another": (
        put("node2", REACH, "certificates", NODE1, value=healthy.shown_certificate("other")),
        {"services_reached.certificate_names_the_server"},
    ),
    "certificate ends": (
        put("node2", REACH, "certificates", NODE2, value=healthy.shown_certificate(NODE2, 5)),
        {"services_reached.certificate_lasts_a_month"},
    ),
    "http stays": (
        put("node1", REACH, "http", NODE1, value={"status": 200, "location": ""}),
        {"services_reached.plain_http_is_sent_to_https"},
    ),
    "volume group small": (
        put("node2", SYSTEM, "storage", "volume_groups", value={"ganeti": 20476.0}),
        {"storage.volume_group_is_big_enough"},
    ),
    "drbd helper": (
        put("node1", SYSTEM, "drbd_helper", value="/sbin/drbdadm"),
        {"storage.drbd_calls_no_helper"},
    ),
    "not mounted": (
        put("node2", SYSTEM, "storage", "mounts", 1, 0, value="/dev/sdb1"),
        {"storage.shared_folder_is_mounted_from_the_server"},
    ),
    "no root ssh": (
        put("node2", REACH, "peers", NODE1, value="Permission denied (publickey)."),
        {"ganeti.root_reaches_the_other_node"},
    ),
    "bridge without port": (
        put("node1", SYSTEM, "network", "br2", "ports", value=[]),
        {"ganeti.bridge_is_up_with_its_port"},
    ),
    "rapi open": (
        put("node1", REACH, "rapi", "wrong password", value=200),
        {"ganeti.rapi_refuses_a_wrong_password"},
    ),
    "rapi shut": (
        put("node2", REACH, "rapi", "right password", value=401),
        {"ganeti.cluster_name_is_answered_by_rapi"},
    ),
}
