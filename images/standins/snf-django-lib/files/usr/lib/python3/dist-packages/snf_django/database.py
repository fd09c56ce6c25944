"""Connections to PostgreSQL: the applications' database and Pithos's. Not: Django's models."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import psycopg2.extensions
import psycopg2.extras

_idle: dict[str, list[Any]] = {}
Row = dict[str, Any]


class Database:
    """One transaction: rows are dicts, parameters are positional (%s) or named (%(name)s)."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def rows(self, sql: str, *values: Any, **named: Any) -> list[Row]:
        """All rows of a query, or of a statement with RETURNING."""
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql, values or named or None)
            return [dict(row) for row in cursor.fetchall()]

    def one(self, sql: str, *values: Any, **named: Any) -> Any:
        """The first row, or None."""
        return next(iter(self.rows(sql, *values, **named)), None)

    def run(self, sql: str, *values: Any) -> int:
        """Execute a statement and return how many rows it changed."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return int(cursor.rowcount)

    def insert(self, table: str, **values: Any) -> Row:
        """Insert a row and return it as it is stored."""
        marks = ", ".join(["%s"] * len(values))
        sql = f"insert into {table} ({', '.join(values)}) values ({marks}) returning *"
        return self.rows(sql, *values.values())[0]

    def change(self, table: str, key: Any, **values: Any) -> None:
        """Change columns of the row with this id."""
        for name, value in values.items():
            self.run(f"update {table} set {name} = %s where id = %s", value, key)


def _taken(kept: list[Any]) -> Any:
    """An idle connection that lives, or None. As upstream's pool it asks the kernel, not the
    server: one that is closed, or that keepalives have found dead, has something to read."""
    while kept:
        connection = kept.pop()
        if not select.select([connection.fileno()], [], [], 0)[0]:
            return connection
        connection.close()
    return None


@contextmanager
def transaction(dsn: str, pool: int = 0, **options: Any) -> Iterator[Database]:
    """Commit at the end, roll back on any exception; up to `pool` connections are kept.

    `options` are libpq's.
    """
    kept = _idle.setdefault(dsn, [])
    connection = _taken(kept) or psycopg2.connect(dsn, connect_timeout=10, **options)
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
    names = ("DBNAME", "NAME"), *((key, key) for key in ("USER", "PASSWORD", "HOST", "PORT"))
    dsn = psycopg2.extensions.make_dsn(**{key.lower(): entry[name] for key, name in names})
    options = dict(entry.get("OPTIONS", {}))
    return transaction(dsn, options.pop("synnefo_poolsize", 0), **options)


def pithos(settings: Any) -> Any:
    """A transaction on the Pithos database."""
    own = settings.values.get("PITHOS_BACKEND_DB_CONNECTION")
    return transaction(own or settings.BACKEND_DB_CONNECTION)
