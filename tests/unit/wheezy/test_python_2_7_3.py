"""Everything of scripts/ that runs in a node stays within Python 2.7.3, Wheezy's.

vermin knows minor versions only. What came with 2.7.4 and later is listed here, from the "New in
version 2.7.x" notes of docs.python.org/2.7/library (docs/wheezy.md W10.3, W10.4, W10.6). Where a
script asks `hasattr` first, it may use it behind that question.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import run
from golden.paths import SCRIPTS
from tests.unit.pythons import PYTHONS

IN_NODES = ("firstboot", "check")
# Run by golden-builder's own Python 3.
ELSEWHERE = ("builder",)
FILES = sorted(path for name in IN_NODES for path in (SCRIPTS / name).rglob("*.py"))

LATER = {
    "ssl": {
        *("create_default_context", "SSLContext", "match_hostname", "get_default_verify_paths"),
        *("_create_unverified_context", "_https_verify_certificates", "enum_certificates"),
        *("PROTOCOL_TLSv1_1", "PROTOCOL_TLSv1_2", "PROTOCOL_TLS", "HAS_SNI", "HAS_ALPN"),
        *("HAS_NPN", "HAS_ECDH", "Purpose", "VERIFY_DEFAULT", "OP_ALL", "OP_NO_SSLv3"),
        *("CertificateError", "SSLZeroReturnError", "SSLWantReadError", "CHANNEL_BINDING_TYPES"),
    },
    "hashlib": {"pbkdf2_hmac", "algorithms_available", "algorithms_guaranteed"},
    "hmac": {"compare_digest"},
    "ensurepip": {"bootstrap", "version"},
    # Its messages begin with a byte order mark until 2.7.4.
    "logging.handlers": {"SysLogHandler"},
    # struct takes no unicode formats until 2.7.7.
    "__future__": {"unicode_literals"},
}
NAMES = set().union(*LATER.values())
# Arguments of 2.7.9 to functions that are older.
ARGUMENTS = {
    "urlopen": {"cafile", "capath", "cadefault", "context"},
    "HTTPSConnection": {"context", "check_hostname"},
    "HTTPSHandler": {"context"},
    "ServerProxy": {"context"},
    "SMTP_SSL": {"context"},
}


def later(text: str) -> list[str]:
    """`line: name` of each use of something newer than 2.7.3, but for guarded ones."""
    tree = ast.parse(text)
    guarded = {id(node) for body in _guarded(tree) for node in ast.walk(body)}
    found = (use for node in ast.walk(tree) if id(node) not in guarded for use in _uses(node))
    return sorted(found)


def _guarded(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Call):
            function = node.test.func
            if isinstance(function, ast.Name) and function.id == "hasattr":
                yield from node.body


def _uses(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield f"{node.lineno}: {node.attr}"
    elif isinstance(node, ast.Import):
        yield from (f"{node.lineno}: {a.name}" for a in node.names if a.name == "ensurepip")
    elif isinstance(node, ast.ImportFrom):
        names = LATER.get(node.module or "", set())
        yield from (f"{node.lineno}: {a.name}" for a in node.names if a.name in names)
    elif isinstance(node, ast.Call):
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        arguments = ARGUMENTS.get(name, set())
        yield from (f"{node.lineno}: {k.arg}" for k in node.keywords if k.arg in arguments)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_nothing_later_than_2_7_3(path: Path) -> None:
    text = path.read_text()
    assert later(text) == []
    # Without a coding line, Python 2 refuses the whole file for one dash or ellipsis.
    assert text.isascii()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import ssl\nssl.create_default_context()", ["2: create_default_context"]),
        ("from hmac import compare_digest", ["1: compare_digest"]),
        ("from __future__ import unicode_literals", ["1: unicode_literals"]),
        ("import ensurepip", ["1: ensurepip"]),
        ("import urllib2\nurllib2.urlopen(u, context=c)", ["2: context"]),
        ("HTTPSConnection(h, context=None)", ["1: context"]),
        ("if hasattr(ssl, 'SSLContext'):\n    ssl.SSLContext(1)", []),
        ("if hasattr(ssl, 'X'):\n    pass\nelse:\n    ssl.SSLContext(1)", ["4: SSLContext"]),
        ("run(argv, context=1)", []),
    ],
)
def test_the_gate_closes(text: str, found: list[str]) -> None:
    assert later(text) == found


def test_every_python_file_for_nodes_is_looked_at() -> None:
    other = {path.relative_to(SCRIPTS).parts[0] for path in SCRIPTS.rglob("*.py")}
    assert other == {*IN_NODES, *ELSEWHERE}
    assert len(FILES) > 50


@pytest.mark.parametrize("version", PYTHONS)
def test_python_reads_every_file(version: str) -> None:
    read = "import ast, sys; [ast.parse(open(name).read(), name) for name in sys.argv[1:]]"
    result = run.run([PYTHONS[version], "-c", read, *FILES], check=False)
    assert result.code == 0, result.out
