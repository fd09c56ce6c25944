"""Any printable text as secret and variable: every rendered file is read back with that value.

Each file is rendered with plain marks and with the texts; its own reader must find the same, but
for the texts in place of the marks.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from golden import definition
from golden.definition import Site, fields
from golden.keys import secrets
from golden.render import Rendering, quoting, render
from tests.unit.images.readers import reader

# An empty text stands for nothing at all: it makes lines come and go.
TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=24)
MARK = re.compile(r"Mark[a-z0-9_]+k")
# All that a text can reach: mail through a server, and a riddle on the sign-up page.
REACHED = {"mail_backend": "smtp", "recaptcha_enabled": True}
MAIL = "ann@lab.test"
Texts = Mapping[str, str]


def mark(name: str) -> str:
    return f"Mark{name}k"


@functools.cache
def loaded(name: str) -> Site:
    return definition.load(name)


@functools.cache
def patterns(site: str) -> Mapping[str, str]:
    """What the variables of text must match."""
    roles = [role for kind in loaded(site).kinds for role in kind.roles]
    return {
        name: pattern
        for role in roles
        for name, pattern in yaml.safe_load(role.source.read_text()).get("patterns", {}).items()
    }


def taken(site: str) -> Iterator[tuple[str, str]]:
    """The variables that hold text, of all roles, and the type of each."""
    types = {
        k: v for kind in loaded(site).kinds for r in kind.roles for k, v in r.variables.items()
    }
    for name, kind in types.items():
        if kind in ("text", "texts", "mailboxes", "origin"):
            yield name, kind


def fits(site: str, name: str, kind: str, text: str) -> bool:
    """Whether the definition takes `text` for the variable."""
    rules = {"mailboxes": fields.Mailbox, "origin": fields.Origin}
    whole = f"{text} <{MAIL}>" if kind == "mailboxes" else text
    rule = rules[kind].__metadata__[0].pattern if kind in rules else ".*"
    wanted = patterns(site).get(name, ".*")
    return bool(re.fullmatch(rule, whole) and re.fullmatch(wanted, whole))


def with_texts(site: str, texts: Texts) -> Rendering:
    """The site's files where its variables of text hold `texts`."""
    values: dict[str, Any] = {**loaded(site).variables, **REACHED}
    for name, kind in taken(site):
        if name in texts:
            text = texts[name]
            several = (f"{text} <{MAIL}>",) if kind == "mailboxes" else (text, text)
            values[name] = several if kind in ("texts", "mailboxes") else text
    return render(dataclasses.replace(loaded(site), variables=values))


@functools.cache
def marked(site: str) -> Rendering:
    return with_texts(site, {n: mark(n) for n, kind in taken(site) if fits(site, n, kind, mark(n))})


def parts(rendering: Rendering, values: Texts) -> Iterator[tuple[str, str, str]]:
    """Kind, path and text of every file, with its secrets, and of every record."""
    for name, kind in rendering.kinds.items():
        for path, file in kind.files.items():
            yield name, path, quoting.filled(file.content, values).decode()
        for path, content in kind.records.items():
            yield name, path, content.decode()


def in_place(found: Any, texts: Texts) -> Any:
    """What a reader found, with the texts in place of their marks."""
    if isinstance(found, str):
        return MARK.sub(lambda match: texts[match[0]], found)
    if isinstance(found, dict):
        return {key: in_place(value, texts) for key, value in found.items()}
    return [in_place(one, texts) for one in found] if isinstance(found, list) else found


@pytest.mark.parametrize("site", ["example", "rehearsal"])
@given(TEXT, TEXT)
@example("it's#1\\new", "pass\\new")
@example("p@ss:w/rd", "50%")
@example('~"$(id)`', "pä ss'w\"ord")
@hypothesis_settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a smaller text takes minutes to find
    suppress_health_check=list(HealthCheck),
)
def test_every_value_is_read_back(
    site: str, tmp_path_factory: pytest.TempPathFactory, text: str, other: str
) -> None:
    scratch = tmp_path_factory.mktemp("read")
    texts = {n: text if fits(site, n, kind, text) else mark(n) for n, kind in taken(site)}
    values = {name: mark(name) if secrets.unfit(name, other) else other for name in secrets.LENGTHS}
    plain = parts(marked(site), {name: mark(name) for name in values})
    real = parts(with_texts(site, {k: v for k, v in texts.items() if known(site, k)}), values)
    wanted = {mark(name): value for name, value in {**texts, **values}.items()}
    for (kind, path, before), (_, _, after) in zip(plain, real, strict=True):
        if MARK.search(before):
            read = reader(path, scratch)
            assert read(after) == in_place(read(before), wanted), f"{kind}: {path}"
        else:
            assert after == before, f"{kind}: {path}"


def known(site: str, name: str) -> bool:
    """Whether the plain marks have this variable too."""
    return fits(site, name, dict(taken(site))[name], mark(name))


def test_what_is_read_back() -> None:
    """No variable is left out but those that take only words of their own."""
    own = {"astakos_login_methods", "flavors", "gunicorn_log_level", "mail_backend"}
    own |= {"quota_defaults", "resource_visibility", "synnefo_repository"}
    for site in ("example", "rehearsal"):
        names = {name for name, _ in taken(site)}
        assert {name for name in names if not known(site, name)} == own & names
        plain = parts(marked(site), {name: name for name in secrets.LENGTHS})
        found = {each for _, _, text in plain for each in MARK.findall(text)}
        assert found == {mark(name) for name in names - own}
