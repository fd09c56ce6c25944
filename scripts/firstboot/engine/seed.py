"""Find and read the seed: the NoCloud disk labelled CIDATA, or a folder in a container.

The labels are read here and not from /dev/disk/by-label: a container has no udev. The writer is
golden/seed.py.
"""

import io
import os
import shutil
import tempfile

from engine import files
from engine.failures import StepError

LABEL = b"CIDATA"
FOLDER = "/var/lib/golden-seed"
# Secrets that were made anew after the seed was written (golden/rotation.py).
ROTATED = "/var/lib/golden/rotated.json"
# Never a seed, and slow to open or always empty.
IGNORED = ("fd", "ram", "loop", "drbd", "dm-", "md", "nbd", "zram")
NEEDED = {
    "site": str,
    "node": dict,
    "nodes": list,
    "hosts": dict,
    "domain": str,
    "cluster": dict,
    "network": dict,
    "bridges": list,
    "volume_group": dict,
    "variables": dict,
    "serial": str,
    "not_before": (int, float),
    "ssh": dict,
    "tls": dict,
    "secrets": dict,
}
# What a node keeps nowhere but in its settings.
PRIVATE = ("secrets", "ssh", "tls")


class NoSeedError(StepError):
    """There is no seed; says what was looked for."""


class Seed(object):
    """`instance` is the instance-id, `golden` what the operator's machine says about this node;
    `is_rotated`: secrets in it were made anew after it was written."""

    def __init__(self, instance, golden, is_rotated=False):
        self.instance = instance
        self.golden = golden
        self.is_rotated = is_rotated

    def public(self):
        """What the node may keep of it, for boots at which it is away, or another."""
        return {key: self.golden[key] for key in self.golden if key not in PRIVATE}

    def secret_texts(self):
        """Everything that must not appear in a log."""
        host_keys = self.golden["ssh"].get("host_keys", {}).values()
        return (
            list(self.golden["secrets"].values())
            + [self.golden["ssh"]["private_key"], self.golden["tls"]["key"]]
            + [key["private"] for key in host_keys]
        )


def find(run, root="/"):
    """The seed of this machine, with the secrets that were made anew since; `run(argv)` mounts its
    disk. Raises NoSeedError, StepError."""
    return _renewed(_find(run, root), root)


def rotate(root, text, instance):
    """Keep the secrets in the JSON `text`, {"instance", "rotation", "secrets"}, for `find`.

    Raises StepError when they are for another instance, ValueError for what is no JSON.
    """
    given = files.from_json(text)
    if given["instance"] != instance:
        raise StepError(
            "the secrets are for {0}, this node was set up as {1}".format(
                given["instance"], instance
            )
        )
    files.write(os.path.join(root, ROTATED.lstrip("/")), text, 0o600)


def _renewed(found, root):
    """`found` with the secrets that are newer than it. A seed that was made for another instance,
    or after them, is as it is."""
    try:
        kept = files.from_json(files.read(os.path.join(root, ROTATED.lstrip("/")), "{}"))
    except ValueError:
        kept = {}
    number = kept.get("rotation", 0)
    if kept.get("instance") != found.instance or number <= found.golden.get("rotation", 0):
        return found
    serial = "{0}+{1}".format(found.golden["serial"], number)
    new = {"rotation": number, "secrets": kept["secrets"], "serial": serial}
    return Seed(found.instance, dict(found.golden, **new), is_rotated=True)


def _find(run, root):
    folder = os.path.join(root, FOLDER.lstrip("/"))
    if os.path.exists(os.path.join(folder, "user-data")):
        return read(folder)
    devices = list(_devices(root))
    for device in devices:
        kind = label_kind(device)
        if kind:
            return _read_device(run, device, kind)
    raise NoSeedError(
        "no seed: looked for a disk labelled CIDATA (iso9660 or vfat) on {0} and for the folder "
        "{1}; attach the disk that `inv seed` wrote, and power the machine off and on".format(
            ", ".join(os.path.basename(device) for device in devices) or "no disk at all", FOLDER
        )
    )


def read(folder):
    """The seed in `folder`. Raises StepError when it is not one of ours."""
    text = files.read(os.path.join(folder, "user-data"))
    try:
        meta = files.from_json(files.read(os.path.join(folder, "meta-data")))
        golden = files.from_json(text[text.index("\n") :])["golden"]
        missing = [key for key in sorted(NEEDED) if not isinstance(golden.get(key), NEEDED[key])]
        found = Seed(str(meta["instance-id"]), golden)
        if not missing and not all(isinstance(text, str) for text in found.secret_texts()):
            raise TypeError("a secret is not a text")
    # RuntimeError: nested deeper than the parser goes.
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise StepError("the seed is not one that `inv seed` wrote ({0})".format(error))
    if missing:
        raise StepError(
            "the seed lacks {0}: write it anew with `inv seed`".format(", ".join(missing))
        )
    return found


def refuse_other(found, image):
    """Raise StepError when the Seed `found` is for another site, kind or node than it must be."""
    node = found.golden["node"]
    for key, told, mine in (
        ("site", found.golden["site"], image["site"]),
        ("kind", node.get("kind"), image["kind"]),
    ):
        if told != mine:
            raise StepError(
                "the seed is for {0} {1}, this image is of {0} {2}: attach the "
                "seed of this node".format(key, told, mine)
            )
    made_for = "{0}-{1}-".format(image["site"], node.get("name"))
    if node not in found.golden["nodes"] or not found.instance.startswith(made_for):
        raise StepError(
            "the seed names node {0} but was written for another one ({1}): it was changed by "
            "hand; write it anew with `inv seed`".format(node.get("name"), found.instance)
        )


def label_kind(device):
    """The file system type of `device` when it is labelled CIDATA, else None."""
    try:
        with io.open(device, "rb", buffering=0) as file:
            start = file.read(0x8050) or b""
    except (IOError, OSError):
        return None  # an empty drive
    if start[0x8001:0x8006] == b"CD001":
        return "iso9660" if start[0x8028:0x8048].strip().upper() == LABEL else None
    # The label's place in the boot sector of FAT12/16 and of FAT32.
    for name, place in ((0x36, 0x2B), (0x52, 0x47)):
        if start[name : name + 3] == b"FAT":
            return "vfat" if start[place : place + 11].strip().upper() == LABEL else None
    return None


def _devices(root):
    folder = os.path.join(root, "sys/class/block")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in names:
        if not name.startswith(IGNORED):
            yield os.path.join(root, "dev", name.replace("!", "/"))


def _read_device(run, device, kind):
    folder = tempfile.mkdtemp(prefix="firstboot-seed-")
    try:
        run(["mount", "-o", "ro", "-t", kind, device, folder])
        try:
            return read(folder)
        finally:
            run(["umount", folder])
    finally:
        shutil.rmtree(folder)
