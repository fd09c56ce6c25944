"""What the real reader of a rendered file finds in it: nested lists of texts, by path."""

from __future__ import annotations

import ast
import ctypes
import functools
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from golden import run

Reader = Callable[[str], Any]
# Reads as the nodes' RabbitMQ does, and prints the password apart, as its bytes.
_CONSULT = (
    '{{ok, [Config]}} = file:consult("{file}"), Rabbit = proplists:get_value(rabbit, Config), '
    "Password = proplists:get_value(default_pass, Rabbit), "
    'io:format("~s~n~p~n", [binary:encode_hex(Password), proplists:delete(default_pass, Rabbit)]), '
    "halt()."
)


def reader(path: str, scratch: Path) -> Reader:
    """The reader of the file at `path` of an image, or of a record; `scratch` is its folder."""
    if path.endswith(".json"):
        return json.loads
    if path.startswith(("/etc/synnefo/", "/etc/gunicorn.d/")):
        return python
    if path.startswith("/etc/default/"):
        return functools.partial(shell, scratch=scratch)
    if path == "/etc/rabbitmq/rabbitmq.config":
        return functools.partial(erlang, scratch=scratch)
    return {"/etc/collectd/passwd": auth_file, "/etc/collectd/synnefo-ganeti.conf": collectd}[path]


def python(text: str) -> Any:
    """The constants, and the rest of the syntax tree."""
    tree = ast.parse(text)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    values = [url(node.value) for node in found]
    for node in found:
        node.value, node.kind = None, None
    return [values, ast.dump(tree)]


def shell(text: str, scratch: Path) -> Any:
    """All variables, once the file was sourced."""
    (scratch / "sourced").write_text(text)
    subprocess.run(["sh", "-n", scratch / "sourced"], check=True)
    script = 'set -a; . "$0"; exec env -0'
    argv = ["env", "-i", "sh", "-c", script, scratch / "sourced"]
    said = subprocess.run(argv, capture_output=True, check=True)
    rows = [row.partition("=") for row in said.stdout.decode().split("\0")]
    return [[name, url(value)] for name, _, value in sorted(rows)]


def erlang(text: str, scratch: Path) -> Any:
    """The password, and the other settings of the application rabbit."""
    file = scratch / "rabbitmq.config"
    file.write_text(text)
    said = run.run(["erl", "-noshell", "-eval", _CONSULT.format(file=file)])
    secret, _, rest = said.out.partition("\n")
    return [bytes.fromhex(secret).decode(), rest]


def collectd(text: str) -> Any:
    """The words and strings, as the scanner of collectd's configuration tells them apart."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)', text)
    return [[re.sub(r"\\(.)", r"\1", string), word] for string, word in found]


def auth_file(text: str) -> Any:
    """Users and passwords, as collectd's plugin network reads them."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [[part.strip() for part in line.partition(":")] for line in lines]


def url(value: Any) -> Any:
    """The parts of a URL of PostgreSQL or AMQP; anything else as it is."""
    if isinstance(value, str) and value.startswith("postgresql://"):
        return libpq(value)
    if isinstance(value, str) and value.startswith("amqp://"):
        return list(amqp(value))
    return value


class _Option(ctypes.Structure):
    """PQconninfoOption of libpq-fe.h."""

    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("key", "env", "default", "value", "label", "show")),
        ("size", ctypes.c_int),
    ]


def libpq(address: str) -> Any:
    """What libpq makes of a URL: its settings with their values."""
    library = ctypes.CDLL("libpq.so.5")
    library.PQconninfoParse.restype = ctypes.POINTER(_Option)
    error = ctypes.c_char_p()
    options = library.PQconninfoParse(address.encode(), ctypes.byref(error))
    assert options, error.value
    found = []
    for option in options:
        if option.key is None:
            break
        if option.value is not None:
            found.append([option.key.decode(), option.value.decode()])
    library.PQconninfoFree(options)
    return found


@functools.cache
def amqp(address: str) -> tuple[str, ...]:
    """What pika, which the stand-ins use, makes of a URL: user, password, host, port."""
    program = (
        "import pika, sys; it = pika.URLParameters(sys.argv[1]); "
        "print(it.credentials.username, it.credentials.password, it.host, it.port, sep='\\0')"
    )
    said = run.run(["/usr/bin/python3", "-c", program, address], env={"PYTHONIOENCODING": "utf-8"})
    return tuple(said.out.rstrip("\n").split("\0"))
