"""Programs: each with a time limit, its output in the journal."""

import errno
import os
import signal
import subprocess
import tempfile
import time

from engine import clock, files
from engine.failures import CommandError

GRACE_SECONDS = 5
TAIL_LINES = 3
TAIL_LENGTH = 300

# An init script starts with almost nothing (facts/wheezy.md 10.9). C keeps messages in English.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
    "TERM": "dumb",
    "DEBIAN_FRONTEND": "noninteractive",
}


class Output(object):
    """What an ended program left: exit `code` and `text` (standard output and error)."""

    def __init__(self, code, text):
        self.code = code
        self.text = text


def run(argv, journal, timeout, stdin="", env=None, check=True):
    """Run `argv` to its end. Raises CommandError on time-out, and with `check` on failure.

    The output goes through a file, not a pipe: a daemon that keeps its standard output open would
    make us wait for the end of the pipe for ever.
    """
    began = clock.uptime()
    shown = journal.redacted(" ".join(argv))
    journal.write("+ " + shown)
    with tempfile.TemporaryFile() as output:
        process = _start(argv, output, env, journal)
        _feed(process, stdin)
        code = _wait(process, began + timeout)
        output.seek(0)
        text = files.native(output.read())
    journal.write(text)
    journal.write(
        "= {0} after {1:.1f} s".format(
            "no end" if code is None else "exit {0}".format(code), clock.uptime() - began
        )
    )
    if code is None or (check and code != 0):
        raise CommandError(shown, code, _tail(journal.redacted(text)))
    return Output(code, text)


def start(argv, journal):
    """Start `argv` and leave it alone; what it says goes to the journal's own file."""
    journal.write("+ {0} &".format(" ".join(argv)))
    process = _start(argv, journal.stream(), None, journal)
    process.stdin.close()


def _start(argv, output, env, journal):
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=dict(os.environ, **dict(ENVIRONMENT, **(env or {}))),
            # Its own session: a time-out ends the program with all it has started.
            preexec_fn=os.setsid,
            close_fds=False,
        )
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        raise CommandError(journal.redacted(" ".join(argv)), 127, argv[0] + " is not installed")


def _feed(process, text):
    try:
        process.stdin.write(files.encoded(text))
        process.stdin.close()
    except (IOError, OSError) as error:
        # It ended without reading; its exit code tells whether that was wrong.
        if error.errno != errno.EPIPE:
            raise


def _wait(process, deadline):
    """The exit code, or None when the program had to be ended at `deadline`."""
    pause = 0.01
    while process.poll() is None:
        if clock.uptime() > deadline:
            _end(process)
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)
    return process.returncode


def _end(process):
    os.killpg(process.pid, signal.SIGTERM)
    deadline = clock.uptime() + GRACE_SECONDS
    while process.poll() is None and clock.uptime() < deadline:
        time.sleep(0.1)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tail(text):
    """The last lines as one; the very last is often just "failed!"."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return files.cut(" | ".join(lines[-TAIL_LINES:]), -TAIL_LENGTH, None)
