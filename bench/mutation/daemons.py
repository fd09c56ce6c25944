"""Daemons stopped, killed or told otherwise: their own settings, accounts and permissions."""

from __future__ import annotations

from bench.mutation.change import PORT, RUNS, STEP, Change, in_sql, stopped

PACKAGE_DAEMON, LISTENS = "services.daemon_of_a_package_runs", "services.nothing_else_listens"
PROCESS = "cyclades.daemon_has_a_process"
SETTINGS = "effective.database_has_only_the_settings_of_its_files"
KEEPS = "effective.database_keeps_what_it_is_given"
BROKER, PERMITS = "effective.broker_has_one_account", "effective.broker_permits_all_to_that_account"
RABBIT = "rabbitmqctl -q"
RELOAD = "cd / && su -s /bin/sh postgres -c \"psql -qAtXc 'SELECT pg_reload_conf()'\""


def killed(node: str, name: str, pid: str, again: str, *red: str) -> Change:
    """A daemon died; the command `pid` prints its process id."""
    return Change(f"{name} killed", node, f"kill -9 $({pid})", again, red)


def altered(setting: str, wrong: str, *red: str, short: bool = False) -> Change:
    """ALTER SYSTEM, which no file in /etc shows."""
    one = in_sql("", f"ALTER SYSTEM SET {setting} = {wrong}", f"ALTER SYSTEM RESET {setting}")
    what = f"PostgreSQL: ALTER SYSTEM SET {setting} = {wrong}"
    do, undo = f"{one.do} && {RELOAD}", f"{one.undo} && {RELOAD}"
    return Change(what, "node1", do, undo, (SETTINGS, *red), setting, short=short)


def broker(what: str, do: str, undo: str, *red: str, says: str = "") -> Change:
    """Something said to the message broker."""
    return Change(f"RabbitMQ: {what}", "node1", f"{RABBIT} {do}", f"{RABBIT} {undo}", red, says)


STOPPED = (
    stopped("node1", "cron", PACKAGE_DAEMON, says="cron", short=True),
    stopped("node2", "rsyslog", PACKAGE_DAEMON, says="rsyslog"),
    stopped("node1", "acpid", PACKAGE_DAEMON, says="acpid"),
    # Not by its init script, which in a container takes it for another program.
    killed("node1", "memcached", "pidof memcached", "/etc/init.d/memcached start", RUNS, PORT),
    stopped("node2", "apache2", RUNS, PORT),
    stopped("node2", "gunicorn", RUNS, PROCESS),
    stopped("node1", "dnsmasq", RUNS, PORT),
    stopped("node1", "snf-dispatcher", RUNS, PROCESS),
    stopped("node1", "snf-ganeti-eventd", "cyclades.eventd_runs_on_the_master_only"),
    stopped("node1", "vncauthproxy", RUNS, PORT, PROCESS),
    stopped("node2", "ganeti", "ganeti.daemon_runs"),
    # In a container start-stop-daemon cannot tell whose process it is, and trusts no such pid file.
    killed("node1", "ganeti-rapi", "cat /run/ganeti/ganeti-rapi.pid",
           "rm /run/ganeti/ganeti-rapi.pid; /etc/init.d/ganeti start", "ganeti.master_daemon_runs",
           "ganeti.cluster_name_is_answered_by_rapi"),
    killed("node2", "archipelago's mapperd", "cat /run/archipelago/mapperd.pid",
           "/etc/init.d/archipelago restart", "image.archipelago_runs_beside_it"),
    Change("somebody's web server", "node2",
           "cd /usr/share/doc; setsid python3 -m http.server 8000 & echo $! >/run/mutation.pid",
           "kill $(cat /run/mutation.pid); rm /run/mutation.pid", (LISTENS,), "8000", short=True),
)  # fmt: skip

DATABASE = (
    altered("fsync", "off", KEEPS),
    altered("synchronous_commit", "off", KEEPS),
    altered("max_connections", "20"),
    altered("log_statement", "'all'"),
    in_sql("PostgreSQL: a setting of one database",
           "ALTER DATABASE snf_apps SET synchronous_commit = off",
           "ALTER DATABASE snf_apps RESET synchronous_commit", SETTINGS, says="synchronous_commit"),
    in_sql("PostgreSQL: a second superuser", "CREATE ROLE dba SUPERUSER LOGIN", "DROP ROLE dba",
           "effective.database_has_no_other_account", says="dba"),
    in_sql("PostgreSQL: the application is a superuser", "ALTER ROLE synnefo SUPERUSER",
           "ALTER ROLE synnefo NOSUPERUSER", "effective.database_has_no_other_account"),
    in_sql("PostgreSQL: a scratch database", "CREATE DATABASE scratch", "DROP DATABASE scratch",
           "effective.there_is_no_other_database", says="scratch"),
    in_sql("PostgreSQL: the application may not log in", "ALTER ROLE synnefo NOLOGIN",
           "ALTER ROLE synnefo LOGIN", "services_reached.database_lets_the_application_in"),
    Change("PostgreSQL: a file changed and not read", "node1",
           "mkdir -p /run/mutation; cd /etc/postgresql/*/main; touch -r pg_hba.conf "
           "/run/mutation/time; echo >>pg_hba.conf",
           "cd /etc/postgresql/*/main; sed -i '$d' pg_hba.conf; "
           "chown postgres:postgres pg_hba.conf; touch -r /run/mutation/time pg_hba.conf; "
           "rm /run/mutation/time",
           ("effective.database_has_read_its_files",)),
)  # fmt: skip

BROKER_CHANGES = (
    broker("guest is back", "add_user guest guest", "delete_user guest", BROKER, says="guest"),
    broker("the account has no rights", "set_permissions synnefo '^$' '^$' '^$'",
           "set_permissions synnefo '.*' '.*' '.*'", PERMITS),
    broker("messages expire", "set_policy ttl '.*' '{\"message-ttl\":1000}'", "clear_policy ttl",
           PERMITS, says="policy"),
    broker("the account is no administrator", "set_user_tags synnefo",
           "set_user_tags synnefo administrator", BROKER),
)  # fmt: skip

MOUNTS = (
    Change("/srv/archip unmounted", "node2",
           "mkdir /run/archip && mount --bind /srv/archip /run/archip && umount -l /srv/archip",
           "mount --bind /run/archip /srv/archip && umount /run/archip && rmdir /run/archip",
           ("storage.shared_folder_is_a_mount",)),
    Change("vncauthproxy's users emptied", "node1",
           "mkdir -p /run/mutation; cp -a /var/lib/vncauthproxy/users /run/mutation/vnc-users; "
           ": >/var/lib/vncauthproxy/users",
           "cp -a /run/mutation/vnc-users /var/lib/vncauthproxy/users; rm /run/mutation/vnc-users",
           ("effective.vnc_proxy_knows_one_user", STEP), steps=("vncauthproxy",)),
    Change("vncauthproxy lets somebody else in", "node1",
           "echo 'other:$6$x$y' >>/var/lib/vncauthproxy/users",
           "sed -i '/^other:/d' /var/lib/vncauthproxy/users; "
           "chown vncauthproxy:vncauthproxy /var/lib/vncauthproxy/users",
           ("effective.vnc_proxy_knows_one_user",), "other"),
    Change("br1 is down", "node1", "ip link set br1 down",
           "ip link set br1 up", ("ganeti.bridge_is_up_with_its_port", STEP), steps=("network",)),
    Change("the gateway's address is gone from br1", "node1",
           "ip -o -4 addr show dev br1 | awk '{print $4}' >/run/mutation.address; "
           "ip addr del $(cat /run/mutation.address) dev br1",
           "ip addr add $(cat /run/mutation.address) dev br1; rm /run/mutation.address",
           ("networks.gateway_is_on_the_first_bridge",)),
    Change("the packet filter is off", "node2", "/etc/init.d/packet-filter stop",
           "/etc/init.d/packet-filter start",
           ("networks.packet_filter_is_as_rendered",
            "exposure.third_machine_reaches_what_is_opened_to_it"), site=True),
    Change("a rule of the packet filter is gone", "node2",
           "iptables -D INPUT -p tcp -m tcp --dport 443 -j ACCEPT",
           "/etc/init.d/packet-filter restart",
           ("networks.packet_filter_is_as_rendered",), "443", short=True),
    Change("the packet filter lets everybody at the database", "node1",
           "iptables -I INPUT -p tcp --dport 5432 -j ACCEPT", "/etc/init.d/packet-filter restart",
           ("networks.packet_filter_is_as_rendered",
            "exposure.third_machine_reaches_what_is_opened_to_it"), "5432", site=True),
    Change("machines reach their gateway", "node1", "iptables -D INPUT -i br1 -j DROP",
           "/etc/init.d/packet-filter restart",
           ("networks.packet_filter_is_as_rendered",
            "exposure.machines_reach_nothing_of_their_gateway"), site=True),
    Change("a copy of a file with a password, in base64, for all to read", "node2",
           "base64 -w0 /etc/synnefo/10-snf-webproject-database.conf >/opt/mutation; "
           "chmod 644 /opt/mutation", "rm /opt/mutation",
           ("hygiene.no_secret_is_readable_by_all",), "/opt/mutation"),
    Change("a password among the words of a process", "node1",
           "word=$(sed -n 's/.*default_pass, <<.\\(.*\\).>>.*/\\1/p' "
           "/etc/rabbitmq/rabbitmq.config); "
           "setsid sh -c 'sleep 600; :' \"$word\" & echo $! >/run/mutation.pid",
           "kill -- -$(cat /run/mutation.pid); rm /run/mutation.pid",
           ("hygiene.no_process_has_a_secret_among_its_words",), "sh"),
    Change("everybody sees all processes", "node2", "mount -o remount,hidepid=0 /proc",
           "mount -o remount,hidepid=2 /proc",
           ("accounts.nobody_sees_the_processes_of_others",)),
    Change("the address translation is flushed", "node1",
           "iptables-save -t nat >/run/mutation.nat; iptables -t nat -F POSTROUTING",
           "iptables-restore -n -T nat </run/mutation.nat; rm /run/mutation.nat",
           ("networks.addresses_are_translated_on_the_way_out",)),
    Change("packets are not forwarded", "node1", "echo 0 >/proc/sys/net/ipv4/ip_forward",
           "echo 1 >/proc/sys/net/ipv4/ip_forward", ("networks.packets_are_forwarded",),
           needs="forwarding"),
    Change("the clock is wrong by an hour", "node2", "date -s '+1 hour'", "date -s '-1 hour'",
           ("names.clocks_agree",), needs="clock", site=True),
    Change("the volume group is renamed", "node2", "vgrename ganeti old", "vgrename old ganeti",
           ("storage.volume_group_is_big_enough",), needs="lvm"),
    Change("DRBD calls its helper", "node1",
           "echo /sbin/drbdadm >/sys/module/drbd/parameters/usermode_helper",
           "echo /bin/true >/sys/module/drbd/parameters/usermode_helper",
           ("storage.drbd_calls_no_helper",), needs="drbd"),
    Change("the NFS export is withdrawn", "node1", "exportfs -ua", "exportfs -ra", (STEP,),
           steps=("nfs_export",),
           needs="nfsd"),
    Change("/etc/fstab mounts a disk that is not there", "node2",
           "echo '/dev/sdz1 /mnt ext4 defaults 0 2' >>/etc/fstab", "sed -i '/sdz1/d' /etc/fstab",
           ("storage.all_of_fstab_is_mounted",), needs="machine"),
)  # fmt: skip

ALL = (*STOPPED, *DATABASE, *BROKER_CHANGES, *MOUNTS)
