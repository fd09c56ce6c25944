"""Let the first user into the Admin dashboard, which is for the group `admin`.

The group is made first: for an unknown one user-modify only prints a line (docs/synnefo.md S5.10).
"""

from engine import person, synnefo

GUIDE = ("G288", "G289")
SERVICES = ()


def done(ctx):
    return person.existing(ctx).admin == "t"


def run(ctx):
    synnefo.manage(ctx, ["group-add", person.GROUP])
    synnefo.manage(ctx, ["user-modify", person.uuid(ctx), "--add-group=" + person.GROUP])
