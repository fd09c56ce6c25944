"""firstboot bind|run|resume|status|rotate: set up this node from its seed, once.

bind    at every boot, before the daemons (/etc/init.d/golden-state): bind what outlives the system
        disk from the state volume, where there is one
run     at every boot (/etc/init.d/firstboot): do what is left to do; on a node that is set up, wait
        in the background until its services serve, and say so
resume  the same by hand after a failure, showing each step
status  how far the set-up is
rotate  keep secrets that were made anew, from standard input; `resume`, or the next boot, applies
        them
With --accept-seed a node that is set up applies a seed other than the one it was set up from.
"""

from __future__ import print_function

import argparse
import errno
import fcntl
import os
import socket
import sys

from engine import clock, command, files, runner, seed, serving, state_volume
from engine.console import Console
from engine.context import Context
from engine.failures import StepError
from engine.journal import Journal
from engine.report import Report
from engine.state import State

IMAGE = "etc/golden/image.json"
STATE = "var/lib/firstboot"
LOG = "var/log/firstboot.log"
# A node that waits for another gives up then. Nothing else should: emulated nodes took 1,970 s on a
# slow host beside other work.
DEADLINE_SECONDS = 3600


def main(argv):
    """Exit code 0: the node is set up; 1: it is not."""
    parser = argparse.ArgumentParser(
        prog="firstboot", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["bind", "run", "resume", "status", "rotate"])
    parser.add_argument("--accept-seed", action="store_true", help="apply a changed seed")
    options = parser.parse_args(argv)
    root = os.environ.get("FIRSTBOOT_ROOT", "/")
    state = State(os.path.join(root, STATE))
    if options.action == "status":
        return show(state)
    os.umask(0o022)
    if options.action == "rotate":
        return rotate(root, state)
    if options.action == "bind":
        return state_volume.bind(root, _image(root), state, Journal(os.path.join(root, LOG)))
    return guarded(root, lambda: set_up(root, state, options))


def rotate(root, state):
    """Keep the secrets on standard input; the exit code."""
    try:
        seed.rotate(root, sys.stdin.read(), (state.result() or {}).get("instance"))
    except (StepError, ValueError, KeyError, TypeError) as error:
        print("firstboot: nothing is kept: {0}".format(error))
        return 1
    return 0


def guarded(root, work):
    """`work()`; whatever it raises, the host must not wait for a word that never comes."""
    try:
        return work()
    except Exception as error:
        said = "{0}: {1}".format(type(error).__name__, error)
        console(root).say("ready", 0, 0, "failed", "firstboot itself failed: " + said)
        raise


def in_background(root, work):
    """Have `work()` done by a process of its own, for which init does not wait; exit code 0."""
    if os.fork():
        return 0
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for handle in range(3):
            os.dup2(nothing, handle)
        os._exit(guarded(root, work))
    finally:
        os._exit(1)


def set_up(root, state, options):
    """Run or resume, unless another run does already; the exit code."""
    files.make_folder(state.folder, 0o755)
    lock = _lock(os.path.join(state.folder, "lock"))
    if lock is None:
        print("firstboot: another run is under way; see: firstboot status")
        return 1
    try:
        return FirstBoot(root, state, options, lock).run()
    finally:
        os.close(lock)


def console(root):
    """The machine's console; it has the host's name until the seed is read."""
    return Console(os.path.join(root, "dev/console"), socket.gethostname())


class FirstBoot(object):
    """One run on this machine."""

    def __init__(self, root, state, options, lock):
        self._root = root
        self._state = state
        self._human = options.action == "resume"
        self._accept_seed = options.accept_seed
        self._lock = lock
        self._journal = Journal(os.path.join(root, LOG))
        self._image = _image(root)
        self._console = console(root)

    def run(self):
        """Do what is left to do; the exit code."""
        refused = files.read(os.path.join(self._root, state_volume.REFUSED.lstrip("/"))).strip()
        if refused:
            return self._stop(StepError(refused), "state")
        finished = self._finished()
        try:
            found = self._seed()
        except seed.NoSeedError as error:
            # A node that is set up needs its seed no more.
            return self._serve(finished) if finished else self._stop(error)
        except StepError as error:
            if not finished:
                return self._stop(error)
            self._serve(finished, note="the seed is not applied: {0}".format(error))
            return 1 if self._accept_seed else 0
        if not finished:
            return self._steps(found)
        if _identity(finished) == (found.instance, found.golden["serial"]):
            return self._serve(finished, found)
        # Who rotates secrets has them accepted; a power cut may have come between.
        if self._accept_seed or found.is_rotated:
            return self._steps(found)
        return self._serve(
            finished, note="seed changed, not applied; apply it with: firstboot run --accept-seed"
        )

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
        report, ctx = self._report(_header(found), len(names)), self._context(found)
        ctx.on_waiting = report.waiting
        return 0 if runner.run(ctx, self._state, report, names) else 1

    def _context(self, found):
        deadline = clock.uptime() + self._image.get("deadline", DEADLINE_SECONDS)
        return Context(self._image, found, self._journal, deadline, self._root)

    def _serve(self, finished, found=None, note="set up on an earlier boot"):
        """Wait until a node that is set up serves. Only the seed of then, `found`, or what was kept
        of it, has the answers to first boot's own questions."""
        ctx = self._context(found or seed.Seed(finished.get("instance", ""), finished["seed"]))
        serving.prepare(ctx, self._image["first_boot"])
        if self._human:
            return self._wait_until_served(ctx, finished, note)
        return in_background(self._root, lambda: self._wait_until_served(ctx, finished, note))

    def _wait_until_served(self, ctx, finished, note):
        names = self._image["first_boot"]
        report = self._report(finished, len(names))
        report.status["steps"] = finished.get("steps", [])
        ctx.on_waiting = report.waiting
        try:
            serving.wait(ctx, self._state, names, report.begin)
        except StepError as error:
            report.served(False, "{0}; {1}".format(error, runner.RESUME))
            if self._human:
                return 1
            self._wait_on(ctx, names)
        report.served(True, note)
        return 0

    def _wait_on(self, ctx, names):
        """For ever: the other node may come yet. A person may resume beside it."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        ctx.deadline = float("inf")
        ctx.on_waiting = _say_nothing
        serving.wait(ctx, self._state, names, _say_nothing)

    def _stop(self, error, step="seed"):
        report = self._report({"site": self._image["site"], "node": self._console.node}, 0)
        report.status.update(step=step)
        report.end("failed", str(error))
        report.finish(
            False,
            str(error),
            {
                "step": step,
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


def _say_nothing(*_):
    """What was said last, that it failed, stands."""


def _header(found):
    return {
        "site": found.golden["site"],
        "node": found.golden["node"]["name"],
        "instance": found.instance,
        "serial": found.golden["serial"],
        "seed": found.public(),
    }


def _image(root):
    return files.from_json(files.read(os.path.join(root, IMAGE)))


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
