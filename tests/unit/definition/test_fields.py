from __future__ import annotations

import re
from typing import Annotated, get_args, get_origin

import pytest

from golden.definition import fields
from golden.definition.fields import Rule, mib, mib_range

GOOD = {
    "Name": ["a", "node1", "ganeti-node", "a" * 63],
    "Identifier": ["web_version", "a"],
    "HostLabel": ["n1", "a-b", "1a", "localhosts", "a" * 63],
    "Domain": ["lab.test", "test", "1.2.3a", "a.0xg"],
    "HostName": ["localhost", "192.0.2.1", "0.debian.pool.ntp.org", "node1.example.com"],
    "Mac": ["02:00:00:00:00:01", "52:54:00:ab:cd:ef"],
    "Interface": ["eth0", "eth0.1", "br1"],
    "Mode": ["0640", "2770", "0000"],
    "Size": ["1M", "25G", "2T"],
    "SizeRange": ["1M..", "100G..2T"],
    "DiskSerial": ["WD-WX11A12B3C4D", "S3Z8 NB0K 1234", "rehearsal-node1"],
    "Wwn": ["0x5000c500a1b2c3d4", "naa.5000c500a1b2c3d4", "eui.0025385b71b0a1c2"],
    "Account": ["root", "www-data", "_chrony", "Debian-exim"],
    "ImagePath": ["/a", "/etc/{fact}/x.conf", "/etc/..data", "/.hidden"],
    "Package": ["g++", "libc6", "python3.11", "linux-image-amd64"],
    "Service": ["ssh", "rc.local", "nfs-kernel-server"],
    "Mirror": ["host", "http://mirror.example/debian", "file:///srv/pool"],
    "Mail": ["user@rehearsal.test", "zoe.o'neill@lab.test", "a+b@x-y.example.museum"],
    "Mailbox": ["Ann Other <ann@lab.test>", "Zoë O'Neill <zoe@lab.test>"],
    "Text": ["x", "a b"],
    "Word": ["wheezy/updates", "a=b,c", "~"],
    "FileName": ["x", "snf-image-helper.tar.xz"],
    "Origin": [
        "",
        "tiny",
        "/srv/my images/it's.diskdump",
        "{base_image}.meta",
        "https://h:8/a?b=@",
    ],
    "Upstream": ["0.16.2", "0.17", "1.0~rc1+git2"],
    "StatePath": ["/srv/archip", "/var/lib/ganeti", "/var/mail"],
}
BAD = {
    "Name": ["", "A", "1a", "a b", "a\n", "a-", "a__b", "a" * 64],
    "Identifier": ["a-b", "1", "é"],
    "HostLabel": [
        "-a",
        "a-",
        "a.b",
        "N1",
        "1",
        "0-1",
        "0x1f",
        "localhost",
        "ip6-loopback",
        "a" * 64,
    ],
    "Domain": ["", "1", "cloud.123", "192.0.2.1", "x.0x1f", "localhost", "A.test", "a.test."],
    "HostName": ["", ".a", "a..b", "a.", "-a.b", "a" * 64 + ".b"],
    "Mac": [
        "02:00:00:00:00",
        "02-00-00-00-00-01",
        "AA:00:00:00:00:01",
        "01:00:00:00:00:01",
        "00:00:00:00:00:00",
    ],
    "Interface": ["", "a" * 16, "0eth", "lo", "all", "default"],
    "Mode": ["640", "0888", "00640", "rw"],
    "Size": ["0G", "6", "6GB", "-1G", "1.5G", "6g"],
    "SizeRange": ["", "100G", "..1T", "1G...2G", "0G.."],
    "DiskSerial": ["", " a", "-a", "a/b"],
    "Wwn": ["", "0x", "0X5", "wwn-0x5000", "5000 c500"],
    "Account": ["", "0a", "a b", "a" * 33],
    "ImagePath": ["", "/", "a", "/a/", "//a", "/a/../b", "/./a", "/a b", "/..", "/a\n"],
    "Package": ["", "a", "A", "-a", "a_b"],
    "Service": ["", "A", "/x"],
    "Mirror": ["hosts", "ftp://x", "http://", "http:///x", "http://u:p@h/x", "file://h/x", ""],
    "StatePath": [
        "",
        "/srv",
        "/var/",
        "/etc/x",
        "/var/lib/../x",
        "/var/a b",
        "srv/x",
        "/var/lib/x/",
    ],
    "Upstream": ["", "v1", "0.16.2-1", "0.16 ", "1:2", "0.16.2\n"],
    "Mail": ["", "user", "user@lab", "user@rehearsal.example", "a..b@lab.test", "ä@lab.test"],
    "Mailbox": ["ann@lab.test", "<ann@lab.test>", "Ann <a@x.example>", "A <b> <a@lab.test>"],
    "Text": ["", " a", "a ", "a\nb", "\n"],
    "Word": ["", "a b", "[a", "a]", "ä", "a\n"],
    "FileName": ["", "a/b", "..", "a b", "a\n"],
    "Origin": [
        "ftp://h/x",
        "http://u@h/x",
        "https://u:p@h/x",
        "http:///x",
        "x://u:p@h/",
        "file://h",
    ],
}


def pattern(kind: str) -> str:
    hint = getattr(fields, kind)
    return next(note.pattern for note in get_args(hint) if isinstance(note, Rule))


def test_every_kind_with_a_pattern_is_tried() -> None:
    patterned = {
        name
        for name, hint in vars(fields).items()
        if get_origin(hint) is Annotated
        and any(isinstance(note, Rule) and note.pattern for note in get_args(hint))
    }
    assert patterned == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in GOOD for text in GOOD[kind]])
def test_accepted(kind: str, text: str) -> None:
    assert re.fullmatch(pattern(kind), text)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in BAD for text in BAD[kind]])
def test_refused(kind: str, text: str) -> None:
    assert not re.fullmatch(pattern(kind), text)


def test_mib() -> None:
    assert (mib("512M"), mib("6G"), mib("2T")) == (512, 6144, 2097152)


def test_mib_range() -> None:
    assert mib_range("100G..") == (102400, None)
    assert mib_range("512M..2T") == (512, 2097152)
