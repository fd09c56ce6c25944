"""Steps of the node itself: names, keys, network, certificates, clock, services."""

import os
import socket
import stat

from engine import files, probe
from engine.failures import CommandError, StepError
from steps import (
    clock,
    hostname,
    machine_id,
    network,
    resolver,
    root_ssh_keys,
    secret_files,
    services,
    site_ca,
    ssh_host_keys,
)
from world import CA, PEM, SECRET, raises


def case_hosts_lose_every_other_line_for_our_names(world):
    text = "127.0.0.1 localhost\n127.0.1.1 n1.small.example n1 # Debian\n198.51.100.9 other\n"
    wanted = [("198.51.100.1", ["n1.small.example", "n1"])]
    assert hostname.with_hosts(text, wanted) == (
        "127.0.0.1 localhost\n198.51.100.9 other\n198.51.100.1 n1.small.example n1\n"
    )
    assert hostname.with_hosts(hostname.with_hosts(text, wanted), wanted).count("n1.small") == 1


def case_hostname_is_the_full_name_and_resolves(world):
    known = {}
    world.put("etc/hosts", "127.0.1.1 n1\n")
    world.patch(probe, "resolved", known.get)
    world.patch(socket, "gethostname", lambda: world.get("running-name").strip())
    world.program("hostname", "echo $1 > ROOT/running-name")
    ctx = world.context()
    assert not hostname.done(ctx)
    hostname.run(ctx)
    for line in world.get("etc/hosts").splitlines():
        known.update((name, line.split()[0]) for name in line.split()[1:])
    assert hostname.done(ctx)
    assert world.get("etc/hostname") == world.get("etc/mailname") == "n1.small.example\n"
    assert known["n1"] == "198.51.100.1" and known["ganeti.n1.small.example"] == "198.51.100.100"


def case_hosts_of_the_image_stay_when_they_are_right(world):
    right = {
        "n1": 1,
        "n1.small.example": 1,
        "n2": 2,
        "n2.small.example": 2,
        "ganeti.n1.small.example": 100,
    }
    world.patch(probe, "resolved", lambda name: "198.51.100.{0}".format(right[name]))
    world.program("hostname")
    world.put("etc/hosts", "# as rendered\n")
    hostname.run(world.context())
    assert world.get("etc/hosts") == "# as rendered\n"


def case_machine_id_is_made_once(world):
    world.put("etc/machine-id", "")
    world.put("var/lib/dbus/machine-id", "old\n")
    ctx = world.context()
    assert not machine_id.done(ctx)
    machine_id.run(ctx)
    first = world.get("etc/machine-id")
    assert machine_id.done(ctx) and len(first.strip()) == 32
    assert world.get("var/lib/dbus/machine-id") == first
    machine_id.run(ctx)
    assert world.get("etc/machine-id") == first
    assert len(world.get("dev/urandom")) > 0 and SECRET not in world.get("dev/urandom")


def case_keys_have_their_modes(world):
    ctx = world.context()
    for step in (ssh_host_keys, root_ssh_keys):
        assert not step.done(ctx)
        step.run(ctx)
        assert step.done(ctx)
    for name, mode in (
        ("etc/ssh/ssh_host_rsa_key", 0o600),
        ("etc/ssh/ssh_host_rsa_key.pub", 0o644),
        ("root/.ssh", 0o700),
        ("root/.ssh/id_rsa", 0o600),
        ("root/.ssh/authorized_keys", 0o600),
    ):
        assert stat.S_IMODE(os.stat(world.path(name)).st_mode) == mode, name
    assert world.get("root/.ssh/id_rsa") == PEM
    assert len(world.get("etc/ssh/ssh_known_hosts").splitlines()) == 2
    os.chmod(world.path("root/.ssh/id_rsa"), 0o644)
    assert not root_ssh_keys.done(ctx)


def case_ganeti_needs_an_rsa_host_key(world):
    world.golden["ssh"]["host_keys"] = {"ecdsa": {"private": PEM, "public": "x"}}
    assert "no RSA host key" in raises(StepError, ssh_host_keys.run, world.context())


def case_placeholders_become_secrets_and_the_mode_stays(world):
    ctx = world.context()
    assert not secret_files.done(ctx)
    secret_files.run(ctx)
    assert world.get("etc/secret.conf") == "password = " + SECRET + "\n"
    assert stat.S_IMODE(os.stat(world.path("etc/secret.conf")).st_mode) == 0o640
    assert secret_files.done(ctx)


def case_no_secret_goes_where_all_can_read(world):
    os.chmod(world.path("etc/secret.conf"), 0o644)
    assert "lets everybody read" in raises(StepError, secret_files.run, world.context())
    assert SECRET not in world.get("etc/secret.conf")


def case_an_unknown_secret_is_named(world):
    world.put("etc/secret.conf", "@@SECRET:line:rapid_password@@")
    os.chmod(world.path("etc/secret.conf"), 0o600)
    assert "'rapid_password'" in raises(StepError, secret_files.run, world.context())


def case_interfaces_are_written_in_full(world):
    world.golden["network"]["interfaces"].append(
        {"name": "eth9", "mac": None, "address": "10.0.2.15/20", "gateway": "10.0.2.2"}
    )
    text = network.interfaces(world.golden)
    assert (
        "\n\n".join(
            [
                "auto lo\niface lo inet loopback",
                "auto eth0\niface eth0 inet static\n    address 198.51.100.1\n"
                "    netmask 255.255.255.0",
                "auto eth9\niface eth9 inet static\n    address 10.0.2.15\n"
                "    netmask 255.255.240.0\n"
                "    gateway 10.0.2.2",
                "auto eth0.1\niface eth0.1 inet manual\n    vlan-raw-device eth0\n"
                "    up ip link set eth0.1 up",
                "auto br1\niface br1 inet manual\n    bridge_ports eth0.1\n    bridge_stp off\n"
                "    bridge_waitport 0\n    bridge_fd 0\n    up ip link set br1 up",
                "auto eth1\niface eth1 inet manual\n    up ip link set eth1 up",
                "auto br2\niface br2 inet manual\n    bridge_ports eth1\n    bridge_stp off\n"
                "    bridge_waitport 0\n    bridge_fd 0\n    up ip link set br2 up",
            ]
        )
        in text
    )


def case_network_brings_up_what_is_missing(world):
    up = set()
    world.patch(
        probe,
        "interface_address",
        lambda name: "198.51.100.1" if name == "eth0" and name in up else None,
    )
    world.patch(probe, "interface_is_up", lambda name: name in up)
    world.put("sys/class/net/eth0/address", "02:00:00:00:00:01\n")
    world.put("run/network/ifstate", "lo=lo\neth0=eth0\n")
    world.program("ifdown")
    world.program("ifup")
    ctx = world.context()
    assert not network.done(ctx)
    message = raises(StepError, network.run, ctx)
    assert "eth0, eth0.1, br1, eth1, br2" in message
    assert world.calls() == ["ifdown eth0", "ifup eth0 eth0.1 br1 eth1 br2"]
    up.update(["eth0", "eth0.1", "br1", "eth1", "br2"])
    for name in ("br1/brif/eth0.1", "br2/brif/eth1"):
        world.put("sys/class/net/" + name, "")
    network.run(ctx)
    assert network.done(ctx) and len(world.calls()) == 2


def case_another_card_than_the_seed_means_is_named(world):
    world.put("sys/class/net/eth0/address", "02:00:00:00:00:99\n")
    assert "it has 02:00:00:00:00:99" in raises(StepError, network.run, world.context())
    world.put("sys/class/net/eth5/address", "02:00:00:00:00:01\n")
    assert "that is eth5" in raises(StepError, network.run, world.context())
    assert not world.get("etc/network/interfaces")


def case_ca_is_trusted_and_key_private(world):
    world.program("openssl", "echo 0a1b2c3d")
    ctx = world.context()
    assert not site_ca.done(ctx)
    site_ca.run(ctx)
    assert site_ca.done(ctx)
    certs = world.path("etc/ssl/certs")
    assert os.readlink(certs + "/small-ca.pem") == "/usr/local/share/ca-certificates/small-ca.crt"
    assert os.readlink(certs + "/0a1b2c3d.0") == "small-ca.pem"
    assert world.get("etc/ssl/certs/ca-certificates.crt") == "others\n" + CA
    key = world.path("etc/ssl/private/n1.small.example.key")
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o640
    site_ca.run(ctx)
    assert world.get("etc/ssl/certs/ca-certificates.crt").count(CA) == 1


def case_a_node_without_a_web_server_has_no_key_of_its_own(world):
    world.program("openssl", "echo 0a1b2c3d")

    def gid(name):
        raise KeyError(name)

    world.patch(files, "gid", gid)
    site_ca.run(world.context())
    assert site_ca.done(world.context())
    assert not os.path.exists(world.path("etc/ssl/private"))
    assert CA in world.get("etc/ssl/certs/ca-certificates.crt")


def case_resolver_asks_one_server(world):
    ctx = world.context()
    resolver.run(ctx)
    assert resolver.done(ctx)
    assert world.get("etc/resolv.conf") == "search small.example\nnameserver 198.51.100.1\n"


def case_a_clock_before_the_certificates_is_set(world):
    world.golden["not_before"] = 4102444800
    world.image["services"]["ntp"] = "chrony"
    world.program("chrony", path="etc/init.d/chrony")
    world.program("date")
    ctx = world.context()
    assert not clock.done(ctx)
    clock.run(ctx)
    assert world.calls() == ["date -u -s @4102444800", "chrony start"]
    world.golden["not_before"] = 1000
    assert clock.done(world.context())


def case_services_are_enabled_last(world):
    world.put("etc/rc2.d/S01ssh", "")
    world.program("update-rc.d", "touch ROOT/etc/rc2.d/S01$1")
    ctx = world.context()
    assert not services.done(ctx)
    services.run(ctx)
    assert services.done(ctx)
    assert world.calls() == ["update-rc.d postgresql enable", "update-rc.d volume-group enable"]


def case_a_failing_program_stops_a_step(world):
    world.program("ifup", "exit 1")
    world.patch(probe, "interface_address", lambda name: None)
    world.put("sys/class/net/eth0/address", "02:00:00:00:00:01\n")
    assert "command `ifup" in raises(CommandError, network.run, world.context())
    assert files.is_written(world.path("etc/network/interfaces"), network.interfaces(world.golden))
