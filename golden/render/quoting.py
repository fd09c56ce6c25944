"""The filters that write a value in the language of a file, one for each language.

Every `{{ … }}` of a template ends in one: {{ site.variables.mail_from | py }}. A secret becomes a
placeholder, which first boot fills in by the same functions, those of the guest's `quoting`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from golden.definition.problems import nearest
from golden.errors import UserError
from golden.keys import secrets
from scripts.firstboot.engine import quoting

Filter = Callable[[object], str]


@dataclass(frozen=True)
class Secret:
    """What first boot fills in: quoted by a filter, or not at all."""

    name: str

    def __str__(self) -> str:
        raise UserError(f"end it in a language: {{{{ secret('{self.name}') | py }}}}")


def secret(name: str) -> Secret:
    """The secret `name`. Raises UserError when `golden.keys.secrets` makes no such secret."""
    if name not in secrets.LENGTHS:
        raise UserError(f"there is no secret '{name}'; {nearest(name, secrets.LENGTHS)}")
    return Secret(name)


def needs_secrets(content: bytes) -> bool:
    """Whether a file's `content` has a placeholder."""
    return bool(quoting.PLACEHOLDER.search(content.decode(errors="replace")))


def filled(content: bytes, values: Mapping[str, str]) -> bytes:
    """`content` with the secrets `values` in place of its placeholders, as first boot does it."""
    if not needs_secrets(content):
        return content
    text: str = quoting.filled(content.decode(), values.__getitem__)
    return text.encode()


def filters() -> Mapping[str, Filter]:
    """{language: filter}. A filter raises UserError for a text that its language cannot hold."""
    return {language: _filter(language) for language in quoting.LANGUAGES}


def _filter(language: str) -> Filter:
    quote = quoting.LANGUAGES[language]

    def apply(value: object) -> str:
        if isinstance(value, Secret):
            return f"@@SECRET:{language}:{value.name}@@"
        for inner, name in quoting.PLACEHOLDER.findall(str(value)):
            # Its value is not known here, so it must be such that this language leaves it alone.
            if inner != "urlquote" or language == "ini":
                raise UserError(f"secret('{name}') cannot be inside of other text for | {language}")
        try:
            return str(quote(value))
        except ValueError as error:
            raise UserError(f"{value!r} | {language}: {error}") from None

    return apply
