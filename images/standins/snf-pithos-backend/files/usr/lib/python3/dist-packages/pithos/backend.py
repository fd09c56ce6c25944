"""The tables of the Pithos database; they are made on first use, as upstream's backend does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from snf_django import database

TABLES = """
create table if not exists containers (account text, name text, primary key (account, name));
create table if not exists objects (
    uuid text primary key default gen_random_uuid()::text, account text not null,
    container text not null, name text not null, mapfile text not null, bytes bigint not null,
    type text, modified timestamptz not null default now(), unique (account, container, name),
    foreign key (account, container) references containers);
create table if not exists images (
    uuid text primary key references objects on delete cascade, name text not null,
    public boolean not null, properties jsonb not null, created timestamptz default now());
create table if not exists alembic_version (version_num varchar(32) primary key);
"""
OBJECT = "select * from objects where account = %s and container = %s and name = %s"


@contextmanager
def backend(settings: Any) -> Iterator[Any]:
    """A transaction on the Pithos database, with its tables."""
    with database.pithos(settings) as db:
        if not db.one("select to_regclass('objects') found")["found"]:
            # Two workers may come first at the same time.
            db.one("select pg_advisory_xact_lock(16)")
            db.run(TABLES)
        yield db
