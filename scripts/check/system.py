"""What the node is now: packages, services, ports, accounts, names, network, storage, steps."""

import glob
import grp
import json
import os
import pwd
import re
import socket
import struct

from guest import content, listing, run, text

# How an init script starts a daemon; init-d-script(5) reads the variable.
DAEMON = re.compile(r"start-stop-daemon --start|start_daemon|^DAEMON=/", re.MULTILINE)
LISTEN, UNCONNECTED = "0A", "07"
# What an init script prints of itself: `Usage: /etc/init.d/gunicorn {start|stop|restart}`.
USAGE = re.compile(r"[Uu]sage:[^{\n]*\{?([^}\n]*)")


def packages():
    """{package: version} of what dpkg holds to be installed and configured."""
    layout = "${Package}\t${Version}\t${Status}\n"
    lines = run(["dpkg-query", "--show", "--showformat", layout])[1].splitlines()
    rows = [line.split("\t") for line in lines if line.count("\t") == 2]
    return {name: version for name, version, state in rows if state.endswith(" ok installed")}


def service(name):
    """Whether the init script is there, starts in runlevel 2, and says that its daemon runs."""
    script = os.path.join("/etc/init.d", name)
    if not os.path.exists(script):
        return {"exists": False, "enabled": False, "code": -1, "says": "no " + script}
    starts = glob.glob("/etc/rc[2S].d/S[0-9][0-9]" + name)
    code, out = run([script, "status"])
    if code and USAGE.search(out) and "status" not in USAGE.search(out).group(1):
        code, out = by_pid_file(name)
    says = " ".join(out.split())[-600:]
    return {"exists": True, "enabled": bool(starts), "code": code, "says": says}


def daemons_of_packages(released):
    """{script: state} of the daemons that packages start at boot by themselves.

    Of a script that starts no daemon `status` tells nothing; `released` are first boot's to start.
    """
    found = {}
    for path in sorted(glob.glob("/etc/rc2.d/S[0-9][0-9]*")):
        name = os.path.basename(path)[3:]
        script = text("/etc/init.d/" + name)
        if name not in released and DAEMON.search(script) and "status" in script:
            found[name] = service(name)
    return found


def by_pid_file(name):
    """The status of a service whose init script knows no `status`, as gunicorn's of wheezy
    (docs/wheezy.md W13.20): code and words."""
    found = glob.glob("/var/run/{0}.pid".format(name)) + glob.glob(
        "/var/run/{0}/*.pid".format(name)
    )
    pids = [text(path).strip() for path in found]
    live = [pid for pid in pids if pid.isdigit() and os.path.exists("/proc/" + pid)]
    return (0, "process " + ", ".join(live)) if live else (3, "no pid file names a live process")


def address(word):
    """The usual text of an address of /proc/net: 32-bit words in the machine's byte order."""
    raw = b"".join(struct.pack("=I", int(word[at : at + 8], 16)) for at in range(0, len(word), 8))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def ports():
    """[[protocol, address, port]] that something listens on; proc(5) describes the columns."""
    found = []
    for table, state in (("tcp", LISTEN), ("tcp6", LISTEN), ("udp", UNCONNECTED), ("udp6", "07")):
        for line in text("/proc/net/" + table).splitlines()[1:]:
            columns = line.split()
            if columns[3] == state:
                word, port = columns[1].split(":")
                found.append([table.rstrip("6"), address(word), int(port, 16)])
    return found


def rpc():
    """[[protocol, port]] that rpcbind knows, those of the kernel's NFS among them."""
    return registered(run(["rpcinfo"], timeout=20)[1])


def registered(said):
    """The same, from what rpcinfo prints; with -p it would leave out the ports of IPv6."""
    rows = [line.split() for line in said.splitlines()]
    # A universal address (RFC 5665): the port's two bytes are the last ones, "::.139.97" say.
    ends = [(row[2][:3], row[3].split(".")[-2:]) for row in rows if len(row) > 4]
    found = {
        (name, 256 * int(end[0]) + int(end[1])) for name, end in ends if name in ("tcp", "udp")
    }
    return sorted(found)


def accounts():
    """Users as {name: [uid, gid]}, groups as {name: gid}, and how each password stands."""
    shadow = [line.split(":") for line in text("/etc/shadow").splitlines()]
    return {
        "users": {one.pw_name: [one.pw_uid, one.pw_gid] for one in pwd.getpwall()},
        "groups": {one.gr_name: one.gr_gid for one in grp.getgrall()},
        # Never the hash itself: these facts end up in reports.
        "passwords": {row[0]: password_state(row[1]) for row in shadow if len(row) > 1},
    }


def password_state(field):
    """shadow(5): empty lets anybody in, a leading ! or * nobody."""
    if field == "":
        return "empty"
    return "locked" if field[0] in "!*" else "set"


def names(asked):
    """The host's own name, its nameservers, and the addresses behind each asked name."""
    resolver = re.findall(r"^\s*nameserver\s+(\S+)", text("/etc/resolv.conf"), re.MULTILINE)
    return {
        "hostname": run(["hostname"])[1].strip(),
        "fqdn": run(["hostname", "-f"])[1].strip(),
        "nameservers": resolver,
        "addresses": {name: resolve(name) for name in asked},
    }


def resolve(name):
    """The IPv4 addresses that the node's resolver gives for `name`."""
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except socket.error:
        return []
    return sorted({entry[4][0] for entry in found})


def network():
    """{interface: up, addresses, ports of a bridge}."""
    found = {}
    for name in listing("/sys/class/net"):
        folder = os.path.join("/sys/class/net", name)
        flags = int(text(folder + "/flags").strip() or "0", 16)
        lines = run(["ip", "-o", "-4", "addr", "show", "dev", name])[1]
        found[name] = {
            "up": bool(flags & 1),
            "addresses": re.findall(r"inet (\S+)", lines),
            "ports": listing(folder + "/brif"),
        }
    return found


def storage():
    """Volume groups in MiB, mounts (now, and by fstab) as [device, place, type, options], free and
    all MiB, exports."""
    layout = ["--noheadings", "--nosuffix", "--units", "m", "-o", "vg_name,vg_size"]
    rows = [line.split() for line in run(["vgs"] + layout)[1].splitlines()]
    places = ["/", "/srv/archip"]
    return {
        "volume_groups": {row[0]: float(row[1]) for row in rows if len(row) == 2},
        "mounts": [line.split()[:4] for line in text("/proc/mounts").splitlines()],
        "fstab": [line.split()[:4] for line in re.findall("^[^#\\s].*", text("/etc/fstab"), re.M)],
        "free_mib": {place: space(place)[0] for place in places if os.path.isdir(place)},
        "total_mib": {place: space(place)[1] for place in places if os.path.isdir(place)},
        "exports": text("/var/lib/nfs/etab").splitlines(),
    }


def space(place):
    """MiB a user may still write below `place`, and MiB of its file system."""
    status = os.statvfs(place)
    mebibyte = 1024 * 1024
    return [blocks * status.f_frsize // mebibyte for blocks in (status.f_bavail, status.f_blocks)]


def apache():
    """The sites and modules that Apache loads, by the names of their files."""
    folder = "/etc/apache2"
    return {
        "sites": listing(folder + "/sites-enabled"),
        "modules": [
            name[: -len(".load")]
            for name in listing(folder + "/mods-enabled")
            if name.endswith(".load")
        ],
    }


def archive_keys():
    """The user ids of the keys that the node's apt trusts: they are plain text in a key ring."""
    rings = ["/etc/apt/trusted.gpg"] + sorted(glob.glob("/etc/apt/trusted.gpg.d/*"))
    found = (re.findall(b"[\x20-\x7e]{4,}@[\x21-\x7e]+", content(ring) or b"") for ring in rings)
    return sorted({each.decode("ascii") for ring in found for each in ring})


def clock():
    """What the clock is steered by: chronyc's tracking line or ntpq's peers, whichever runs."""
    if "clock" in absent():
        return {"chrony": "", "ntpq": []}
    # A clock that was just started needs some seconds to choose its source: 20 tries, 2 s apart.
    run(["chronyc", "waitsync", "20", "0", "0", "2"], timeout=60)
    code, chrony = run(["chronyc", "-n", "-c", "tracking"], timeout=20)
    peers = run(["ntpq", "-pn"], timeout=20)[1]
    return {"chrony": chrony.strip() if code == 0 else "", "ntpq": peers.splitlines()}


def first_boot():
    """The runner's result and the markers of the steps that succeeded."""
    raw = text("/var/lib/firstboot/result.json")
    markers = glob.glob("/var/lib/firstboot/*/*.done")
    return {
        "result": json.loads(raw) if raw else None,
        "markers": sorted(os.path.basename(path)[: -len(".done")] for path in markers),
    }


def absent():
    """{feature: why} of what is lacking here, as the seed says; only a container's is a folder."""
    seed = text("/var/lib/golden-seed/user-data").partition("\n")[2]
    return json.loads(seed)["golden"].get("absent", {}) if seed else {}


def processes():
    """The names of all processes."""
    pids = [name for name in listing("/proc") if name.isdigit()]
    return sorted({text("/proc/%s/comm" % pid).strip() for pid in pids} - {""})


def seen_by_nobody():
    """How many processes of others the account `nobody` sees."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        own = str(os.getpid())
        others = [name for name in listing("/proc") if name.isdigit() and name != own]
        os.write(tell, str(len(others)).encode("ascii"))
        os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with os.fdopen(told) as stream:
        return int(stream.read() or "-1")


def main(request):
    """All of it, for request["services"] and request["names"]."""
    return {
        "packages": packages(),
        "services": {name: service(name) for name in request["services"]},
        "daemons": daemons_of_packages(request["services"]),
        "ports": ports(),
        "rpc": rpc(),
        "loopback6": "0" * 31 + "1" in text("/proc/net/if_inet6"),
        "accounts": accounts(),
        "names": names(request["names"]),
        "network": network(),
        "storage": storage(),
        "clock": clock(),
        "first_boot": first_boot(),
        "apache": apache(),
        "archive_keys": archive_keys(),
        "absent": absent(),
        "processes": processes(),
        "seen_by_nobody": seen_by_nobody(),
        "kvm": os.path.exists("/dev/kvm"),
        "drbd_helper": text("/sys/module/drbd/parameters/usermode_helper").strip(),
    }
