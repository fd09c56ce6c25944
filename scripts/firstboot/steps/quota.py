"""Compare the quota of Astakos and Cyclades with what is used, and mend what differs.

At the end, when there are users and networks. Cyclades asks Astakos over HTTPS with its token: the
first proof that both know the same one.
"""

from engine import quota

GUIDE = ("G264", "G265", "G267")
SERVICES = ()

COMMANDS = ("quota-verify", "reconcile-resources-astakos", "reconcile-resources-cyclades")


def done(ctx):
    return quota.in_sync(ctx, COMMANDS)


def run(ctx):
    quota.mend(ctx, COMMANDS)
