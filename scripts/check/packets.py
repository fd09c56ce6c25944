"""What the kernel does with packets: the filter, forwarding, address translation, queues."""

import os

from guest import run, text


def rules(table, program="iptables"):
    """The lines of a table of iptables; the last line of the error when they cannot be read."""
    code, out = run([program, "-t", table, "-S"])
    return out.splitlines() if code == 0 else ["error: " + " ".join(out.split())[-200:]]


def main(request):
    """Nothing where no role of the node filters packets."""
    if not request["packets"]:
        return {}
    return {
        "forwarding": text("/proc/sys/net/ipv4/ip_forward").strip(),
        "ipv4": rules("filter"),
        "ipv6": rules("filter", "ip6tables") if os.path.exists("/proc/net/if_inet6") else None,
        "nat": rules("nat"),
        "mangle": rules("mangle"),
    }
