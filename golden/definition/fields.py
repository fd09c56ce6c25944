"""The vocabulary of values: each kind of text with the rule it obeys and the words that explain it.

A rule is the single source for the validation, the message and the hint an editor shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal


@dataclass(frozen=True)
class Rule:
    """What a text must look like.

    `words` completes "'x' is not …". `pattern` is a regular expression both Python and ECMA 262
    understand; `format` is checked by code (`validate`); with `names` the text must be a known
    name of this family, such as "role".
    """

    words: str
    pattern: str = ""
    format: str = ""
    names: str = ""


@dataclass(frozen=True)
class Key:
    """The key in the file, where the Python name of the field is another."""

    name: str


@dataclass(frozen=True)
class Doc:
    """What the field means, shown by editors."""

    text: str


@dataclass(frozen=True)
class Range:
    """The least and the greatest number allowed."""

    least: int
    greatest: int


@dataclass(frozen=True)
class NotEmpty:
    """The list must hold at least one thing."""


# https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4: at most 63 octets.
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# Other lines of /etc/hosts have these.
_NOT_TAKEN = r"(?!(ip6-)?(localhost|loopback)[0-9]?$)"
# inet_aton(3) reads a number as an address, one with 0x too.
_NO_ADDRESS = r"(?!0x[0-9a-f]*$)(?=[0-9-]*[a-z])"
# The dot-atom and domain of `email_re` in django/core/validators.py of Django 1.4, Synnefo's own.
_MAIL = (
    r"[-!#$%&'*+/=?^_`{}|~0-9A-Za-z]+(\.[-!#$%&'*+/=?^_`{}|~0-9A-Za-z]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,6}"
)

# Also of Docker's images, of volume groups and, beside a node's name, of files:
# https://pkg.go.dev/github.com/distribution/reference#pkg-overview, lvm(8).
Name = Annotated[
    str,
    Rule(
        "a name of at most 63 lower-case letters and digits, with single '-' or '_' between them",
        r"^(?=.{1,63}$)[a-z][a-z0-9]*([_-][a-z0-9]+)*$",
    ),
]
Identifier = Annotated[
    str, Rule("a variable name: lower-case letters, digits and '_'", r"^[a-z][a-z0-9_]*$")
]
HostLabel = Annotated[
    str,
    Rule(
        "a host name without a domain: letters, digits and '-', at most 63, a letter among them,"
        " and not localhost",
        rf"^{_NOT_TAKEN}{_NO_ADDRESS}{_LABEL}$",
    ),
]
Domain = Annotated[
    str,
    Rule(
        "a domain or DNS name such as example.com whose last label holds a letter, and which is not"
        " localhost",
        rf"^{_NOT_TAKEN}({_LABEL}\.)*{_NO_ADDRESS}{_LABEL}$",
    ),
]
HostName = Annotated[
    str, Rule("a DNS name such as node1.example.com, or an address", rf"^{_LABEL}(\.{_LABEL})*$")
]
Address = Annotated[str, Rule("a host's IPv4 address such as 198.51.100.7", format="ipv4")]
Subnet = Annotated[
    str,
    Rule(
        "a network of hosts such as 198.51.100.0/24: its length as a number, its host bits zero,"
        " neither loopback nor multicast",
        format="ipv4-network",
    ),
]
# https://www.rfc-editor.org/rfc/rfc7042#section-2.1: an odd first byte would be a multicast group.
Mac = Annotated[
    str,
    Rule(
        "a unicast MAC address such as 02:00:00:00:00:01, in lower case",
        r"^(?!00(:00){5}$)[0-9a-f][02468ace](:[0-9a-f]{2}){5}$",
    ),
]
# https://man7.org/linux/man-pages/man7/netdevice.7.html: IFNAMSIZ is 16, with the final zero.
Interface = Annotated[
    str,
    Rule(
        "an interface name of at most 15 characters, and not lo, all or default",
        # The last two stand for other interfaces in /proc/sys/net/ipv4/conf.
        r"^(?!(lo|all|default)$)[a-z][a-z0-9.-]{0,14}$",
    ),
]
Mode = Annotated[str, Rule('a mode of four octal digits such as "0640"', r"^[0-7]{4}$")]
Size = Annotated[str, Rule("a size such as 512M or 6G", r"^[1-9][0-9]*[MGT]$")]
# A host that is not empty, and no user in front of it: https://www.rfc-editor.org/rfc/rfc3986#section-3.2
_URL = r"https?://[^\s/?#@]+([/?#]\S*)?"
# A disk of at least, or of at least and at most, so much.
SizeRange = Annotated[
    str,
    Rule(
        "a range of sizes such as 100G.. or 100G..500G",
        r"^[1-9][0-9]*[MGT]\.\.([1-9][0-9]*[MGT])?$",
    ),
]
# As /dev/disk/by-id and `udevadm info` show it.
DiskSerial = Annotated[str, Rule("a disk's serial number", r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
Wwn = Annotated[
    str,
    Rule(
        "a disk's world wide name such as 0x5000c500a1b2c3d4, in lower case",
        r"^(0x|naa\.|eui\.|nvme\.)?[0-9a-f][0-9a-f-]*$",
    ),
]
Account = Annotated[str, Rule("a user or group name", r"^[A-Za-z_][A-Za-z0-9_-]{0,31}$")]
ImagePath = Annotated[
    str,
    Rule(
        "an absolute path without '..', spaces or a slash at the end",
        r"^(/(?!\.{1,2}(/|$))[^/\s]+)+$",
    ),
]
# Only these are kept: what lies in /etc comes from image and seed, and programs are the image's.
StatePath = Annotated[
    str,
    Rule(
        "a folder below /srv or /var, without '..', spaces or a slash at the end",
        r"^/(srv|var)(/(?!\.{1,2}(/|$))[^/\s]+)+$",
    ),
]
# https://www.debian.org/doc/debian-policy/ch-controlfields.html#source
Package = Annotated[str, Rule("a package name", r"^[a-z0-9][a-z0-9+.-]+$")]
Service = Annotated[str, Rule("the name of an init script", r"^[a-z0-9][a-z0-9+._-]*$")]
Mirror = Annotated[
    str,
    Rule(
        "'host' (the mirror this host's apt uses), a file URL, or an http or https URL without user"
        " and password, which belong into /etc/apt/auth.conf.d",
        rf"^(host|{_URL}|file:///\S+)$",
    ),
]
# Where a file comes from; a word stands for one that the role knows.
Origin = Annotated[
    str,
    Rule(
        "an http or https URL without user and password, which belong into ~/.netrc, a path of this"
        " host, or a word",
        rf"^({_URL}|file:///.+|(?!.*://).*)$",
    ),
]
# https://www.debian.org/doc/debian-policy/ch-controlfields.html#version, without a revision.
Upstream = Annotated[str, Rule("a version such as 0.16.2, in quotes", r"^[0-9][0-9A-Za-z.+~]*$")]
Text = Annotated[str, Rule("a non-empty line of text", r"^\S(.*\S)?$")]
Word = Annotated[str, Rule("a word without spaces and brackets", r"^[!-Z^-~]+$")]
FileName = Annotated[str, Rule("the name of a file", r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]

Mail = Annotated[
    str,
    Rule(
        "a mail address that Django 1.4 accepts, such as user@lab.test: its last label has 2 to 6"
        " letters",
        rf"^{_MAIL}$",
    ),
]
Mailbox = Annotated[
    str,
    Rule(
        "a name and a mail address that Django 1.4 accepts, such as Ann Other <ann@lab.test>: its"
        " last label has 2 to 6 letters",
        rf"^[^<>\r\n]*[^<>\s] <{_MAIL}>$",
    ),
]

RoleName = Annotated[str, Rule("a role (a folder of images/roles)", names="role")]
KindName = Annotated[str, Rule("a kind (a file of images/kinds)", names="kind")]
SiteName = Annotated[str, Rule("a site (a file of images/sites)", names="site")]
ReleaseName = Annotated[str, Rule("a release (a file of images/releases)", names="release")]
StandIn = Annotated[str, Rule("a stand-in (a folder of images/standins)", names="stand-in")]
StepName = Annotated[str, Rule("a step (a file of scripts/firstboot/steps)", names="step")]
BakeScript = Annotated[str, Rule("a script of scripts/bake", names="bake script")]
GuideId = Annotated[str, Rule("an id of the guide (docs/guide-steps.json)", names="guide id")]

PortNumber = Annotated[int, Range(1, 65535)]
# Whom the packet filter lets in.
Visitor = Literal["nodes", "site", "operators", "users"]
# https://en.wikipedia.org/wiki/IEEE_802.1Q: 0 means untagged and 4095 is reserved.
Vlan = Annotated[int, Range(1, 4094)]
# https://www.debian.org/doc/debian-policy/ch-opersys.html#uid-and-gid-classes: 65535 means "none".
AccountId = Annotated[int, Range(1, 65534)]
MemoryMib = Annotated[int, Range(64, 1024 * 1024)]

Scalar = str | int | float | bool
Value = Scalar | tuple[Scalar, ...]
# What a variable of a site holds, as a role says; golden/definition/variables.py has the rules.
VariableType = Literal[
    "text", "texts", "count", "flag", "host", "address", "subnet", "mail", "mailboxes", "origin"
]

_UNITS_MIB = {"M": 1, "G": 1024, "T": 1024 * 1024}


def mib(size: str) -> int:
    """A `Size` in MiB: "6G" is 6144."""
    return int(size[:-1]) * _UNITS_MIB[size[-1]]


def mib_range(sizes: str) -> tuple[int, int | None]:
    """A `SizeRange` in MiB, least and most: "6G.." is (6144, None)."""
    least, _, most = sizes.partition("..")
    return mib(least), mib(most) if most else None


def plain_serial(serial: str) -> str:
    """A serial number in its one normal form: kernels pad it with spaces, and udev turns spaces
    inside it into underscores (scripts/installer/disk.sh, plain_serial)."""
    return re.sub(r"[ _]", "", serial)


def plain_wwn(wwn: str) -> str:
    """A WWN in the form that the installer compares (scripts/installer/disk.sh, plain_wwn)."""
    return re.sub(r"^(0x|naa\.|eui\.|nvme\.)", "", wwn.lower())
