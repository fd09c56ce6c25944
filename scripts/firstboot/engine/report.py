"""Tell where first boot stands: console line, status file, log, and a person if there is one."""

import sys

from engine import clock

WAITING_LINE_SECONDS = 15
WAITING_STATUS_SECONDS = 2


class Report(object):
    """The progress of one run over `of` steps, kept in `status` as status.json shows it."""

    def __init__(self, console, state, journal, header, of, human):
        self._console = console
        self._state = state
        self._journal = journal
        self._human = human
        self._began = clock.uptime()
        self._waiting_line = self._waiting_status = 0
        self._step_began = self._began
        self._number = 0
        self.status = dict(header, state="running", of=of, n=0, step="", detail="", steps=[])

    def begin(self, name, number):
        """The turn of step `name`, which is looked at first."""
        self._number = number
        self._step_began = clock.uptime()
        self._waiting_line = self._waiting_status = 0
        self.status.update(step=name, n=number, detail="")
        self._publish()

    def running(self):
        """The step has something to do."""
        self._line("running", "")

    def note(self, text):
        """Something that the operator should know and that stops nothing."""
        self._say("records", 0, "running", text, 0.0)

    def waiting(self, text):
        """The step waits; not each of the many calls is shown."""
        now, text = clock.uptime(), self._journal.redacted(text)
        self.status["detail"] = text
        if now - self._waiting_line >= WAITING_LINE_SECONDS:
            self._waiting_line = now
            self._line("waiting", text)
        if now - self._waiting_status >= WAITING_STATUS_SECONDS:
            self._waiting_status = now
            self._publish()

    def again(self, text):
        """The step failed and will be tried again; each time is shown."""
        self._waiting_line = self._waiting_status = 0
        self.waiting(text)

    def end(self, state, detail=""):
        """The step is done, skipped or failed."""
        detail = self._journal.redacted(detail)
        self.status["steps"].append(
            {
                "name": self.status["step"],
                "state": state,
                "detail": detail,
                "seconds": round(clock.uptime() - self._step_began, 1),
            }
        )
        self.status["detail"] = detail
        self._line(state, detail)
        self._publish()

    def finish(self, ready, detail, error=None):
        """First boot is over: its result, then the last line on the console."""
        self._conclude(ready, detail, error)
        self._state.write_result(self.status)
        self._last_line()

    def served(self, ready, detail):
        """A later boot is over; the result is still that of first boot."""
        self._conclude(ready, detail, None)
        self._last_line()

    def _conclude(self, ready, detail, error):
        state, redacted = "ready" if ready else "failed", self._journal.redacted
        if error:
            texts = ((key, error[key]) for key in error if isinstance(error[key], str))
            error = dict(error, **{key: redacted(text) for key, text in texts})
        self.status.update(state=state, detail=redacted(detail), error=error)
        self._publish()

    def _last_line(self):
        """The line that tells the host that nothing more will come."""
        state = "done" if self.status["state"] == "ready" else "failed"
        self._say("ready", self.status["of"], state, self.status["detail"], self.status["seconds"])

    def _line(self, state, detail):
        self._say(
            self.status["step"], self._number, state, detail, clock.uptime() - self._step_began
        )

    def _say(self, step, number, state, detail, seconds):
        self._console.say(step, number, self.status["of"], state, detail, seconds)
        self._journal.write("{0} {1}: {2}".format(step, state, detail))
        if self._human:
            told = "- " + detail if detail else ""
            self._show(
                "[{0}/{1}] {2}: {3} {4}".format(number, self.status["of"], step, state, told)
            )

    def _show(self, line):
        try:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        except (IOError, OSError):
            # The person has gone, as when a login breaks; the work goes on.
            self._human = False

    def _publish(self):
        self.status["uptime"] = round(clock.uptime(), 1)
        self.status["seconds"] = round(clock.uptime() - self._began, 1)
        self._state.write_status(self.status)
