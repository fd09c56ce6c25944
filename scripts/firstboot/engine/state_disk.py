"""The disk or partition of the state volume: how a machine finds it, and formats a blank one."""

import os

from engine import devices, files
from engine.failures import StepError

# How a disk for it is called (virtio, NVMe), and the label of its file system.
NAME = "golden-state"
# The record of the installer on the disk of the system (scripts/installer/disk.sh): its place in
# sectors of 512 bytes, its words, and which of them is the first sector of the state's partition.
MARK_SECTOR = 2047
MARK = ("golden-disk", "finished")
MARK_WORDS = 9
STATE_START = 7


def find(root):
    """The path below `root` of the disk with that serial number, or of the partition that the
    installer made beside the system's; None without either."""
    folder = os.path.join(root, "sys/block")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        # A container sees its host's disks here, and has no devices for them.
        device = _device(root, name)
        if NAME in _serials(os.path.join(folder, name)) and os.path.exists(device):
            return device
    return _partition(root)


def format_blank(run, device, advice):
    """Make a file system on a blank device. Raises StepError, with `advice`, for one with anything
    else; `run(argv, check)` runs a program."""
    found = run(["blkid", "-p", "-o", "export", device], False)
    if devices.knows_nothing(found.code, found.text):
        # -F: a disk without partitions is what it shall be.
        run(["mkfs.ext4", "-q", "-F", "-L", NAME, device], True)
    elif "LABEL=" + NAME not in found.text.split():
        content = " ".join(found.text.split())[:200] or "unreadable"
        raise StepError(
            "{0} is for the state volume, but holds something else ({1}){2}".format(
                device, content, advice
            )
        )


def _partition(root):
    """Blank it has no label, so the installer's record tells where it is."""
    number = os.stat(root).st_dev
    link = "sys/dev/block/{0}:{1}".format(os.major(number), os.minor(number))
    place = os.path.realpath(os.path.join(root, link))
    if not os.path.exists(os.path.join(place, "partition")):
        return None
    disk = os.path.dirname(place)
    device = _device(root, os.path.basename(disk))
    # A container's root may be a folder on a partition of its host.
    words = _mark(device) if os.path.exists(device) else []
    if len(words) != MARK_WORDS or tuple(words[:2]) != MARK:
        return None
    for name in os.listdir(disk):
        if files.read(os.path.join(disk, name, "start")).strip() == words[STATE_START]:
            return _device(root, name)
    return None


def _mark(device):
    with open(device, "rb") as opened:
        opened.seek(MARK_SECTOR * 512)
        return opened.read(512).rstrip(b"\0").decode("latin-1").split()


def _device(root, name):
    # A / in it is a ! in sysfs, as in cciss!c0d0.
    return os.path.join(root, "dev", name.replace("!", "/"))


def _serials(folder):
    """The serial number of the disk in sysfs, at either of its places (virtio, NVMe)."""
    for place in ("serial", "device/serial"):
        try:
            yield files.read(os.path.join(folder, place)).strip()
        except (IOError, OSError):
            pass  # a disk that does not tell is none of ours
