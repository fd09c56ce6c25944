"""One machine-readable line per change on the machine's console: the host follows it there."""

import errno
import json
import os

from engine import clock, files

PREFIX = "@firstboot "
DETAIL_LENGTH = 400


class Console(object):
    """Writes to `device`; a machine without one (a container) still boots."""

    def __init__(self, device, node):
        self._device = device
        self.node = node

    def say(self, step, number, of, state, detail="", seconds=0.0):
        """One line. `state`: started, running, waiting, done, skipped or failed."""
        line = json.dumps(
            {
                "node": self.node,
                "step": step,
                "n": number,
                "of": of,
                "state": state,
                # One line of plain ASCII, whatever the detail holds (docs/wheezy.md W10.7).
                "detail": files.shortened(" ".join(detail.split()), DETAIL_LENGTH),
                "seconds": round(seconds, 1),
                "uptime": round(clock.uptime(), 1),
            },
            sort_keys=True,
        )
        self._write("\r\n" + PREFIX + line + "\r\n")

    def _write(self, text):
        try:
            handle = os.open(self._device, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENXIO, errno.EIO, errno.EACCES, errno.ENODEV):
                return
            raise
        try:
            # In one piece, so that kernel messages do not cut the line in two.
            os.write(handle, files.encoded(text))
        finally:
            os.close(handle)
