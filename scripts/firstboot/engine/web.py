"""Questions over HTTP. curl checks certificates, which Python 2.7.3 cannot do by itself."""

import json
import socket

from engine import files

SECONDS = 60
ANSWER_SECONDS = 30
LENGTH = 65536
# The header has another name in each version of gunicorn (docs/synnefo.md).
REQUEST = (
    "GET / HTTP/1.0\r\nHost: {0}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Protocol: https\r\n"
    "Connection: close\r\n\r\n"
)


def answers(address, port):
    """Whether a server answers there in HTTP, with whatever status: it has a worker that lives.

    It is asked as Apache asks and heard out: on half a request, or with nobody to write to, the
    applications leave a traceback in their log.
    """
    try:
        connection = socket.create_connection((address, port), ANSWER_SECONDS)
    except (OSError, IOError):
        return False
    try:
        name = socket.getfqdn()
        connection.sendall(files.encoded(REQUEST.format(name)))
        answer = connection.recv(LENGTH)
        begins, rest = answer[:5] == b"HTTP/", answer
        while rest:
            rest = connection.recv(LENGTH)
        return begins
    except (OSError, IOError):
        return False
    finally:
        connection.close()


def status(ctx, url, token=None):
    """The HTTP status of `url`; 0 when there is no answer. `token` is Synnefo's X-Auth-Token."""
    words = ["-o", "/dev/null", "-w", "%{http_code}"]
    text = _curl(ctx, words, url, token, check=False).text.strip()
    return int(text[-3:]) if text[-3:].isdigit() else 0


def head(ctx, url, token):
    """The HTTP status of `url` and its headers, names in lower case."""
    text = _curl(ctx, ["-I"], url, token, check=True).text
    lines = [line.partition(":") for line in text.splitlines() if line.strip()]
    found = {name.lower(): told.strip() for name, colon, told in lines if colon}
    return int(text.split()[1]), found


def value(ctx, url, token):
    """The JSON at `url`. Raises CommandError when curl fails, also by the status."""
    return files.from_json(_curl(ctx, ["-f"], url, token, check=True).text)


def _curl(ctx, options, url, token, check):
    # The token goes through standard input: arguments are seen by everybody.
    config = "url = {0}\n".format(json.dumps(url))
    if token:
        config += "header = {0}\n".format(json.dumps("X-Auth-Token: " + token))
    argv = ["curl", "-sS", "--max-time", str(SECONDS), "-K", "-"] + options
    return ctx.run(argv, SECONDS + 30, config, check=check)
