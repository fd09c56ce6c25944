"""What a machine that is no node reaches: one on the nodes' network, or on that of the machines.

It is a network namespace of its own on the node, with an interface beside the node's or on its
bridge, for as long as it looks. Only the kernel tells it from a machine with a cable.
"""

import ctypes
import errno
import json
import os
import resource
import select
import socket
import time

from guest import run

NEW_NETWORK = 0x40000000  # CLONE_NEWNET of sched.h
HERE, THERE = "stranger0", "stranger1"
# So many at once, and so long: a lost packet is sent again after a second (RFC 6298).
BATCH, SECONDS = 16000, 1.3
# For what must answer: a busy emulated machine is slower.
PATIENCE = 20
OPEN, CLOSED, FILTERED = "open", "closed", "filtered"


def ask(argv):
    """Run `argv`. Raises ValueError when it fails."""
    code, out = run(argv)
    if code != 0:
        raise ValueError("{0}: {1}".format(" ".join(argv), " ".join(out.split())[-200:]))


def plug(link, pid):
    """Give the network namespace of process `pid` an interface on `link`, a bridge or a card."""
    if os.path.isdir("/sys/class/net/{0}/bridge".format(link)):
        ask(["ip", "link", "add", "name", HERE, "type", "veth", "peer", "name", THERE])
        ask(["ip", "link", "set", HERE, "master", link, "up"])
    else:
        kind = ["type", "macvlan", "mode", "bridge"]
        ask(["ip", "link", "add", "link", link, "name", THERE] + kind)
    ask(["ip", "link", "set", THERE, "netns", str(pid)])


def arrive(address, gateway):
    """Have `address` (CIDR) here, if nobody has it. Raises ValueError when somebody does."""
    ask(["ip", "link", "set", "lo", "up"])
    ask(["ip", "link", "set", THERE, "up"])
    plain = address.partition("/")[0]
    ask(["arping", "-q", "-D", "-c", "2", "-w", "3", "-I", THERE, plain])
    ask(["ip", "addr", "add", address, "dev", THERE])
    if gateway:
        ask(["ip", "route", "add", "default", "via", gateway])


def states(pairs):
    """{(address, port): OPEN or CLOSED} of those that answer."""
    found = {}
    for start in range(0, len(pairs), BATCH):
        found.update(answers(pairs[start : start + BATCH], SECONDS))
    return found


def answers(pairs, seconds):
    """The same of as many as may be asked at once, of those that answer in `seconds`."""
    waiting, found, links = select.epoll(), {}, {}
    for pair in pairs:
        link = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        link.setblocking(False)
        code = link.connect_ex(pair)
        if code == errno.EINPROGRESS:
            links[link.fileno()] = (link, pair)
            waiting.register(link.fileno(), select.EPOLLOUT)
        else:
            found[pair] = CLOSED if code == errno.ECONNREFUSED else FILTERED
            link.close()
    end = time.time() + seconds
    while links and time.time() < end:
        for number, _ in waiting.poll(max(0, end - time.time())):
            link, pair = links.pop(number)
            code = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            found[pair] = {0: OPEN, errno.ECONNREFUSED: CLOSED}.get(code, FILTERED)
            link.close()
    for link, _ in links.values():
        link.close()
    waiting.close()
    return found


def look(request):
    """{address: {OPEN: ports, CLOSED: ports}} of request["targets"], from the new namespace."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (BATCH + 100, BATCH + 100))
    arrive(request["address"], request["gateway"])
    ports = request["ports"] or range(1, 65536)
    pairs = [(target, port) for target in request["targets"] for port in ports]
    found = states(pairs)
    silent = set(map(tuple, request["surely"])) - set(found)
    found.update(answers(sorted(silent), PATIENCE))
    return {
        target: {
            state: sorted(port for (at, port), was in found.items() if (at, was) == (target, state))
            for state in (OPEN, CLOSED)
        }
        for target in request["targets"]
    }


def visit(request, ready, go, out):
    """The child's part: move out, wait for the interface, look, tell."""
    try:
        if ctypes.CDLL(None, use_errno=True).unshare(NEW_NETWORK) != 0:
            raise ValueError("unshare: " + os.strerror(ctypes.get_errno()))
        os.write(ready, b"1")
        if os.read(go, 1) != b"1":
            raise ValueError("it got no interface")
        told = {"answer": look(request)}
    except (ValueError, socket.error, OSError) as error:
        told = {"error": str(error)}
    with os.fdopen(out, "w") as stream:
        stream.write(json.dumps(told))


def main(request):
    """{"answer"} of `look`, or {"error"}."""
    (ready, is_ready), (go, may_go), (told, tell) = os.pipe(), os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        for end in (ready, may_go, told):
            os.close(end)
        visit(request, is_ready, go, tell)
        os._exit(0)
    for end in (is_ready, go, tell):
        os.close(end)
    try:
        if os.read(ready, 1) == b"1":
            plug(request["link"], child)
            os.write(may_go, b"1")
    except ValueError as error:
        return {"error": str(error)}
    finally:
        os.close(may_go)
        with os.fdopen(told) as stream:
            said = stream.read()
        os.waitpid(child, 0)
        # It goes with the namespace, unless it never got there.
        run(["ip", "link", "del", HERE])
        run(["ip", "link", "del", THERE])
    return json.loads(said)
