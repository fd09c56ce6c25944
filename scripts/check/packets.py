"""What the kernel does with the packets of machines: forwarding, address translation, queues."""

from guest import run, text


def rules(table):
    """The lines of a table of iptables; the last line of the error when they cannot be read."""
    code, out = run(["iptables", "-t", table, "-S"])
    return out.splitlines() if code == 0 else ["error: " + " ".join(out.split())[-200:]]


def main(request):
    """Nothing where no role of the node filters packets."""
    if not request["packets"]:
        return {}
    return {
        "forwarding": text("/proc/sys/net/ipv4/ip_forward").strip(),
        "nat": rules("nat"),
        "mangle": rules("mangle"),
    }
