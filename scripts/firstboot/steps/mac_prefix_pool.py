"""Give Cyclades the MAC prefixes of private networks. There can be one pool of this type."""

from engine import synnefo
from engine.failures import StepError

GUIDE = ("G255",)
SERVICES = ()

BASE, SIZE = "aa:00:0", "65536"


def done(ctx):
    found = _pool(ctx.run(["snf-manage", "pool-list", "--type=mac-prefix"], synnefo.SECONDS).text)
    if found not in (None, (BASE, SIZE)):
        raise StepError(
            "there is a pool of MAC prefixes already, of base {0} and size {1} and not "
            "{2} and {3}; remove it with: snf-manage pool-remove".format(
                found[0], found[1], BASE, SIZE
            )
        )
    return found is not None


def run(ctx):
    synnefo.manage(ctx, ["pool-create", "--type=mac-prefix", "--base=" + BASE, "--size=" + SIZE])


def _pool(table):
    """(base, size) of the pool in pool-list's table, which has no other form; None without one.

    A row is: id, size, base, offset, available, reserved.
    """
    rows = [line.split() for line in table.splitlines()]
    for row in rows:
        if len(row) == 6 and row[0].isdigit():
            return row[2], row[1]
    return None
