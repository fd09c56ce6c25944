"""What first boot remembers: markers per instance, the status while it runs, the result after."""

import errno
import json
import os

from engine import files, seed

# What each record must have to be believed; a power cut or a bad disk may have left anything.
_SHAPES = {
    "status.json": {"state": str, "step": str, "detail": str, "n": int, "of": int, "steps": list},
    "result.json": {"state": str, "of": int},
}
# What the result of a node that is set up has of its seed.
_KEPT = {key: kind for key, kind in seed.NEEDED.items() if key not in seed.PRIVATE}
SKIPPED = "skipped: "
_STEP = {"name": str, "state": str, "detail": str, "seconds": (int, float)}


class State(object):
    """The files under /var/lib/firstboot.

    A record that cannot be read counts as absent; its path is added to `unreadable`.
    """

    def __init__(self, folder):
        self.folder = folder
        self.unreadable = []

    def mark(self, instance, step, text):
        """Remember that `step` succeeded; the caller has made sure that it did."""
        files.write(self._marker(instance, step), text + "\n", mode=0o600)

    def mark_skipped(self, instance, step, reason):
        """Remember that this machine cannot have what `step` makes."""
        self.mark(instance, step, SKIPPED + reason)

    def was_skipped(self, instance, step):
        """Whether `step` was skipped on this instance."""
        return files.read(self._marker(instance, step)).startswith(SKIPPED)

    def write_status(self, status):
        """Publish the progress of the run."""
        self._write("status.json", status)

    def write_result(self, result):
        """Publish how the run ended."""
        self._write("result.json", result)

    def status(self):
        """The last published progress, or None."""
        return self._read("status.json")

    def result(self):
        """How the last run ended, or None."""
        return self._read("result.json")

    def finished(self):
        """The result of a node that is completely set up, else None."""
        result = self.result()
        if result is None or result["state"] != "ready":
            return None
        if _has(result.get("seed"), _KEPT):
            return result
        self._is_unreadable(os.path.join(self.folder, "result.json"))
        return None

    def _marker(self, instance, step):
        return os.path.join(self.folder, instance, step + ".done")

    def _write(self, name, value):
        text = json.dumps(value, sort_keys=True, indent=1, separators=(",", ": ")) + "\n"
        try:
            files.write(os.path.join(self.folder, name), text)
        except (IOError, OSError) as error:
            # First boot goes on to tell the console that the disk is full.
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise

    def _read(self, name):
        path = os.path.join(self.folder, name)
        try:
            text = files.read(path, None)
            if text is None:
                return None
            found = files.from_json(text)
        # EIO of a bad disk; no JSON; or nested deeper than the parser goes (RuntimeError).
        except (IOError, OSError, ValueError, RuntimeError):
            found = None
        if _has(found, _SHAPES[name]) and all(_has(each, _STEP) for each in found.get("steps", [])):
            return found
        self._is_unreadable(path)
        return None

    def _is_unreadable(self, path):
        if path not in self.unreadable:
            self.unreadable.append(path)


def _has(value, shape):
    return isinstance(value, dict) and all(
        isinstance(value.get(key), kind) for key, kind in shape.items()
    )
