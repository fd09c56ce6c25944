"""What a failing or waiting first boot usually has: known words, and the likeliest causes first."""

from __future__ import annotations

import re

# Words in the step's own text, and what then is likely; {0} is what the words' first group found.
# From failures seen in rehearsals, and from the messages of the programs themselves.
_KNOWN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"no space left on (\S+?):|No space left on device|ENOSPC",
        (
            "the disk is too small for this role: raise `size` of the kind's image, or add a disk",
            "something fills it: look with df and du on the node",
        ),
    ),
    (
        r"no inodes left on (\S+?):",
        ("too many small files lie on {0}, such as mails or sessions: look with df -i",),
    ),
    (
        r"no seed: ",
        (
            "the disk that ./inv seed wrote is not attached to the machine",
            "the machine has another node's disks: compare its MAC address with the site's file",
        ),
    ),
    (
        r"the seed (?:is not one|lacks)",
        (
            "the seed was cut while it was copied: write it anew with ./inv seed",
            "another tool made a CIDATA disk that is attached, too",
        ),
    ),
    (
        r"the seed (?:is for|names node)",
        (
            "the seed of another node is attached",
            "the seed was changed by hand: write it anew with ./inv seed",
        ),
    ),
    (
        r"has the MAC address|no such card|should have the MAC",
        (
            "`mac:` of the node in the site's file is not that of the machine",
            "the machine's network cards are in another order than the site's file says",
        ),
    ),
    (
        r"waiting for (\S+) (?:nfs|storage|sshd|database|astakos|pithos)\b"
        r"|waiting for (\S+) to add this node|\(which needs (\S+?)\)",
        (
            "{0} is off, or its own first boot failed or is behind: ./inv status, ./inv why {0}",
            "the LAN between the nodes is down, or one of their addresses is wrong",
        ),
    ),
    (
        # ssh(1) ends so when it reaches nobody, or nobody any more.
        r"root@([\w-]+)\S* .*exit code 255",
        (
            "{0} is off or restarts: ./inv status, ./inv why {0}",
            "the LAN between the nodes is down, or one of their addresses is wrong",
        ),
    ),
    (
        r"No route to host|Network is unreachable|no route to|Connection timed out|timed out",
        (
            "the other node is off or still boots",
            "the LAN between the nodes is down, or an address is another's",
        ),
    ),
    (
        r"Connection refused",
        (
            "the service there is not up yet, or has ended: its log is on the other node",
            "the other node has not come that far in its own first boot",
        ),
    ),
    (
        r"Name or service not known|Temporary failure in name resolution|resolves to",
        (
            "dnsmasq on the node with the role dns does not run, or that node is off",
            "/etc/hosts or the site's domain was changed after the bake",
        ),
    ),
    (
        r"Host key verification failed|Permission denied \(publickey",
        (
            "the other node was made anew with other secrets: boot both from the same .secrets",
            "another machine has the other node's address",
        ),
    ),
    (
        r"certificate (?:has expired|is not yet valid)|not yet valid",
        (
            "the node's clock is wrong: set it, or let it reach its time source",
            "the site's certificates are over: make new ones with ./inv secrets",
        ),
    ),
    (
        r"certificate verify failed|SSL certificate problem",
        (
            "the node has the CA of another site's secrets",
            "the node's clock is wrong",
        ),
    ),
    (
        r"password authentication failed|ACCESS_REFUSED|401 Unauthorized|let the user",
        (
            "the secrets were made anew after the other node's first boot",
            "somebody changed the password on the node",
        ),
    ),
    (
        r"is not empty|belongs to the volume group",
        (
            "the disk is an old one with data: choose another, or wipe it by hand",
            "`device:` of the site's volume_group names the wrong disk",
        ),
    ),
    (
        r"already exists|there is already|is there already",
        (
            "it was made by hand, or with other values before",
            "the site's definition was changed after the first boot",
        ),
    ),
    (
        r"SEGMENT_SIZE|/dev/shm of this machine",
        ("the machine has too little memory for archipelago_segment_mib",),
    ),
    (
        r"address already in use|answers already: another cluster|Address already in use",
        (
            "another machine on this LAN has the address",
            "a service of before still runs: look with ss -tlnp on the node",
        ),
    ),
    (
        r"module .* cannot be loaded|modprobe|Module \S+ not found",
        (
            "the running kernel is not the one of the image: boot the disk's own",
            "the module's package is missing in the image",
        ),
    ),
    (
        r"exit 127|is not installed",
        ("the image lacks the program: a package is missing in the role, bake again",),
    ),
    (
        r"exit 137|Out of memory|Cannot allocate memory|MemoryError",
        (
            "the machine has too little memory: raise `memory` of the kind or node",
            "another program on the node takes it: look with ps --sort=-rss",
        ),
    ),
    (
        r"did not end in time|gave up waiting|no end|the time for the whole first boot",
        (
            "the machine is far slower than thought: an emulated one, or a busy host",
            "what it waits for has ended: its log is named in the step's words",
        ),
    ),
    (
        r"Read-only file system|Input/output error|I/O error",
        (
            "the disk is broken, or this host's own disk is full",
            "the file system was mounted read-only after an error: see the kernel's lines",
        ),
    ),
    (
        r"\w+Error: |ran without an error, yet",
        ("it is a fault of the step itself: its traceback is in /var/log/firstboot.log",),
    ),
    (
        r"kernel panic|root file system .* was not found",
        (
            "the disk's image was damaged or not written to its end: make the node anew",
            "the machine's disk controller needs a driver that the image's initramfs lacks",
        ),
    ),
)
MOST = 2


def likely(text: str) -> list[str]:
    """The likeliest causes of what `text` tells, at most two; none where nothing is known."""
    found: list[str] = []
    for words, causes in _KNOWN:
        match = re.search(words, text)
        if match:
            group = next((each for each in match.groups() if each), "")
            found += [cause for each in causes if (cause := each.format(group)) not in found]
    return found[:MOST]
