"""What this menu adds to invoke's parser, which both `invoke` and `./inv` use.

invoke has no hook for a parser of one's own short of a whole `Program`, which the plain command
`invoke` would not run. So `install` puts a subclass of its state machine in its place, for four
things: words that cannot be parsed end with the exit code of a user error; `--help` where a word is
still missing shows the task's help; a word may be optional; former names of tasks still work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from invoke.exceptions import Exit
from invoke.parser import parser
from invoke.parser.argument import Argument
from invoke.parser.parser import ParseMachine

from golden import log
from golden.errors import USER_ERROR_CODE

HELP = ("--help", "-h")


class Word(Argument):
    """An option that may also be given as a word behind its task, without its name."""


class Machine(ParseMachine):
    """invoke's parser with those four things."""

    former: Mapping[str, str] = {}

    def handle(self, token: str) -> None:
        """Take one word of the command line."""
        if self.context is None or self.ignore_unknown or self.waiting_for_flag_value:
            super().handle(token)
        elif token in HELP and self.context.name:
            # invoke would take it for a word that is still missing.
            self.initial.flags["--help"].value = self.context.name
        elif word := self._free_word(token):
            word.value = token
        else:
            super().handle(self._current_name(token))

    def complete_context(self) -> None:
        """End the words of one task. Whoever asks for its help need not give them all."""
        name = self.context.name if self.context else None
        if name and self.initial.flags["--help"].value == name:
            self.result.append(self.context)
        else:
            super().complete_context()

    def error(self, msg: str) -> None:
        """Raise Exit with the exit code of a user error, and with what to look at."""
        text = re.sub(r"^Flag <Argument: (\S+).* needed value .*", r"--\1 needs a value", msg)
        name = self.context.name if self.context else None
        more = f"inv --help {name} shows what it takes" if name else "inv --list shows the tasks"
        log.error(f"{text.rstrip('!')}; {more}")
        raise Exit(code=USER_ERROR_CODE)

    def _free_word(self, token: str) -> Word | None:
        if not self.context or token.startswith("-") or token in self.contexts:
            return None
        words = [arg for arg in self.context.args.values() if isinstance(arg, Word)]
        return next((word for word in words if word.raw_value is None), None)

    def _current_name(self, token: str) -> str:
        missing = self.context and self.context.missing_positional_args
        if token in self.contexts or missing or token not in self.former:
            return token
        log.warn(
            f"{token} is now called {self.former[token]}; the old name goes with the next version"
        )
        return self.former[token]


def install(former: Mapping[str, str]) -> None:
    """Have invoke parse with `Machine`. `former` maps old names of tasks to those of today."""
    # Its metaclass gathers the states of a class, and no subclass inherits them.
    Machine._class_states = ParseMachine._class_states
    Machine._class_transitions = ParseMachine._class_transitions
    Machine.former = former
    parser.ParseMachine = Machine  # type: ignore[misc]
