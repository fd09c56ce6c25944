"""Daemons by the process that their pid file names: some init scripts say 0 whatever happened."""

from engine import files


def runs(ctx, pid_file, word):
    """Whether the process in `pid_file` lives and has `word` in its command line or title."""
    pid = files.read(ctx.path(pid_file)).strip()
    return pid.isdigit() and word in files.read(ctx.path("/proc/{0}/cmdline".format(pid)))
