"""Connections to PostgreSQL: the applications' database and the one of Pithos."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import psycopg2.extras

_idle: dict[str, list[Any]] = {}
Row = dict[str, Any]


class Database:
    """One transaction: rows are dicts, parameters are positional (%s)."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """All rows of a query, or of a statement with RETURNING."""
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql, values or None)
            return [dict(row) for row in cursor.fetchall()]

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row, or None."""
        return next(iter(self.rows(sql, *values)), None)

    def run(self, sql: str, *values: Any) -> int:
        """Execute a statement and return how many rows it changed."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return int(cursor.rowcount)


@contextmanager
def transaction(dsn: str, pool: int = 0) -> Iterator[Database]:
    """Commit at the end, roll back on any exception; up to `pool` connections are kept."""
    kept = _idle.setdefault(dsn, [])
    connection = kept.pop() if kept else psycopg2.connect(dsn, connect_timeout=10)
    try:
        yield Database(connection)
        connection.commit()
    except BaseException:
        connection.close()
        raise
    if len(kept) < pool:
        kept.append(connection)
    else:
        connection.close()


def apps(settings: Any) -> Any:
    """A transaction on the database of DATABASES."""
    entry = settings.DATABASES["default"]
    keys = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    dsn = " ".join(f"{key}='{entry[name]}'" for key, name in keys.items())
    return transaction(dsn, entry.get("OPTIONS", {}).get("synnefo_poolsize", 0))


def pithos(settings: Any) -> Any:
    """A transaction on the Pithos database."""
    values = settings.values
    return transaction(
        values.get("PITHOS_BACKEND_DB_CONNECTION") or values["BACKEND_DB_CONNECTION"]
    )
