"""As `mutations`: what differs from image and first boot, and what daemons have in effect."""

from __future__ import annotations

from tests.unit.check.mutations import Break, put

DRIFT, EFFECTIVE = "drift", "effective"
DATABASE = (EFFECTIVE, "postgresql")
MUTATIONS: dict[str, tuple[Break, set[str]]] = {
    "file changed": (
        put("node1", DRIFT, "changed", value=["/etc/passwd: mode 0666 instead of 0644"]),
        {"drift.no_file_was_changed"},
    ),
    "file gone": (
        put("node2", DRIFT, "missing", value=["/etc/cron.d/ganeti"]),
        {"drift.no_file_is_missing"},
    ),
    "file added": (
        put("node1", DRIFT, "added", value=["/etc/cron.d/clean-up"]),
        {"drift.no_file_was_added"},
    ),
    "root shell": (
        put("node1", DRIFT, "opened", value=["/var/lib/postgresql/sh: mode 4755"]),
        {"drift.nothing_is_open_to_everybody"},
    ),
    "state on the system disk": (
        put("node1", DRIFT, "perishable", value=["/srv/images/mine.diskdump"]),
        {"drift.nothing_that_must_last_is_on_the_system_disk"},
    ),
    "first boot off": (
        put("node2", DRIFT, "boot", value=["firstboot: started in no runlevel instead of 2345"]),
        {"drift.next_boot_starts_the_same"},
    ),
    "interfaces changed": (
        put("node1", "done", "network", value="no longer so: Write the interfaces."),
        {"drift.step_is_still_done"},
    ),
    "key readable": (
        put("node1", "hygiene", "secrets", "keys", value=["/etc/ssh/ssh_host_rsa_key"]),
        {"hygiene.no_private_key_is_readable_by_all"},
    ),
    "a rule less": (
        put("node1", "packets", "ipv4", value=["-P INPUT DROP", "-A INPUT -i lo -j ACCEPT"]),
        {"networks.packet_filter_is_as_rendered"},
    ),
    "a rule more": (
        put("node2", "packets", "ipv6", value=["-P INPUT ACCEPT"]),
        {"networks.packet_filter_is_as_rendered"},
    ),
    "volume gone": (
        put("node2", "system", "storage", "mounts", value=[]),
        {
            "storage.shared_folder_is_mounted_from_the_server",
            "storage.shared_folder_is_a_mount",
            "storage.all_of_fstab_is_mounted",
        },
    ),
    "fstab has a disk more": (
        put("node1", "system", "storage", "fstab", 0, 1, value="/mnt"),
        {"storage.all_of_fstab_is_mounted"},
    ),
    "cron stopped": (
        put("node1", "system", "daemons", "cron", "code", value=3),
        {"services.daemon_of_a_package_runs"},
    ),
    "somebody listens": (
        put("node2", "system", "ports", 0, value=["tcp", "0.0.0.0", 8000]),
        {"services.nothing_else_listens", "services.port_listens_where_the_role_says"},
    ),
    "altered system": (
        put("node1", *DATABASE, "set", value=["fsync = off by configuration file"]),
        {"effective.database_has_only_the_settings_of_its_files"},
    ),
    "fsync off": (
        put("node1", *DATABASE, "on", value=["autovacuum"]),
        {"effective.database_keeps_what_it_is_given"},
    ),
    "file not read": (
        put("node1", *DATABASE, "unread", value=["/etc/postgresql/15/main/pg_hba.conf"]),
        {"effective.database_has_read_its_files"},
    ),
    "second superuser": (
        put("node1", *DATABASE, "superuser", value=["admin", "postgres"]),
        {"effective.database_has_no_other_account"},
    ),
    "scratch database": (
        put("node1", *DATABASE, "database", value=["scratch"]),
        {"effective.there_is_no_other_database"},
    ),
    "guest is back": (
        put("node1", EFFECTIVE, "rabbitmq", "users", "guest", value="administrator"),
        {"effective.broker_has_one_account"},
    ),
    "messages expire": (
        put("node1", EFFECTIVE, "rabbitmq", "policies", value=[["/", "ttl"]]),
        {"effective.broker_permits_all_to_that_account"},
    ),
    "nobody's console": (
        put("node1", EFFECTIVE, "vncauthproxy", value=[]),
        {"effective.vnc_proxy_knows_one_user"},
    ),
    "site's file is wrong": (
        put("node2", EFFECTIVE, "apache", value="Syntax error on line 3"),
        {"effective.apache_could_start_again"},
    ),
}
