"""gunicorn hook of Pithos and Cyclades hosts: what a worker creates is for the group too."""

import os


def post_fork(server, worker):  # noqa: ARG001  (gunicorn passes both)
    """Set the umask that Archipelago's files need, and leave word that the hook was loaded."""
    os.umask(0o007)
    os.environ["SYNNEFO_ARCHIPELAGO_HOOK"] = __file__
