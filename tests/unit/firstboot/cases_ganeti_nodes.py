"""The step that adds the other nodes to the cluster."""

import json

from engine import probe
from engine.failures import StepError
from steps import ganeti_node_add
from world import raises


def case_nodes_are_added_when_they_let_us_in(world):
    world.put("var/lib/ganeti/ssconf_node_list", "n1.small.example\n")
    both = json.dumps({"nodes": {"u-2": {"name": "n2.small.example"}}})
    world.program(
        "gnt-node",
        "echo n2.small.example >> ROOT/var/lib/ganeti/ssconf_node_list; "
        "echo '{0}' > ROOT/var/lib/ganeti/config.data".format(both),
    )
    world.patch(probe, "ssh", lambda address: address == "198.51.100.2")
    world.program("ssh")
    ctx = world.context()
    assert not ganeti_node_add.done(ctx)
    ganeti_node_add.run(ctx)
    assert ganeti_node_add.done(ctx)
    ganeti_node_add.run(ctx)
    assert ganeti_calls(world) == [
        "gnt-node add --no-ssh-key-check --no-node-setup --master-capable=yes "
        "--vm-capable=yes n2.small.example"
    ]


def case_nodes_that_let_us_in_are_added_at_the_same_time(world):
    many(world, 5)
    # The first three end when all of them have begun.
    waits = "touch ROOT/$6; while [ $(ls -d ROOT/n?.small.example | wc -l) -lt 3 ]; "
    world.program("gnt-node", waits + "do sleep 0.05; done\n" + LISTED)
    late, waited = {"198.51.100.5"}, []
    world.patch(probe, "ssh", lambda address: address not in late)
    ctx = world.context()

    def on_waiting(text):
        waited.append(text)
        if "sshd" in text:
            late.clear()

    ctx.on_waiting = on_waiting
    ganeti_node_add.run(ctx)
    assert ganeti_node_add.done(ctx)
    added = [call.split()[-1].split(".")[0] for call in ganeti_calls(world)]
    assert sorted(added[:3]) == ["n2", "n3", "n4"] and added[3:] == ["n5"]
    assert waited[0].startswith("waiting for Ganeti to add n2, n3, n4, 0 s of ")
    assert any(text.startswith("waiting for n5 sshd, ") for text in waited)


def case_not_more_than_a_few_are_added_at_once(world):
    many(world, 4)
    world.patch(ganeti_node_add, "AT_ONCE", 1)
    world.program("gnt-node", "mkdir ROOT/one || exit 9; sleep 0.2; rmdir ROOT/one\n" + LISTED)
    world.patch(probe, "ssh", lambda address: True)
    ganeti_node_add.run(world.context())
    assert ganeti_node_add.done(world.context())


def case_a_node_that_cannot_be_added_fails_when_the_others_are_in(world):
    many(world, 4)
    world.program("gnt-node", "case $6 in n3*) echo refused; exit 5;; esac; sleep 0.2\n" + LISTED)
    world.patch(probe, "ssh", lambda address: True)
    said = raises(StepError, ganeti_node_add.run, world.context())
    assert "n3.small.example" in said and "refused" in said
    listed = world.get("var/lib/ganeti/ssconf_node_list").split()
    assert sorted(listed) == ["n1.small.example", "n2.small.example", "n4.small.example"]


# What `gnt-node add` leaves; its node is the sixth word.
LISTED = "echo $6 >> ROOT/var/lib/ganeti/ssconf_node_list"


def ganeti_calls(world):
    return [call for call in world.calls() if call.startswith("gnt-")]


def many(world, count):
    """A site of so many nodes, and a cluster that has none of the others."""
    world.program("ssh")
    world.put("var/lib/ganeti/ssconf_node_list", "n1.small.example\n")
    for number in range(3, count + 1):
        name = "n{0}".format(number)
        world.golden["nodes"].append(
            dict(
                world.golden["nodes"][1],
                name=name,
                fqdn=name + ".small.example",
                address="198.51.100.{0}".format(number),
            )
        )


def case_a_node_that_the_cluster_forgot_to_list_is_told_again(world):
    world.put("var/lib/ganeti/ssconf_node_list", "n1.small.example\n")
    nodes = {"u-1": {"name": "n1.small.example"}, "u-2": {"name": "n2.small.example"}}
    world.put("var/lib/ganeti/config.data", json.dumps({"nodes": nodes}))
    world.program("gnt-cluster", "echo n2.small.example >> ROOT/var/lib/ganeti/ssconf_node_list")
    world.patch(ganeti_node_add, "LIST_SECONDS", 0)
    world.program("ssh")
    ctx = world.context()
    assert not ganeti_node_add.done(ctx)
    ganeti_node_add.run(ctx)
    assert ganeti_node_add.done(ctx)
    assert ganeti_calls(world) == ["gnt-cluster redist-conf"]


def case_files_that_a_busy_node_did_not_take_are_sent_again(world):
    world.put("var/lib/ganeti/ssconf_node_list", "n1.small.example\nn2.small.example\n")
    nodes = {"u-1": {"name": "n1.small.example"}, "u-2": {"name": "n2.small.example"}}
    world.put("var/lib/ganeti/config.data", json.dumps({"nodes": nodes}))
    world.program("ssh", "test -e ROOT/copied")
    world.program("gnt-cluster", "touch ROOT/copied")
    ctx = world.context()
    assert not ganeti_node_add.done(ctx)
    ganeti_node_add.run(ctx)
    assert ganeti_node_add.done(ctx)
    assert ganeti_calls(world) == ["gnt-cluster redist-conf"]
    asked = [call for call in world.calls() if call.startswith("ssh ")]
    assert asked[0] == (
        "ssh -o BatchMode=yes n2.small.example test -s /var/lib/ganeti/known_hosts && "
        "test -s /var/lib/ganeti/hmac.key && test -s /var/lib/ganeti/cluster-domain-secret"
    )
