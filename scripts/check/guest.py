"""Running commands and reading files inside a node; Python 2.7 and 3 alike."""

import os
import subprocess
import threading

# An init script's `status` is minutes for RabbitMQ on an emulated machine of a busy host.
SECONDS = 240
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
}


def run(argv, stdin=None, env=None, timeout=SECONDS):
    """Run `argv` and return (exit code, stdout and stderr as text); -1 when it cannot be started.

    A command that outlives `timeout` seconds is killed: its code is negative.
    """
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(ENVIRONMENT, **{name: native(env[name]) for name in env or {}}),
        )
    except OSError as error:
        return -1, "{0}: {1}".format(argv[0], error.strerror)
    killer = threading.Timer(timeout, child.kill)
    killer.start()
    try:
        out = child.communicate((stdin or "").encode("utf-8"))[0]
    finally:
        killer.cancel()
    return child.returncode, out.decode("utf-8", "replace")


def native(text):
    """`text` as this Python hands it to programs: bytes in Python 2, whose default is ASCII."""
    return text.encode("utf-8") if str is bytes and not isinstance(text, str) else text


def curl_quoted(value):
    """A value of curl's configuration file, which knows few escapes (curl(1), --config)."""
    for char, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(char, escape)
    return '"{0}"'.format(value)


def content(path):
    """The file's bytes, or None when there is no such file."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (IOError, OSError):
        return None


def text(path):
    """The file's text, "" when there is no such file."""
    return (content(path) or b"").decode("utf-8", "replace")


def listing(folder):
    """The sorted names in `folder`, none when there is no such folder."""
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []
