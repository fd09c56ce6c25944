"""The log of first boot: every command with its output, with the secrets blanked out."""

import errno
import os

from engine import clock, files

BLANK = "*****"
# Shorter values could be words of ordinary output.
SHORTEST_SECRET = 8


class Journal(object):
    """Appends to `path`, which only root can read."""

    def __init__(self, path):
        files.make_folder(os.path.dirname(path))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        files.keep_from_children(handle)
        self._handle = handle
        self._secrets = []

    def hide(self, secrets):
        """Blank out each of `secrets`, too, from now on; of a PEM block every line."""
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        hidden = {line for line in lines if len(line) >= SHORTEST_SECRET and line[:5] != "-----"}
        # The longest first, lest a part of one be left over.
        self._secrets = sorted(hidden.union(self._secrets), key=len, reverse=True)

    def redacted(self, text):
        """`text` without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, BLANK)
        return text

    def write(self, text):
        """Add each line of `text` with the uptime before it."""
        for line in self.redacted(text).splitlines():
            self._append(files.encoded("[{0:9.2f}] {1}\n".format(clock.uptime(), line)))

    def _append(self, data):
        try:
            os.write(self._handle, data)
        except OSError as error:
            # The console is there still, and tells that the disk is full.
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise

    def stream(self):
        """The log as an open file, for a program in the background. It is not redacted."""
        return self._handle
