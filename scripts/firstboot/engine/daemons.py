"""Daemons by the process that their pid file names: some init scripts say 0 whatever happened."""

import glob
import os
import re

from engine import files

# What an init script prints of itself: `Usage: /etc/init.d/gunicorn {start|stop|restart}`.
USAGE = re.compile(r"[Uu]sage:[^{\n]*\{?([^}\n]*)")


def knows_no_status(text):
    """Whether an init script that was asked for its status printed a usage without that word, as
    gunicorn's of wheezy does (docs/wheezy.md W13.20)."""
    usage = USAGE.search(text)
    return usage is not None and "status" not in usage.group(1)


def has_process(ctx, name):
    """Whether a pid file of the service `name`, or one in its folder, names a live process."""
    found = glob.glob(ctx.path("/var/run/{0}.pid".format(name)))
    found += glob.glob(ctx.path("/var/run/{0}/*.pid".format(name)))
    pids = [files.read(path).strip() for path in found]
    return any(pid.isdigit() and os.path.exists(ctx.path("/proc/" + pid)) for pid in pids)


def runs(ctx, pid_file, word):
    """Whether the process in `pid_file` lives and has `word` in its command line or title."""
    pid = files.read(ctx.path(pid_file)).strip()
    return pid.isdigit() and word in files.read(ctx.path("/proc/{0}/cmdline".format(pid)))
