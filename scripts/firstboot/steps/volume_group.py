"""Make the volume group of the instances' disks. One in the image would have one id everywhere.

On the site's device, a disk or a partition, which must be empty: data that is not ours is never
overwritten. Or in a sparse file, which the init script volume-group attaches at every boot
(docs/synnefo.md S15.37).
"""

import os

from engine import devices, files
from engine.failures import StepError, StepSkipped

GUIDE = ("G157", "G158", "G159")
SERVICES = ("volume-group",)

# Ganeti's MIN_VG_SIZE is 20480 MiB (docs/wheezy.md W14.5); LVM keeps a little for itself.
LEAST_MIB = 20484
UNITS = {"M": 1, "G": 1024, "T": 1024 * 1024}


def done(ctx):
    return ctx.run(["vgs", _group(ctx)["name"]], check=False).code == 0


def run(ctx):
    if ctx.absent("lvm"):
        raise StepSkipped(ctx.absent("lvm"))
    group = _group(ctx)
    if "file" in group:
        _ensure_file(ctx.path(group["file"]), mebibytes(group["size"]))
        # It attaches the file and then fails, as there is no group yet to activate.
        ctx.run([ctx.services.script("volume-group"), "start"], check=False)
        device = _attached(ctx, group["file"])
    else:
        device = group["device"]
        ctx.wait("the disk " + device, lambda: os.path.exists(ctx.path(device)), 20)
    if not done(ctx):
        _check_size(ctx, device)
        if not _is_our_volume(ctx, device):
            _check_empty(ctx, device)
            ctx.run(["pvcreate", device])
        ctx.run(["vgcreate", group["name"], device])
    ctx.services.start("volume-group")


def mebibytes(size):
    """A size such as 25G in MiB."""
    return int(size[:-1]) * UNITS[size[-1]]


def _group(ctx):
    return ctx.seed["volume_group"]


def _ensure_file(path, size_mib):
    files.make_folder(os.path.dirname(path))
    with open(path, "ab") as file:
        if file.tell() == 0:
            file.truncate(size_mib * 1024 * 1024)
            os.fsync(file.fileno())


def _attached(ctx, path):
    text = ctx.run(["losetup", "-j", path]).text
    if not text:
        raise StepError("{0} could not be attached to a loop device".format(path))
    return text.partition(":")[0]


def _check_size(ctx, device):
    size = files.device_bytes(ctx, device) // (1024 * 1024)
    if size < LEAST_MIB:
        raise StepError(
            "{0} has {1} MiB; Ganeti wants a volume group of 20480 MiB, so give it at "
            "least {2} MiB".format(device, size, LEAST_MIB)
        )


def _is_our_volume(ctx, device):
    """Whether a run that was cut short has made the device a physical volume already."""
    found = ctx.run(["pvs", "--noheadings", "-o", "vg_name", device], check=False)
    if found.code != 0:
        return False
    other = found.text.strip()
    if other:
        raise StepError(
            "{0} belongs to the volume group {1}; this site wants it for {2}. Remove "
            "that group, or name another device in the site's volume_group".format(
                device, other, _group(ctx)["name"]
            )
        )
    return True


def _check_empty(ctx, device):
    found = ctx.run(["blkid", "-p", device], check=False)
    if not devices.knows_nothing(found.code, found.text):
        raise StepError(
            "{0} is not empty ({1}); if nothing on it is needed, run: wipefs -a {0}; "
            "then: firstboot resume".format(device, found.text.strip()[:200] or "ambivalent")
        )
