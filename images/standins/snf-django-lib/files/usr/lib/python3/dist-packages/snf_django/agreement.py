"""Settings that every host must share are compared in the database, as salted hashes."""

import socket
import sys
from typing import Any

from synnefo.settings import consistency

from snf_django.database import Database

# Workers start at the same time, so this must not be a delete and an insert.
RECORD = """insert into standin_agreement values (%s, %s, %s, %s) on conflict (setting, host)
    do update set value = excluded.value, place = excluded.place"""


def check(settings: Any, db: Database) -> None:
    """Record this host's settings; end the process where another host has a different one."""
    host, problems = socket.gethostname(), []
    if not db.one("select 1 from pg_tables where tablename = 'standin_agreement'"):
        sys.exit(f"Error: the database of {settings.where('DATABASES')} has no tables: run syncdb")
    for name, (value, place) in consistency.fingerprints(settings).items():
        db.run(RECORD, name, host, value, place)
        others = "select host, place from standin_agreement where setting = %s and value <> %s"
        for row in db.rows(others, name, value):
            problems.append(f"  {name} differs: {host} {place}, {row['host']} {row['place']}")
    db.connection.commit()
    if problems:
        sys.exit("\n".join(["Settings refused, nodes disagree:", *problems]))
