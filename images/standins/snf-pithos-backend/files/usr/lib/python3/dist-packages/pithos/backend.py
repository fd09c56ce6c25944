"""The tables of the Pithos database; they are made on first use, as upstream's backend does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from snf_django import database

TABLES = Path(__file__).with_name("schema.sql").read_text()
OBJECT = "select * from objects where account = %s and container = %s and name = %s"


@contextmanager
def backend(settings: Any) -> Iterator[database.Database]:
    """A transaction on the Pithos database, with its tables."""
    with database.pithos(settings) as db:
        if not db.one("select 1 where to_regclass('image') is not null"):
            # Two workers may come first at the same time.
            db.one("select pg_advisory_xact_lock(16)")
            db.run(TABLES)
        yield db
