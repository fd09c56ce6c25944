"""Role daemons. The bake leaves them disabled; a step starts its own when it is their turn.

Init scripts are called directly: there is no systemd in these images, and policy-rc.d is the
bake's affair. That they start by themselves at boot comes last (step `services`), so that a node
whose first boot was cut short never runs half-configured daemons.
"""

import glob

from engine import daemons, files
from engine.failures import StepError

START_SECONDS = 300
# Those whose settings have changed since they started, one a line: a power cut must not lose them.
OUTDATED = "/var/lib/golden/outdated"


class Services(object):
    """The services of this image by their logical names."""

    def __init__(self, ctx, scripts):
        self._ctx = ctx
        self._scripts = scripts

    def names(self):
        """Every logical service of this image."""
        return sorted(self._scripts)

    def has(self, name):
        """Whether this image has the service."""
        return name in self._scripts

    def script(self, name):
        """The init script of the service. Raises StepError when the image has none."""
        if name not in self._scripts:
            raise StepError(
                "/etc/golden/image.json names no service '{0}', only: {1}".format(
                    name, ", ".join(self.names())
                )
            )
        return self._ctx.path("/etc/init.d/" + self._scripts[name])

    def running(self, name):
        """Whether the service says of itself that it runs; by its pid files where it cannot say."""
        said = self._call(name, "status", check=False)
        if said.code != 0 and daemons.knows_no_status(said.text):
            return daemons.has_process(self._ctx, self._scripts[name])
        return said.code == 0

    def start(self, name):
        """Start the service; nothing happens when it runs."""
        self._call(name, "start")

    def restart(self, name):
        """Stop the service if it runs, and start it with its present configuration."""
        self._call(name, "restart")

    def outdate(self, names):
        """Remember that what the services `names` have read when they started has changed."""
        self._remember(self.outdated().union(name for name in names if self.has(name)))

    def outdated(self):
        """The services that must be restarted."""
        return set(files.read(self._ctx.path(OUTDATED)).split())

    def renew(self, names):
        """Restart those of the services `names` that are outdated."""
        for name in sorted(self.outdated().intersection(names)):
            self.restart(name)
            self._remember(self.outdated() - {name})

    def _remember(self, names):
        files.write(self._ctx.path(OUTDATED), "".join(name + "\n" for name in sorted(names)), 0o600)

    def stop(self, name):
        """Stop the service."""
        self._call(name, "stop")

    def start_in_background(self, name):
        """Begin to start a slow service, and do not wait for it."""
        self._ctx.start([self.script(name), "start"])

    def enabled(self, name):
        """Whether the service starts at boot."""
        links = self._ctx.path("/etc/rc[2S].d/S[0-9][0-9]" + self._scripts[name])
        return bool(glob.glob(links))

    def enable(self, name):
        """Have the service start at boot."""
        self._ctx.run(["update-rc.d", self._scripts[name], "enable"])

    def _call(self, name, action, check=True):
        return self._ctx.run([self.script(name), action], timeout=START_SECONDS, check=check)
