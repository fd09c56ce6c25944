"""The WSGI application gunicorn serves. It does not start on settings the hosts disagree on."""

import contextlib
import os
import sys

import psycopg2
from snf_django import agreement, database
from synnefo import settings as loader
from synnefo.settings import components
from synnefo.webproject import web
from synnefo.webproject.manage import load_modules

HOOK = "--config=/etc/synnefo/gunicorn-hooks/gunicorn-archipelago.py"

if os.environ.get("DJANGO_SETTINGS_MODULE") != "synnefo.settings":
    sys.exit("/etc/gunicorn.d/synnefo: environment must set DJANGO_SETTINGS_MODULE")
settings = loader.load()
needed = settings.components & {"snf-pithos-app", "snf-cyclades-app"}
if needed and "SYNNEFO_ARCHIPELAGO_HOOK" not in os.environ:
    sys.exit(f"/etc/gunicorn.d/synnefo: args must hold {HOOK}")
for part in components.active().values():
    for base, queries in part.get("routes", {}).items():
        for place, query in queries.items():
            web.declare(base, place, **query)
load_modules()
# Upstream asks no database before the first request: one that is away may come up later.
with contextlib.suppress(psycopg2.OperationalError), database.apps(settings) as db:
    agreement.check(settings, db)
application = web.Application(settings)
