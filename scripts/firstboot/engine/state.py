"""What first boot remembers: markers per instance, the status while it runs, the result after."""

import json
import os

from engine import files


class State(object):
    """The files under /var/lib/firstboot."""

    def __init__(self, folder):
        self.folder = folder

    def mark(self, instance, step, text):
        """Remember that `step` succeeded; the caller has made sure that it did."""
        files.write(self._marker(instance, step), text + "\n", mode=0o600)

    def is_marked(self, instance, step):
        """Whether `step` succeeded once on this instance. Never a reason not to look again."""
        return os.path.exists(self._marker(instance, step))

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
        return result if result and result["state"] == "ready" else None

    def _marker(self, instance, step):
        return os.path.join(self.folder, instance, step + ".done")

    def _write(self, name, value):
        text = json.dumps(value, sort_keys=True, indent=1, separators=(",", ": ")) + "\n"
        files.write(os.path.join(self.folder, name), text)

    def _read(self, name):
        text = files.read(os.path.join(self.folder, name))
        return files.from_json(text) if text else None
