"""Values as the languages of configuration files write them, and the secrets put into such files.

The host renders templates with the same functions (golden/render/quoting.py). A secret becomes a
token like @@SECRET:py:smtp_password@@, which `filled` replaces on the node. A function raises
ValueError for a text that its language cannot hold; the message does not repeat the text.
"""

import re

# unicode in Python 2.
TEXT = type(b"".decode("ascii"))
PLACEHOLDER = re.compile(r"@@SECRET:([a-z]+):([a-z0-9_]+)@@")

_SAFE = re.compile(r"[A-Za-z0-9@%+=:,./_-]+\Z")
_UNRESERVED = frozenset(
    bytearray(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
)


def filled(text, secret):
    """`text` with the value `secret(name)` in place of each placeholder, quoted as that asks."""
    return PLACEHOLDER.sub(lambda found: LANGUAGES[found.group(1)](secret(found.group(2))), text)


def py(value):
    """A literal of Python 2 and 3: text, number, None, or a list or tuple of such."""
    if isinstance(value, list):
        return "[{0}]".format(", ".join(map(py, value)))
    if isinstance(value, tuple):
        return "({0})".format(", ".join(map(py, value)) + "," * (len(value) == 1))
    if not isinstance(value, (bytes, TEXT)):
        return repr(value)
    text = _text(value)
    escaped = text.encode("unicode_escape").decode("ascii").replace("'", "\\'")
    # In Python 2 only u'' knows the escapes of characters beyond ASCII.
    return str("{0}'{1}'".format("" if _is_ascii(text) else "u", escaped))


def shell(value):
    """One word of a POSIX shell."""
    text = _text(value)
    if _SAFE.match(text):
        return _native(text)
    return _native("'" + text.replace("'", "'\"'\"'") + "'")


def sql(value):
    """A string literal of PostgreSQL with standard_conforming_strings, its default since 9.1."""
    return _native("'" + _text(value).replace("'", "''") + "'")


def urlquote(value):
    """A part of a URL (RFC 3986, 2.1), which needs no more quoting in Python, SQL or a shell."""
    octets = bytearray(_text(value).encode("utf-8"))
    return "".join(
        chr(octet) if octet in _UNRESERVED else "%{0:02X}".format(octet) for octet in octets
    )


def erlang(value):
    """A binary of Erlang that holds the text in UTF-8."""
    text = _text(value)
    escaped = "".join(
        "\\" + char if char in '"\\' else char if " " <= char <= "~" else _erlang_escape(char)
        for char in text
    )
    return '<<"{0}"{1}>>'.format(escaped, "" if _is_ascii(text) else "/utf8")


def ini(value):
    """A value for Python's ConfigParser, which interpolates %."""
    text = line(value)
    if ";" in text or text == '""':
        raise ValueError('an ini file cannot hold ";" or "" as a value')
    return text.replace("%", "%%")


def collectd(value):
    """A string of collectd.conf(5)."""
    text = _one_line(value)
    return _native('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')


def line(value):
    """The rest of a line, for readers that take it as it is."""
    text = _one_line(value)
    if text != text.strip():
        raise ValueError("a line cannot begin or end with a space")
    return _native(text)


def word(value):
    """A word without any character that some language treats specially, such as an address."""
    text = _text(value)
    if not _SAFE.match(text):
        raise ValueError("only letters, digits and @%+=:,./_- can stand here")
    return _native(text)


LANGUAGES = {
    each.__name__: each for each in (py, shell, sql, urlquote, erlang, ini, collectd, line, word)
}


def _text(value):
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return value if isinstance(value, TEXT) else TEXT(value)


def _native(text):
    return text.encode("utf-8") if str is bytes else text


def _one_line(value):
    text = _text(value)
    if any(ord(char) < 32 or ord(char) in (127, 0x85, 0x2028, 0x2029) for char in text):
        raise ValueError("a line break or control character cannot stand here")
    return text


def _is_ascii(text):
    return all(ord(char) < 128 for char in text)


def _erlang_escape(char):
    return "\\x{{{0:X}}}".format(ord(char))
