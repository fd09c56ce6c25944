"""Write /etc/network/interfaces in full and bring everything in it up.

Addresses belong to the host. VLANs and bridges, which the guide makes by hand with vconfig and
brctl, are stanzas here and so survive a reboot. One file: ifupdown 0.7 of wheezy reads no
interfaces.d (docs/wheezy.md W7.3).
"""

import os
import socket
import struct

from engine import files, probe
from engine.failures import StepError

GUIDE = ("G001", "G164", "G165", "G166", "G211")
SERVICES = ()

INTERFACES = "/etc/network/interfaces"
UP = "/run/network/ifstate"
HEADER = "# Written by first boot (step network) from the node's seed.\n"


def done(ctx):
    return files.is_written(ctx.path(INTERFACES), interfaces(ctx.seed)) and not list(_missing(ctx))


def run(ctx):
    for interface in ctx.seed["network"]["interfaces"]:
        _check_mac(ctx, interface)
    files.write(ctx.path(INTERFACES), interfaces(ctx.seed))
    missing = list(_missing(ctx))
    # What is up already, but in another way, must go down first: ifup would leave it alone.
    wrong = [name for name in missing if name + "=" in files.read(ctx.path(UP))]
    if wrong:
        ctx.run(["ifdown"] + wrong, check=False)
    if missing:
        ctx.run(["ifup"] + missing)
    still = list(_missing(ctx))
    if still:
        raise StepError(
            "ifup went well, but these are not up with their addresses and ports: "
            + ", ".join(still)
        )


def interfaces(seed):
    """The text of /etc/network/interfaces."""
    stanzas = ["auto lo\niface lo inet loopback"]
    stanzas += [_static(interface) for interface in seed["network"]["interfaces"]]
    for bridge in seed["bridges"]:
        stanzas += _bridge(bridge, _has_port(seed, bridge))
    return HEADER + "\n" + "\n\n".join(stanzas) + "\n"


def _static(interface):
    if interface.get("given"):
        # A container engine gives the address before init starts; ifup must not give it again.
        return "auto {0}\niface {0} inet manual".format(interface["name"])
    address, _, length = interface["address"].partition("/")
    lines = [
        "auto {0}".format(interface["name"]),
        "iface {0} inet static".format(interface["name"]),
        "    address " + address,
        "    netmask " + netmask(int(length)),
    ]
    if interface["gateway"]:
        lines.append("    gateway " + interface["gateway"])
    return "\n".join(lines)


def _has_port(seed, bridge):
    """Whether the bridge has its port: not where the kernel knows no VLANs (a container's host)."""
    return bridge["vlan"] is None or "vlan" not in seed.get("absent", {})


def _bridge(bridge, has_port):
    name = bridge["name"]
    lines = ["auto {0}".format(name), "iface {0} inet manual".format(name)]
    lines += ["    bridge_ports " + (bridge["port"] if has_port else "none"), "    bridge_stp off"]
    if has_port:
        # There is nothing on the bridge yet to wait for.
        lines.append("    bridge_waitport 0")
    lines += ["    bridge_fd 0", "    up ip link set {0} up".format(name)]
    return ([_port(bridge)] if has_port else []) + ["\n".join(lines)]


def _port(bridge):
    port = bridge["port"]
    lines = ["auto {0}".format(port), "iface {0} inet manual".format(port)]
    if bridge["vlan"] is not None:
        lines.append("    vlan-raw-device " + port.rpartition(".")[0])
    # Wheezy's ifupdown and vlan leave that to ifconfig, and say nothing when there is none (W7.7).
    lines.append("    up ip link set {0} up".format(port))
    return "\n".join(lines)


def netmask(length):
    """A prefix length in the dotted form that ifupdown 0.7 wants."""
    return socket.inet_ntoa(struct.pack(">I", (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF))


def _missing(ctx):
    """Names of interfaces that are not as they shall be, in the order in which they come up."""
    for interface in ctx.seed["network"]["interfaces"]:
        address = interface["address"].partition("/")[0]
        if probe.interface_address(interface["name"]) != address:
            yield interface["name"]
    for bridge in ctx.seed["bridges"]:
        has_port = _has_port(ctx.seed, bridge)
        if has_port and not probe.interface_is_up(bridge["port"]):
            yield bridge["port"]
        attached = ctx.path("/sys/class/net/{name}/brif/{port}".format(**bridge))
        whole = not has_port or os.path.exists(attached)
        if not (whole and probe.interface_is_up(bridge["name"])):
            yield bridge["name"]


def _check_mac(ctx, interface):
    """Raise StepError when the kernel gave the name to another card than the seed means."""
    if interface["mac"] is None:
        return
    cards = dict(_cards(ctx))
    name, mac = interface["name"], interface["mac"].lower()
    if cards.get(name) == mac:
        return
    having = [card for card in sorted(cards) if cards[card] == mac and card != name]
    raise StepError(
        "{0} should have the MAC address {1}, but {2}; correct the MAC in the site's "
        "definition or the order of the machine's cards".format(
            name,
            mac,
            "that is {0}".format(having[0])
            if having
            else "it has {0}".format(cards.get(name, "none: there is no such card")),
        )
    )


def _cards(ctx):
    folder = ctx.path("/sys/class/net")
    for name in os.listdir(folder):
        yield name, files.read(os.path.join(folder, name, "address")).strip().lower()
