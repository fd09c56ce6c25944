"""Ganeti and Synnefo: nodes drained, the watcher paused, users and networks changed."""

from __future__ import annotations

from bench.mutation.change import STEP, Change, in_sql

BACKEND = "cyclades.cluster_is_a_backend_in_use"
NETWORK = "cyclades.public_network_is_as_the_site_wants_it"


def ganeti(what: str, do: str, undo: str, *red: str, says: str = "", short: bool = False) -> Change:
    """Something said to the cluster's master; its checks are about the whole site."""
    return Change(f"Ganeti: {what}", "node1", do, undo, red, says, site=True, short=short)


def manage(what: str, do: str, undo: str, *red: str, says: str = "") -> Change:
    """Something said to snf-manage."""
    return Change(f"Synnefo: {what}", "node1", f"snf-manage {do}", f"snf-manage {undo}", red, says)


GANETI = (
    ganeti("node2 drained", "gnt-node modify --drained=yes node2.rehearsal.test",
           "gnt-node modify --drained=no --master-candidate=yes node2.rehearsal.test",
           "ganeti.cluster_has_every_node_online", says="node2"),
    ganeti("node2 offline", "gnt-node modify --offline=yes node2.rehearsal.test",
           # --offline=no asks a person first; a candidate is not offline.
           "gnt-node modify --master-candidate=yes node2.rehearsal.test",
           "ganeti.cluster_has_every_node_online", says="node2"),
    ganeti("node2 is no candidate", "gnt-node modify --force --master-candidate=no "
           "node2.rehearsal.test", "gnt-node modify --master-candidate=yes node2.rehearsal.test",
           "ganeti.every_node_can_become_master"),
    ganeti("the watcher is paused", "gnt-cluster watcher pause 30d", "gnt-cluster watcher continue",
           "ganeti.watcher_and_queue_are_not_held", says="paused"),
    ganeti("the job queue is drained", "gnt-cluster queue drain", "gnt-cluster queue undrain",
           "ganeti.watcher_and_queue_are_not_held", says="drain"),
    ganeti("the public network is disconnected",
           "gnt-network disconnect snf-net-1 default", "gnt-network connect "
           "--nic-parameters=mode=bridged,link=br1 snf-net-1 default",
           "cyclades.ganeti_has_the_public_network"),
    Change("Ganeti: another password of RAPI", "node1",
           "mkdir -p /run/mutation; cp -a /var/lib/ganeti/rapi/users /run/mutation/rapi; "
           "echo 'cyclades other write' >/var/lib/ganeti/rapi/users",
           "cp -a /run/mutation/rapi /var/lib/ganeti/rapi/users; rm /run/mutation/rapi",
           ("ganeti.cluster_name_is_answered_by_rapi", STEP), steps=("rapi_user",)),
)  # fmt: skip

SYNNEFO = (
    manage("the backend drained", "backend-modify --drained=True 1",
           "backend-modify --drained=False 1", BACKEND),
    in_sql("Synnefo: the public network drained",
           "\\c snf_apps\nUPDATE db_network SET drained = true WHERE public",
           "\\c snf_apps\nUPDATE db_network SET drained = false WHERE public", NETWORK),
    in_sql("Synnefo: the first user is deactivated",
           "\\c snf_apps\nUPDATE auth_user SET is_active = false",
           "\\c snf_apps\nUPDATE auth_user SET is_active = true", "astakos.first_user_is_active"),
    in_sql("Synnefo: the token of Pithos is another",
           "\\c snf_apps\nUPDATE im_component SET auth_token = 'x' || auth_token "
           "WHERE name = 'pithos'",
           "\\c snf_apps\nUPDATE im_component SET auth_token = substr(auth_token, 2) "
           "WHERE name = 'pithos'", "astakos.component_has_the_site_s_token"),
    in_sql("Synnefo: Pithos has another address",
           "\\c snf_apps\nUPDATE im_component SET base_url = base_url || 'x' WHERE name = 'pithos'",
           "\\c snf_apps\nUPDATE im_component SET base_url = rtrim(base_url, 'x') "
           "WHERE name = 'pithos'", "astakos.component_has_its_addresses"),
    Change("kamaki has another token", "node1",
           "mkdir -p /run/mutation; cp -a /root/.kamakirc /run/mutation/kamakirc; "
           "sed -i 's/^token = /token = x/' /root/.kamakirc",
           "cp -a /run/mutation/kamakirc /root/.kamakirc; rm /run/mutation/kamakirc",
           ("kamaki.token_lets_the_first_user_in", STEP), steps=("kamaki",)),
)  # fmt: skip

LEFT = (
    Change("first boot's result is gone", "node2",
           "mv /var/lib/firstboot/result.json /run/mutation.result",
           "mv /run/mutation.result /var/lib/firstboot/result.json",
           ("node.first_boot_is_ready",)),
    Change("a marker of first boot is gone", "node2",
           "set -- /var/lib/firstboot/*/network.done; mv $1 /run/mutation.done; "
           "echo $1 >/run/mutation.where",
           "mv /run/mutation.done $(cat /run/mutation.where); rm /run/mutation.where",
           ("node.step_left_its_marker",)),
    Change("a password in a log", "node1",
           "sed -n 's/.*synnefo:\\([^@]*\\)@.*/\\1/p' /etc/synnefo/20-snf-cyclades-app-queues.conf "
           ">/var/log/leak; test -s /var/log/leak", "rm /var/log/leak",
           ("hygiene.no_secret_is_in_a_log", "hygiene.no_secret_is_readable_by_all"), "leak"),
    Change("policy-rc.d left", "node2", "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d",
           "rm /usr/sbin/policy-rc.d",
           ("hygiene.no_file_of_the_bake_is_left", "drift.no_file_was_added"), "policy-rc.d"),
    Change("dpkg does not sync", "node1", "echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/fast",
           "rm /etc/dpkg/dpkg.cfg.d/fast",
           ("hygiene.dpkg_syncs_to_disk", "drift.no_file_was_added"), "fast"),
    Change("a program diverted by hand", "node2",
           "dpkg-divert --quiet --local --rename --add /usr/bin/less",
           "dpkg-divert --quiet --local --rename --remove /usr/bin/less; "
           "rm /var/lib/dpkg/diversions-old",
           ("hygiene.nothing_is_diverted_by_hand", "drift.no_file_is_missing"), "less"),
)  # fmt: skip

ALL = (*GANETI, *SYNNEFO, *LEFT)
