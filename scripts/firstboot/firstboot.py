"""firstboot run|resume|status: set up this node from its seed, once.

run     at every boot (/etc/init.d/firstboot): do what is left to do, or say that the node is set up
resume  the same by hand after a failure, showing each step
status  how far the set-up is
With --accept-seed a node that is set up applies a seed other than the one it was set up from.
"""

from __future__ import print_function

import argparse
import errno
import fcntl
import os
import socket
import sys

from engine import clock, command, files, runner, seed
from engine.console import Console
from engine.context import Context
from engine.failures import StepError
from engine.journal import Journal
from engine.report import Report
from engine.state import State

IMAGE = "etc/golden/image.json"
STATE = "var/lib/firstboot"
LOG = "var/log/firstboot.log"
DEADLINE_SECONDS = 1800


def main(argv):
    """Exit code 0: the node is set up; 1: it is not."""
    parser = argparse.ArgumentParser(
        prog="firstboot", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["run", "resume", "status"])
    parser.add_argument("--accept-seed", action="store_true", help="apply a changed seed")
    options = parser.parse_args(argv)
    root = os.environ.get("FIRSTBOOT_ROOT", "/")
    state = State(os.path.join(root, STATE))
    if options.action == "status":
        return show(state)
    os.umask(0o022)
    try:
        return set_up(root, state, options)
    except Exception as error:
        # Whatever it is: the host must not wait for a word that never comes.
        said = "{0}: {1}".format(type(error).__name__, error)
        console(root).say("ready", 0, 0, "failed", "firstboot itself failed: " + said)
        raise


def set_up(root, state, options):
    """Run or resume, unless another run does already; the exit code."""
    files.make_folder(state.folder, 0o755)
    lock = _lock(os.path.join(state.folder, "lock"))
    if lock is None:
        print("firstboot: another run is under way; see: firstboot status")
        return 1
    try:
        return FirstBoot(root, state, options.action == "resume").run(options.accept_seed)
    finally:
        os.close(lock)


def console(root):
    """The machine's console; it has the host's name until the seed is read."""
    return Console(os.path.join(root, "dev/console"), socket.gethostname())


class FirstBoot(object):
    """One run on this machine."""

    def __init__(self, root, state, human):
        self._root = root
        self._state = state
        self._human = human
        self._journal = Journal(os.path.join(root, LOG))
        self._image = files.from_json(files.read(os.path.join(root, IMAGE)))
        self._console = console(root)

    def run(self, accept_seed):
        """Do what is left to do; the exit code."""
        finished = self._finished()
        try:
            found = self._seed()
        except seed.NoSeedError as error:
            # A node that is set up needs its seed no more.
            return self._already(finished, "") if finished else self._stop(error)
        except StepError as error:
            if not finished:
                return self._stop(error)
            self._already(finished, "the seed is not applied: {0}".format(error))
            return 1 if accept_seed else 0
        same = finished and _identity(finished) == (found.instance, found.golden["serial"])
        if same:
            return self._already(finished, "")
        if finished and not accept_seed:
            return self._already(
                finished, "seed changed, not applied; apply it with: firstboot run --accept-seed"
            )
        return self._steps(found)

    def _finished(self):
        finished = self._state.finished()
        for path in self._state.unreadable:
            self._report({}, 0).note(
                "{0} cannot be read: every step is looked at again".format(path)
            )
        return finished

    def _seed(self):
        found = seed.find(self._mount, self._root)
        self._journal.hide(found.secret_texts())
        seed.refuse_other(found, self._image)
        self._console.node = found.golden["node"]["name"]
        return found

    def _mount(self, argv):
        return command.run(argv, self._journal, 60)

    def _steps(self, found):
        names = self._image["first_boot"]
        header = _header(found)
        report = Report(self._console, self._state, self._journal, header, len(names), self._human)
        deadline = clock.uptime() + self._image.get("deadline", DEADLINE_SECONDS)
        ctx = Context(self._image, found, self._journal, deadline, self._root)
        ctx.on_waiting = report.waiting
        return 0 if runner.run(ctx, self._state, report, names) else 1

    def _already(self, finished, detail):
        detail = detail or "set up on an earlier boot"
        self._report({}, finished["of"]).last_line("done", detail)
        return 0

    def _stop(self, error):
        report = self._report({"site": self._image["site"], "node": self._console.node}, 0)
        report.status.update(step="seed")
        report.end("failed", str(error))
        report.finish(
            False,
            str(error),
            {
                "step": "seed",
                "message": str(error),
                "command": None,
                "code": None,
                "resume": "firstboot resume",
                "log": "/" + LOG,
            },
        )
        return 1

    def _report(self, header, of):
        return Report(self._console, self._state, self._journal, header, of, self._human)


def show(state):
    """Print the status for a person; the exit code."""
    status = state.status()
    for path in state.unreadable:
        print("firstboot: {0} cannot be read; write it anew with: firstboot resume".format(path))
        return 1
    if status is None:
        print("firstboot: it has not run yet")
        return 1
    for step in status["steps"]:
        print("{state:8} {name:24} {seconds:7.1f} s  {detail}".format(**step))
    if status["state"] == "running":
        print("running  {step} ({n} of {of}) {detail}".format(**status))
    else:
        print("{state}: {detail}".format(**status))
    return 0 if status["state"] == "ready" else 1


def _header(found):
    return {
        "site": found.golden["site"],
        "node": found.golden["node"]["name"],
        "instance": found.instance,
        "serial": found.golden["serial"],
    }


def _identity(result):
    return result.get("instance"), result.get("serial")


def _lock(path):
    """The locked file, or None when another run holds it; held until this process ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    files.keep_from_children(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (IOError, OSError) as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        return None
    return handle


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
