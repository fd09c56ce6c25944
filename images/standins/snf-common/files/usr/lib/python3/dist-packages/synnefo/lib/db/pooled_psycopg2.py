"""Pooling of database connections, switched on in 10-snf-webproject-database.conf (guide G101)."""

from synnefo.lib import db


def monkey_patch_psycopg2() -> None:
    """Let connections with the option synnefo_poolsize be kept and used again."""
    db.POOLED = True
