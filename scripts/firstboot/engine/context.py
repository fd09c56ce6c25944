"""What a step is given: the node's seed, the image's facts, and ways to act on the system."""

import os
import time

from engine import clock, command
from engine.failures import NoSecretError, StepError
from engine.services import Services

COMMAND_SECONDS = 120


class Context(object):
    """The world of a step. `root` is / except in tests; steps name files with `path`."""

    def __init__(self, image, seed, journal, deadline, root="/"):
        self.image = image
        self.instance = seed.instance
        self.seed = seed.golden
        self.root = root
        self.services = Services(self, image["services"])
        self._journal = journal
        # By the clock of `engine.clock`, of the whole first boot.
        self.deadline = deadline
        # What a question to the system answered, for the step that asks it again.
        self.memory = {}
        # The runner shows what a step waits for: called with one line of text.
        self.on_waiting = self.log

    @property
    def node(self):
        """This node: name, fqdn, kind, address, mac."""
        return self.seed["node"]

    @property
    def other_nodes(self):
        """The site's nodes without this one."""
        return [node for node in self.seed["nodes"] if node["name"] != self.node["name"]]

    def host_of(self, role):
        """The node of the site that carries `role`."""
        for node in self.seed["nodes"]:
            if node["name"] == self.seed["hosts"].get(role):
                return node
        raise StepError(
            "the seed names no node with the role '{0}', only: {1}".format(
                role, ", ".join(sorted(self.seed["hosts"]))
            )
        )

    def path(self, name):
        """Where the absolute path `name` of the node lies."""
        return os.path.join(self.root, name.lstrip("/"))

    def secret(self, name):
        """The site's secret `name`."""
        if name not in self.seed.get("secrets", {}):
            raise NoSecretError(
                "the seed has no secret '{0}': run `inv secrets`, then write the seed "
                "anew with `inv seed`".format(name)
            )
        return self.seed["secrets"][name]

    def variable(self, name, default):
        """The site's variable `name`."""
        return self.seed["variables"].get(name, default)

    def absent(self, feature):
        """Why this place has no `feature` (nfsd, lvm, ...) through no fault of the image, else "".

        golden/boot/container/absent.py says what a container lacks.
        """
        return self.seed.get("absent", {}).get(feature, "")

    def log(self, text):
        """A line in the log."""
        self._journal.write(text)

    def hide(self, text):
        """Never show `text`, a secret that the seed does not have, in the log."""
        self._journal.hide([text])

    def run(self, argv, timeout=COMMAND_SECONDS, stdin="", env=None, check=True):
        """Run a program to its end; its code and output. Raises CommandError."""
        return command.run(argv, self._journal, self._at_most(timeout), stdin, env, check)

    def run_all(self, commands, reason, timeout=COMMAND_SECONDS):
        """Run programs at the same time, each to its end. Raises CommandError for the first that
        fails. `reason` completes "waiting for", as in `wait`."""
        bound = self._at_most(timeout)

        def tick(spent):
            self.on_waiting("waiting for {0}, {1:.0f} s of {2:.0f} s".format(reason, spent, bound))

        return command.run_all(commands, self._journal, bound, tick)

    def left(self):
        """The seconds that are left of first boot's own time."""
        return self.deadline - clock.uptime()

    def _at_most(self, seconds):
        left = self.left()
        if left <= 0:
            raise StepError("the time for the whole first boot is over")
        return min(seconds, left)

    def start(self, argv):
        """Start a program and do not wait for it."""
        command.start(argv, self._journal)

    def wait(self, reason, probe, bound, every=1.0):
        """Ask `probe()` until it is true. Raises StepError after `bound` seconds.

        `reason` completes "waiting for" and is shown with the time spent. What is nearly there is
        asked for soon again, at last `every` so many seconds.
        """
        began, pause = clock.uptime(), min(0.1, every)
        bound = min(bound, self.deadline - began)
        while not probe():
            spent = clock.uptime() - began
            if spent > bound:
                raise StepError("gave up waiting for {0} after {1:.0f} s".format(reason, spent))
            self.on_waiting("waiting for {0}, {1:.0f} s of {2:.0f} s".format(reason, spent, bound))
            time.sleep(pause)
            pause = min(2 * pause, every)
