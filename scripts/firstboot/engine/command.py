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
TICK_SECONDS = 0.5
TAIL_LINES = 3
TAIL_LENGTH = 300

# An init script starts with almost nothing (docs/wheezy.md W10.8). C keeps messages in English.
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
    running, pause = _Running(argv, journal, timeout, stdin, env), 0.01
    while running.runs():
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)
    return running.end(check)


def run_all(commands, journal, timeout, tick):
    """Run all of `commands` at the same time, to the end of each; their outputs in that order.

    `tick(seconds)` is called while they run. Raises CommandError for the first that failed, when
    all have ended.
    """
    running = [_Running(argv, journal, timeout) for argv in commands]
    while any(each.runs() for each in running):
        tick(clock.uptime() - running[0].began)
        time.sleep(TICK_SECONDS)
    return [each.end(True) for each in running]


class _Running(object):
    """A program that was started, with its output in a file."""

    def __init__(self, argv, journal, timeout, stdin="", env=None):
        self.began = clock.uptime()
        self._deadline = self.began + timeout
        self._late = False
        self._journal = journal
        self._shown = journal.redacted(" ".join(argv))
        journal.write("+ " + self._shown)
        self._output = tempfile.TemporaryFile()
        self._process = _start(argv, self._output, env, journal)
        _feed(self._process, stdin)

    def runs(self):
        """Whether it has not ended; it is made to end when its time is over."""
        if self._process.poll() is None and clock.uptime() > self._deadline:
            _end(self._process)
            self._late = True
        return self._process.poll() is None

    def end(self, check):
        """Its Output, when it has ended. Raises CommandError as `run` does."""
        with self._output:
            self._output.seek(0)
            text = files.native(self._output.read())
        code = None if self._late else self._process.returncode
        self._journal.write(text)
        self._journal.write(
            "= {0} after {1:.1f} s".format(
                "no end" if code is None else "exit {0}".format(code), clock.uptime() - self.began
            )
        )
        if code is None or (check and code != 0):
            raise CommandError(self._shown, code, _tail(self._journal.redacted(text)))
        return Output(code, text)


def start(argv, journal):
    """Start `argv` and leave it alone; what it says goes to the journal's own file."""
    journal.write("+ {0} &".format(" ".join(argv)))
    process = _start(argv, journal.stream(), None, journal)
    process.stdin.close()


def _detach():
    os.setsid()
    # Python 2 ignores it, and a daemon would inherit that (https://bugs.python.org/issue1652).
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


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
            preexec_fn=_detach,
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
