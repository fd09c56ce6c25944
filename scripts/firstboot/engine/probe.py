"""Questions to the real system that need no program: under emulation each costs a second."""

import fcntl
import os
import socket
import struct

from engine import files

SECONDS = 5
SIOCGIFADDR = 0x8915  # linux/sockios.h
SIOCGIFFLAGS = 0x8913
IFF_UP = 1


def process_of(user, without=()):
    """Whether `user` has a process other than those called one of `without`."""
    try:
        number = files.uid(user)
    except KeyError:
        return False
    for pid in os.listdir("/proc"):
        folder = os.path.join("/proc", pid)
        try:
            if pid.isdigit() and os.stat(folder).st_uid == number:
                if files.read(os.path.join(folder, "comm")).strip() not in without:
                    return True
        except OSError:
            continue  # it has just ended
    return False


def tcp(address, port, seconds=SECONDS):
    """Whether something accepts connections there within so many seconds."""
    try:
        socket.create_connection((address, port), seconds).close()
    except (OSError, IOError):
        return False
    return True


def ssh(address):
    """Whether an SSH server greets there."""
    try:
        connection = socket.create_connection((address, 22), SECONDS)
    except (OSError, IOError):
        return False
    try:
        connection.settimeout(SECONDS)
        return connection.recv(4) == b"SSH-"
    except (OSError, IOError):
        return False
    finally:
        connection.close()


def interface_address(name):
    """The first IPv4 address of interface `name`, else None."""
    answer = _interface_request(name, SIOCGIFADDR)
    return socket.inet_ntoa(answer[20:24]) if answer else None


def interface_is_up(name):
    """Whether the interface exists and is up."""
    answer = _interface_request(name, SIOCGIFFLAGS)
    return bool(answer) and bool(struct.unpack("H", answer[16:18])[0] & IFF_UP)


def resolved(name):
    """The IPv4 address that the system's own lookup gives for `name`, else None."""
    try:
        return socket.gethostbyname(name)
    except (OSError, IOError):
        return None


def dns(server, name):
    """The IPv4 address that the DNS server at `server` has for `name`, else None.

    A plain question (RFC 1035 section 4): the system's own lookup would look into /etc/hosts.
    """
    labels = b"".join(
        struct.pack("B", len(label)) + label for label in name.encode("ascii").split(b".")
    )
    question = struct.pack(">6H", 0x4701, 0x0100, 1, 0, 0, 0) + labels + b"\0" + b"\0\1\0\1"
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asked.settimeout(2)
        # Connected, so that a closed port is an error at once and not a time-out.
        asked.connect((server, 53))
        asked.send(question)
        answer = asked.recv(512)
    except (OSError, IOError):
        return None
    finally:
        asked.close()
    # A dnsmasq answers with one A record, its address being the last four bytes.
    count = struct.unpack(">H", answer[6:8])[0]
    if answer[:2] != question[:2] or not count:
        return None
    first = answer[len(question) :]
    return socket.inet_ntoa(first[12:16]) if first[2:4] == b"\0\1" else None


def amqp_login(address, user, password):
    """Whether the broker lets `user` in: the start of AMQP 0-9-1's handshake (section 2.2.4).

    A refused login closes the connection, after a while and without a word.
    """
    try:
        connection = socket.create_connection((address, 5672), SECONDS)
    except (OSError, IOError):
        return False
    try:
        connection.settimeout(30)
        connection.sendall(b"AMQP\0\0\x09\1")
        if _amqp_method(connection) != (10, 10):  # connection.start
            return False
        connection.sendall(_amqp_start_ok(user, password))
        return _amqp_method(connection) == (10, 30)  # connection.tune: the login was good
    except (OSError, IOError, EOFError):
        return False
    finally:
        connection.close()


def _amqp_start_ok(user, password):
    secret = b"\0" + files.encoded(user) + b"\0" + files.encoded(password)
    arguments = (
        struct.pack(">I", 0)  # no client properties
        + b"\x05PLAIN"
        + struct.pack(">I", len(secret))
        + secret
        + b"\x05en_US"
    )
    payload = struct.pack(">HH", 10, 11) + arguments
    return struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"


def _amqp_method(connection):
    """Class and method number of the frame that comes next."""
    size = struct.unpack(">BHI", _receive(connection, 7))[2]
    payload = _receive(connection, size + 1)
    return struct.unpack(">HH", payload[:4])


def _receive(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def _interface_request(name, request):
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        return fcntl.ioctl(asked.fileno(), request, struct.pack("256s", name.encode("ascii")[:15]))
    except (OSError, IOError):
        return None
    finally:
        asked.close()
