"""All changes, in the order of the table."""

from __future__ import annotations

from bench.mutation import cloud, daemons, files, settings

ALL = (*files.ALL, *daemons.ALL, *settings.ALL, *cloud.ALL)
