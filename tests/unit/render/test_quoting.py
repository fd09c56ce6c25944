"""Each language of `quoting` gives back, to its own parser, the text that it was given."""

from __future__ import annotations

import ast
import configparser
import sqlite3
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import nodes

from golden import run
from golden.definition.problems import Problems
from golden.errors import UserError
from golden.paths import IMAGES
from golden.render.quoting import filled, filters, secret
from golden.render.template import Templates
from scripts.firstboot.engine import quoting

TEMPLATES = sorted(IMAGES.glob("roles/**/*.j2"))
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40)
NASTY = [
    "it's#1\\new",
    "pass\\new",
    "p@ss:w/rd",
    "50%",
    "pä ss'w\"ord",
    "$(id)`id`",
    "~",
    "ü😀",
    "",
]


def examples(test: object) -> object:
    """Try any printable text, and those that others have stumbled over, with `test`."""
    return settings(max_examples=60, deadline=None)(given(PRINTABLE)(test))


def relative(path: Path) -> str:
    return str(path.relative_to(IMAGES))


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_every_placeholder_ends_in_its_language(path: Path) -> None:
    tree = jinja2.Environment(extensions=[]).parse(path.read_text())
    unquoted = [
        part.lineno
        for output in tree.find_all(nodes.Output)
        for part in output.nodes
        if not isinstance(part, nodes.TemplateData)
        if not (isinstance(part, nodes.Filter) and part.name in quoting.LANGUAGES)
    ]
    assert unquoted == [], f"lines of {path} with a placeholder that no filter quotes"


@pytest.mark.parametrize("value", [*NASTY, ["a'b", "ü"], ("x",), ("a", 'b"'), 8, True, None])
def test_python(value: object) -> None:
    assert ast.literal_eval(quoting.py(value)) == value


@examples
def test_any_text_in_python(text: str) -> None:
    assert ast.literal_eval(quoting.py(text)) == text
    assert quoting.py(text).isascii()


@examples
def test_any_text_in_sql(text: str) -> None:
    literal = quoting.sql(text)
    assert sqlite3.connect(":memory:").execute(f"SELECT {literal}").fetchone() == (text,)


@examples
def test_any_password_in_a_url(text: str) -> None:
    for url in ("amqp://synnefo:{}@node1:5672", "postgresql://synnefo:{}@node1:5432/snf_pithos"):
        parts = urlsplit(url.format(quoting.urlquote(text)))
        assert unquote(parts.password or "") == text
        assert (parts.username, parts.hostname) == ("synnefo", "node1")


@examples
def test_any_text_in_ini(text: str) -> None:
    try:
        written = quoting.ini(text)
    except ValueError:
        assert ";" in text or text != text.strip() or text == '""'
        return
    parser = configparser.ConfigParser()
    parser.read_string(f"[x]\nkey = {written}\n")
    assert parser["x"]["key"] == text


def test_percent_in_ini() -> None:
    parser = configparser.ConfigParser()
    parser.read_string(f"[x]\nkey = {quoting.ini('50%')}\n")
    assert parser["x"]["key"] == "50%"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_texts_in_a_shell(shell: str) -> None:
    texts = [*NASTY, "a\nb", "*", "a b", "!x"]
    script = "".join(f"X={quoting.shell(text)}\nprintf '%s\\0' \"$X\"\n" for text in texts)
    ended = subprocess.run([shell], input=script.encode(), capture_output=True, check=True)
    assert ended.stdout.decode().split("\0")[:-1] == texts


@pytest.mark.skipif(run.which("erl") is None, reason="erlang is not installed")
def test_texts_in_erlang(tmp_path: Path) -> None:
    (tmp_path / "x.config").write_text("".join(f"{quoting.erlang(text)}.\n" for text in NASTY))
    program = (
        f'{{ok, Found}} = file:consult("{tmp_path}/x.config"), '
        '[io:format("~s~n", [binary:encode_hex(X)]) || X <- Found], halt().'
    )
    said = run.run(["erl", "-noshell", "-eval", program]).out.splitlines()
    assert [bytes.fromhex(line).decode() for line in said] == NASTY


@pytest.mark.parametrize("text", ["a b", "x#y", "$HOME", "a'b", "", "a\n", "ü"])
def test_a_word_is_plain_or_refused(text: str) -> None:
    with pytest.raises(ValueError, match="can stand here"):
        quoting.word(text)


@pytest.mark.parametrize("language", ["line", "ini", "collectd"])
def test_no_line_break_gets_into_a_line(language: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        quoting.LANGUAGES[language]("a\nb = c")


def test_collectd_escapes_quotes() -> None:
    assert quoting.collectd('a"b\\c') == '"a\\"b\\\\c"'


@examples
def test_a_secret_is_quoted_when_it_is_filled_in(text: str) -> None:
    content = f"X = {filters()['py'](secret('smtp_password'))}\n".encode()
    assert content == b"X = @@SECRET:py:smtp_password@@\n"
    tree = ast.parse(filled(content, {"smtp_password": text}))
    assert isinstance(tree.body[0], ast.Assign)
    assert ast.literal_eval(tree.body[0].value) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ secret('smtp_password') }}", "end it in a language: {{ secret('smtp_password') | py"),
        ("{{ ('a' ~ secret('smtp_password')) | py }}", "end it in a language"),
        ("{{ ('a' ~ (secret('smtp_password') | shell)) | py }}", "cannot be inside of other text"),
        ("{{ 'two words' | word }}", "'two words' | word: only letters, digits"),
    ],
)
def test_what_cannot_be_quoted_names_its_line(tmp_path: Path, template: str, message: str) -> None:
    (tmp_path / "x.j2").write_text("first\n" + template)
    problems = Problems(tmp_path)
    Templates(tmp_path, problems).render(tmp_path / "x.j2", {"secret": secret})
    with pytest.raises(UserError) as raised:
        problems.raise_any()
    assert str(raised.value).startswith("x.j2:2: ") and message in str(raised.value)
