"""How a step ends when it does not end well."""


class StepError(Exception):
    """The step cannot do its work; the message is one sentence for the operator."""


class NoSecretError(StepError):
    """The seed that is at hand has no such secret."""


class CommandError(StepError):
    """A command exited non-zero or did not end; `tail` is its last output."""

    def __init__(self, command, code, tail):
        StepError.__init__(
            self,
            "command `{0}` {1}{2}".format(
                command,
                "exit {0}".format(code) if code is not None else "did not end in time",
                ": " + tail if tail else "",
            ),
        )
        self.command = command
        self.code = code
        self.tail = tail


class StepSkipped(Exception):  # noqa: N818, it is no error
    """The machine cannot have this (a container without the kernel module, say); says why."""
