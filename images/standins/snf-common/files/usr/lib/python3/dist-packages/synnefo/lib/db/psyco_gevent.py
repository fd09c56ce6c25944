"""Makes psycopg2 wait the gevent way, as upstream's module of this name does (guide G102)."""

from gevent.socket import wait_read, wait_write
from psycopg2 import extensions


def _wait(connection: extensions.connection) -> None:
    while (state := connection.poll()) != extensions.POLL_OK:
        (wait_read if state == extensions.POLL_READ else wait_write)(connection.fileno())


def make_psycopg_green() -> None:
    """Let other greenlets run while this one waits for PostgreSQL."""
    extensions.set_wait_callback(_wait)
