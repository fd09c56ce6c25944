"""What the image should have brought: kind, mode, owner, group and hash of each asked path."""

import grp
import hashlib
import os
import pwd
import stat

from guest import content


def owner(uid):
    """The user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group(gid):
    """The group's name, or the number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def describe(path):
    """Facts about one path; None when it is missing."""
    if not os.path.lexists(path):
        return None
    status = os.lstat(path)
    found = {
        "mode": "{0:04o}".format(stat.S_IMODE(status.st_mode)),
        "owner": owner(status.st_uid),
        "group": group(status.st_gid),
        "kind": "other",
        "sha256": "",
    }
    if stat.S_ISLNK(status.st_mode):
        found.update(kind="link", target=os.readlink(path))
    elif stat.S_ISDIR(status.st_mode):
        found["kind"] = "directory"
    elif stat.S_ISREG(status.st_mode):
        found.update(kind="file", sha256=hashlib.sha256(content(path) or b"").hexdigest())
    return found


def main(request):
    """{path: facts or None} for request["paths"]."""
    return {path: describe(path) for path in request["paths"]}
