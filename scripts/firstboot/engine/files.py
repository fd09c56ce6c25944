"""Files that are either as they were or as they shall be, also after a power cut."""

import errno
import fcntl
import grp
import io
import json
import os
import pwd

# unicode in Python 2; not written u"", which the formatter takes for Python 3.
TEXT = type(b"".decode("ascii"))


def read(path, default=""):
    """The text of `path`, or `default` when there is no such file."""
    try:
        with io.open(path, "rb") as file:
            return native(file.read())
    except IOError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return default
        raise


def device_bytes(ctx, device):
    """The bytes of a disk or partition, called as on the machine.

    A / in its name is a ! in sysfs, as in cciss!c0d0p1 (Linux: drivers/base/core.c). Raises
    ValueError when the kernel knows no such device.
    """
    real = os.path.realpath(ctx.path(device))
    name = os.path.relpath(real, os.path.realpath(ctx.path("/dev"))).replace("/", "!")
    sectors = read(ctx.path("/sys/class/block/{0}/size".format(name)))
    if not sectors:
        raise ValueError("the kernel does not know the size of " + device)
    return int(sectors) * 512


def write(path, text, mode=0o644, owner=None, group=None):
    """Put `text` at `path` by rename, synced to the disk; missing folders are made."""
    folder = os.path.dirname(path)
    make_folder(folder)
    # Always the same name (there is one runner, see its lock): what a power cut leaves behind is
    # replaced by the next run, which writes this file again.
    temporary = os.path.join(folder, ".firstboot-" + os.path.basename(path))
    remove(temporary)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write_all(handle, encoded(text))
        os.fchmod(handle, mode)
        if owner or group:
            os.fchown(handle, uid(owner or "root"), gid(group or "root"))
        os.fsync(handle)
        os.close(handle)
        _put(temporary, path)
    except BaseException:
        remove(temporary)
        raise
    _sync_folder(folder)


def _write_all(handle, data):
    """A disk that fills up takes a part, and says so only at the next call."""
    while data:
        data = data[os.write(handle, data) :]


def _put(temporary, path):
    """Rename, or for a mount point overwrite: Docker mounts its own /etc/hosts, /etc/hostname and
    /etc/resolv.conf over those of a container, and nothing can be renamed onto them."""
    try:
        os.rename(temporary, path)  # os.replace is 3.3+; rename replaces too on Linux
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        with io.open(temporary, "rb") as source:
            with io.open(path, "wb") as target:
                target.write(source.read())
        status = os.stat(temporary)
        os.chmod(path, status.st_mode & 0o7777)
        os.chown(path, status.st_uid, status.st_gid)
        remove(temporary)


def is_written(path, text, mode=0o644, owner=None, group=None):
    """Whether `write` with the same arguments would change nothing."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return (
        status.st_mode & 0o7777 == mode
        and (owner is None or status.st_uid == uid(owner))
        and (group is None or status.st_gid == gid(group))
        and read(path) == native(encoded(text))
    )


def from_json(text):
    """The value of `text` with all strings as this Python's `str`; ValueError when not JSON.

    Python 2 would give unicode, which spreads to every path and command it touches.
    """
    return _native_strings(json.loads(text))


def make_folder(path, mode=0o755):
    """Make the folder `path` and its parents where they are missing."""
    try:
        os.makedirs(path, mode)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise


def remove(path):
    """Remove the file `path` if it is there."""
    try:
        os.unlink(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def has_user(name):
    """Whether this system has the user `name`."""
    try:
        uid(name)
    except KeyError:
        return False
    return True


def uid(name):
    """The number of the user `name`; KeyError when there is none."""
    return pwd.getpwnam(name).pw_uid


def gid(name):
    """The number of the group `name`; KeyError when there is none."""
    return grp.getgrnam(name).gr_gid


def user_name(number):
    """The name of the user `number`."""
    return pwd.getpwuid(number).pw_name


def group_name(number):
    """The name of the group `number`."""
    return grp.getgrgid(number).gr_name


def keep_from_children(handle):
    """Close `handle` in programs we start: Python 2 hands on every open file, and a daemon that
    inherited our lock would hold it for ever (docs/wheezy.md W10.9)."""
    fcntl.fcntl(handle, fcntl.F_SETFD, fcntl.fcntl(handle, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)


def native(data):
    """Bytes as the `str` of this Python, always valid UTF-8: JSON takes nothing else."""
    text = data.decode("utf-8", "replace")
    return text.encode("utf-8") if str is bytes else text


def cut(text, start, end):
    """The slice of `text`; in Python 2 it might end in half a character."""
    return native(encoded(text[start:end]))


def shortened(text, most):
    """`text`, or its begin and its end in about `most` characters: what failed stands at the begin
    of a message, and why at its end."""
    if len(text) <= most:
        return text
    return cut(text, 0, most // 3) + " ... " + cut(text, most // 3 - most, None)


def encoded(text):
    """A `str` of this Python as bytes."""
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _native_strings(value):
    if isinstance(value, dict):
        return {_native_strings(key): _native_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_native_strings(item) for item in value]
    if isinstance(value, TEXT):
        return native(value.encode("utf-8"))
    return value


def _sync_folder(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
