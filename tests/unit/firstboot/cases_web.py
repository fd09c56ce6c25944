"""The probe of the applications, against a server of this host."""

import socket
import threading
import time

from engine import web


def serve(heard, pieces):
    """The port of a server that notes in `heard` what it was asked and whether all was taken."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(1)

    def answer():
        link, _ = listening.accept()
        heard.append(link.recv(4096))
        try:
            for piece in pieces:
                link.sendall(piece)
                time.sleep(0.2)
            heard.append("whole")
        except (OSError, IOError):
            heard.append("broken off")
        finally:
            link.close()
            listening.close()

    thread = threading.Thread(target=answer)
    thread.daemon = True
    thread.start()
    return listening.getsockname()[1], thread


def case_the_probe_asks_as_apache_does_and_hears_it_out(world):
    heard = []
    port, thread = serve(heard, [b"HTTP/1.0 404 Not Found\r\n\r\n", b"x" * 100000, b"end"])
    assert web.answers("127.0.0.1", port)
    thread.join(10)
    assert heard[1] == "whole"
    lines = heard[0].split(b"\r\n")
    assert lines[0] == b"GET / HTTP/1.0" and lines[1].startswith(b"Host: ")
    assert b"X-Forwarded-Proto: https" in lines and b"X-Forwarded-Protocol: https" in lines


def case_what_speaks_no_http_does_not_count(world):
    port, _ = serve([], [b"220 mail.example ESMTP\r\n"])
    assert not web.answers("127.0.0.1", port)
    assert not web.answers("127.0.0.1", 1)
