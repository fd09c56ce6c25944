"""Steps of Ganeti: the cluster, its members, its remote API."""

import json
import os
import stat

from engine import ganeti, probe
from engine.failures import CommandError, StepError
from steps import (
    drbd,
    ganeti_disk_parameters,
    ganeti_init,
    ganeti_join,
    rapi_user,
)
from world import raises

HELPER = "sys/module/drbd/parameters/usermode_helper"


def case_rapi_digest_is_the_guide_s(world):
    assert rapi_user.line("example_rapi_passw0rd") == (
        "cyclades {HA1}55aec7050aa4e4b111ca43cb505a61a0 write\n"
    )


def case_rapi_user_is_spread_only_when_there_are_others(world):
    world.program("gnt-cluster")
    ctx = world.context()
    rapi_user.run(ctx)
    assert rapi_user.done(ctx) and world.calls() == []
    assert stat.S_IMODE(os.stat(world.path("var/lib/ganeti/rapi/users")).st_mode) == 0o640
    world.put("var/lib/ganeti/ssconf_node_list", "n1.small.example\nn2.small.example\n")
    rapi_user.run(ctx)
    assert world.calls() == ["gnt-cluster redist-conf"]


def case_cluster_is_made_as_the_guide_does(world):
    words = " ".join(ganeti_init.command(world.context(), ["drbd", "plain"]))
    assert words == (
        "gnt-cluster init --enabled-hypervisors=kvm --no-ssh-init --no-etc-hosts --vg-name=ganeti "
        "--disk-parameters=drbd:metavg=ganeti --enabled-disk-templates=drbd,plain "
        "--nic-parameters link=br1 --default-iallocator hail "
        "--hypervisor-parameters kvm:kernel_path=,vnc_bind_address=0.0.0.0 "
        "--specs-nic-count min=0,max=16 --master-netdev eth0 ganeti.n1.small.example"
    )
    assert "drbd" not in " ".join(ganeti_init.command(world.context(), ["plain"]))
    world.golden["variables"]["ganeti_init_options"] = ["--master-netmask=32"]
    more = ganeti_init.command(world.context(), ["plain"])
    assert more[-2:] == ["--master-netmask=32", "ganeti.n1.small.example"]


def cluster(world):
    """A host on which `gnt-cluster init` would work, and leaves what the real one leaves."""
    world.put("etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa AAAAn1")
    world.put(HELPER, "/bin/true\n")
    world.put("var/lib/ganeti/queue/empty", "")
    addresses = {"n1.small.example": "198.51.100.1", "ganeti.n1.small.example": "198.51.100.100"}
    world.patch(probe, "resolved", addresses.get)
    world.patch(probe, "interface_address", lambda name: "198.51.100.1")
    config = world.path("var/lib/ganeti/config.data")
    world.patch(probe, "tcp", lambda address, port, seconds=5: os.path.exists(config))
    world.program(
        "gnt-cluster",
        """cd ROOT/var/lib/ganeti
# Ganeti 3.0, lib/bootstrap.py, InitCluster: "contains non-directory entries".
[ -z "$(find . -maxdepth 1 ! -type d)" ] || exit 1
echo n1.small.example > ssconf_master_node
echo '{}' > config.data
echo 'ganeti.n1.small.example ssh-rsa AAAAn1' > known_hosts""",
    )
    world.program("daemon-util", path="usr/lib/ganeti/daemon-util")
    return world.context()


def case_cluster_knows_the_host_keys_of_all_nodes(world):
    ctx = cluster(world)
    assert not ganeti_init.done(ctx)
    ganeti_init.run(ctx)
    assert ganeti_init.done(ctx)
    assert world.get("var/lib/ganeti/known_hosts").splitlines() == [
        "ganeti.n1.small.example ssh-rsa AAAAn1",
        "ganeti.n1.small.example ssh-rsa AAAAn2",
    ]
    ganeti_init.run(ctx)
    assert len([call for call in world.calls() if "gnt-cluster init" in call]) == 1


def case_an_init_that_was_cut_is_begun_anew(world):
    ctx = cluster(world)
    world.put("srv/ganeti/init.begun", "x")
    for name in ("ssconf_master_node", "config.data", "server.pem", "queue/job-1"):
        world.put("var/lib/ganeti/" + name, "half")
    assert not ganeti_init.done(ctx)
    ganeti_init.run(ctx)
    assert world.calls()[0] == "daemon-util stop-all"
    assert not os.path.exists(world.path("var/lib/ganeti/server.pem"))
    assert not os.path.exists(world.path("var/lib/ganeti/queue/job-1"))
    assert ganeti_init.done(ctx)


def case_an_address_that_ganeti_did_not_raise_is_raised_at_any_boot(world):
    ctx, up = cluster(world), world.path("address-is-up")
    ganeti_init.run(ctx)
    world.patch(
        probe,
        "tcp",
        lambda address, port, seconds=5: address != "198.51.100.100" or os.path.exists(up),
    )
    world.program("gnt-cluster", "exit 1")
    assert not ganeti_init.served(ctx), "it is not, and it is no failure either"
    world.program("gnt-cluster", "> ROOT/address-is-up")
    assert not ganeti_init.served(ctx) and ganeti_init.served(ctx)
    assert world.calls()[1:] == ["gnt-cluster activate-master-ip"] * 2


SLOW = """cd ROOT/var/lib/ganeti
echo {{}} > config.data
[ "$(grep -c "^gnt-cluster init" ROOT/calls)" -gt {0} ] || {{
    echo "Failure: Master daemon didn't answer queries within 10.0 seconds" >&2
    exit 1
}}
echo n1.small.example > ssconf_master_node
echo 'ganeti.n1.small.example ssh-rsa AAAAn1' > known_hosts"""


def case_daemons_that_are_slow_to_answer_get_another_try(world):
    ctx = cluster(world)
    world.program("gnt-cluster", SLOW.format(1))
    ganeti_init.run(ctx)
    assert [call.split(" --")[0] for call in world.calls()] == [
        "gnt-cluster init",
        "daemon-util stop-all",
        "gnt-cluster init",
    ]
    assert ganeti_init.done(ctx)


def case_daemons_that_never_answer_are_said(world):
    ctx = cluster(world)
    world.program("gnt-cluster", SLOW.format(9))
    assert "didn't answer queries" in raises(CommandError, ganeti_init.run, ctx)
    assert len([call for call in world.calls() if "init" in call]) == ganeti_init.TRIES
    assert not ganeti_init.done(ctx)


def case_what_ganeti_would_refuse_is_said_before(world):
    ctx = cluster(world)
    for name, value, said in (
        ("resolved", lambda name: "127.0.1.1", "n1.small.example resolves to 127.0.1.1"),
        ("interface_address", lambda name: None, "eth0 does not have the address 198.51.100.1"),
        ("tcp", lambda address, port, seconds=5: True, "198.51.100.100 answers already"),
    ):
        before = getattr(probe, name)
        world.patch(probe, name, value)
        assert said in raises(StepError, ganeti_init.run, ctx), name
        world.patch(probe, name, before)
    os.unlink(world.path("etc/ssh/ssh_host_rsa_key.pub"))
    assert "ssh_host_rsa_key.pub" in raises(StepError, ganeti_init.run, ctx)
    assert not world.calls()


def config(world, at_cluster, at_group):
    world.put(
        "var/lib/ganeti/config.data",
        json.dumps(
            {
                "cluster": {"diskparams": at_cluster},
                "nodegroups": {"u-1": {"name": "default", "diskparams": at_group}},
            }
        ),
    )


def case_disk_parameters_are_read_from_the_configuration(world):
    ours = {"drbd": {"metavg": "ganeti"}}
    world.put(HELPER, "/bin/true\n")
    assert drbd.done(world.context())
    for at_cluster, at_group, expected in (
        (ours, ours, True),
        (ours, {}, False),
        ({}, ours, False),
    ):
        config(world, at_cluster, at_group)
        assert ganeti_disk_parameters.done(world.context()) is expected


def case_disk_parameters_are_set_where_they_are_missing(world):
    world.put(HELPER, "/bin/true\n")
    config(world, {"drbd": {"metavg": "ganeti"}}, {})
    world.program("gnt-cluster")
    world.program(
        "gnt-group",
        "cd ROOT/var/lib/ganeti; sed -i "
        '\'s/"diskparams": {}/"diskparams": {"drbd": {"metavg": "ganeti"}}/\' config.data',
    )
    ganeti_disk_parameters.run(world.context())
    assert world.calls() == ["gnt-group modify --disk-parameters=drbd:metavg=ganeti default"]


def case_a_member_waits_for_its_master(world):
    members = iter(["", "", "n1.small.example\n", "n1.small.example\nn2.small.example\n"])
    world.golden["node"] = world.golden["nodes"][1]
    world.image["services"]["ganeti"] = "ganeti"
    world.program("ganeti", path="etc/init.d/ganeti")
    ctx = world.context()
    waits = []
    ctx.on_waiting = waits.append
    world.patch(ganeti, "node_names", lambda ctx: next(members, "n2.small.example").split())
    world.patch(ganeti, "node_daemon_runs", lambda address: address == "198.51.100.2")
    assert not ganeti_join.done(ctx)
    ganeti_join.run(ctx)
    assert waits[0].startswith("waiting for n1 to add this node to the cluster, 0 s of")
    assert world.calls() == ["ganeti start"]
