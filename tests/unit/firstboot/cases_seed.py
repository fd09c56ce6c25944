"""Finding and reading the seed, and questions to the network."""

import os
import socket
import struct
import threading

from engine import files, probe, seed
from engine.failures import StepError
from world import PEM, SECRET, raises

CONNECT = socket.create_connection


def disk(world, name, content):
    os.makedirs(world.path("sys/class/block/" + name))
    world.put("dev/" + name.replace("!", "/"), content)


def iso(label):
    image = bytearray(0x9000)
    image[0x8001:0x8006] = b"CD001"
    image[0x8028:0x8048] = label.ljust(32)
    return bytes(image)


def fat(label, name_at, label_at):
    image = bytearray(0x9000)
    image[name_at : name_at + 3] = b"FAT"
    image[label_at : label_at + 11] = label.ljust(11)
    return bytes(image)


def case_labels_are_read_from_the_disk(world):
    for content, kind in (
        (iso(b"CIDATA"), "iso9660"),
        (iso(b"cidata"), "iso9660"),
        (iso(b"DEBIAN 12"), None),
        (fat(b"CIDATA", 0x36, 0x2B), "vfat"),
        (fat(b"CIDATA", 0x52, 0x47), "vfat"),
        (fat(b"OTHER", 0x36, 0x2B), None),
        (b"", None),
        (b"\0" * 0x9000, None),
    ):
        world.put("dev/disk", content)
        assert seed.label_kind(world.path("dev/disk")) == kind, (content[:8], kind)
    assert seed.label_kind(world.path("dev/none")) is None


def case_the_labelled_disk_is_mounted_read_and_unmounted(world):
    world.save()
    os.rename(world.path("var/lib/golden-seed"), world.path("on-disk"))
    disk(world, "sda", b"\0" * 100)
    disk(world, "sr0", iso(b"CIDATA"))
    world.program("mount", "for last; do :; done; cp ROOT/on-disk/* $last")
    world.program("umount")
    found = seed.find(world.context().run, world.root)
    assert found.instance == "small-n1-abc" and found.golden == world.golden
    mounted, unmounted = world.calls()
    assert mounted.startswith("mount -o ro -t iso9660 {0} ".format(world.path("dev/sr0")))
    folder = mounted.split()[-1]
    assert unmounted == "umount " + folder and not os.path.exists(folder)


def case_the_seed_of_a_machine_of_metal_is_a_partition(world):
    world.save()
    os.rename(world.path("var/lib/golden-seed"), world.path("on-disk"))
    disk(world, "cciss!c0d0p2", iso(b"CIDATA"))
    world.program("mount", "for last; do :; done; cp ROOT/on-disk/* $last")
    world.program("umount")
    assert seed.find(world.context().run, world.root).instance == "small-n1-abc"
    assert " {0} ".format(world.path("dev/cciss/c0d0p2")) in world.calls()[0]


def case_a_container_has_a_folder_instead(world):
    world.save()
    assert seed.find(None, world.root).golden["node"]["name"] == "n1"


def case_no_seed_says_what_was_looked_for(world):
    for name in ("vda", "vda1", "loop0", "fd0", "ram1"):
        disk(world, name, b"")
    message = raises(seed.NoSeedError, seed.find, None, world.root)
    assert "labelled CIDATA" in message and " on vda, vda1 and " in message
    assert "/var/lib/golden-seed" in message and "off and on" in message


def case_a_seed_of_others_is_refused(world):
    world.save()
    for name, text, said in (
        ("user-data", "#cloud-config\nusers: []\n", "not one that"),
        ("user-data", "", "not one that"),
        ("meta-data", "instance-id: i-1\n", "not one that"),
        ("user-data", '#cloud-config\n{"golden": {"site": "x"}}', "lacks bridges, cluster"),
    ):
        world.save()
        world.put("var/lib/golden-seed/" + name, text)
        assert said in raises(StepError, seed.find, None, world.root), (name, text)


def case_everything_secret_is_known_as_such(world):
    texts = world.seed().secret_texts()
    assert SECRET in texts and PEM in texts and len(texts) == 7


def serve(answer, kind=socket.SOCK_STREAM):
    """A server on the loopback that calls `answer(socket)` once; its port."""
    server = socket.socket(socket.AF_INET, kind)
    server.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        server.listen(5)
    thread = threading.Thread(target=answer, args=(server,))
    thread.daemon = True
    thread.start()
    return server.getsockname()[1]


def redirect(world, port):
    """Let the probes, which know the port of their service, reach the test's server."""
    world.patch(
        socket,
        "create_connection",
        lambda address, timeout=None: CONNECT((address[0], port), timeout),
    )


def frame(class_id, method):
    payload = struct.pack(">HH", class_id, method) + b"rest"
    return struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"


def broker(accepted, seen):
    def answer(server):
        connection = server.accept()[0]
        assert connection.recv(8) == b"AMQP\0\0\x09\1"
        connection.sendall(frame(10, 10))
        seen.append(connection.recv(4096))
        if accepted:
            connection.sendall(frame(10, 30))
        connection.close()

    return answer


def case_amqp_login_is_accepted_or_refused(world):
    for accepted in (True, False):
        seen = []
        redirect(world, serve(broker(accepted, seen)))
        password = files.native(b"p\xc3\xa4 ss'w\"ord")
        assert probe.amqp_login("127.0.0.1", "synnefo", password) is accepted
        # The frame says its own length, and the two words are SASL PLAIN's.
        size = struct.unpack(">BHI", seen[0][:7])[2]
        assert len(seen[0]) == size + 8 and b"\0synnefo\0p\xc3\xa4 ss'w\"ord" in seen[0]


def case_ssh_greets(world):
    def greet(server):
        server.accept()[0].sendall(b"SSH-2.0-OpenSSH_6.0p1\r\n")

    redirect(world, serve(greet))
    assert probe.ssh("127.0.0.1") is True


def case_a_closed_port_is_no_service(world):
    redirect(world, 1)
    assert not probe.tcp("127.0.0.1", 22) and not probe.ssh("127.0.0.1")
    assert not probe.amqp_login("127.0.0.1", "u", "p")


def case_loopback_has_its_address(world):
    assert probe.interface_address("lo") == "127.0.0.1"
    assert probe.interface_is_up("lo")
    assert probe.interface_address("none0") is None and not probe.interface_is_up("none0")


def case_dns_asks_the_server_itself(world):
    def answer(server):
        question, client = server.recvfrom(512)
        header = question[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0)
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("198.51.100.1")
        server.sendto(header + question[12:] + record, client)

    port = serve(answer, socket.SOCK_DGRAM)
    real = socket.socket

    class Redirected:
        def __init__(self, *arguments):
            self._socket = real(*arguments)

        def connect(self, address):
            self._socket.connect((address[0], port))

        def __getattr__(self, name):
            return getattr(self._socket, name)

    world.patch(socket, "socket", Redirected)
    assert probe.dns("127.0.0.1", "n1.small.example") == "198.51.100.1"


def case_a_process_is_found_by_its_user(world):
    with open("/proc/self/comm") as file:
        mine = file.read().strip()
    world.patch(os, "listdir", lambda folder: [str(os.getpid()), "self", "0"])
    assert probe.process_of("me")
    assert not probe.process_of("me", without=(mine,))
