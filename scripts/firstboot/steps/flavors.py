"""Make the site's flavors besides the fixture's, which all take 20 GB or more of DRBD.

The site's `flavors` are named as Cyclades names them: C1R512D1plain has one CPU, 512 MiB of memory,
a disk of 1 GB and the disk template plain. A template gets a volume type where it has none.
"""

import re

from engine import synnefo
from engine.failures import StepError

GUIDE = ()
SERVICES = ()

NAME = re.compile(r"^C(\d+)R(\d+)D(\d+)(\w+)$")
TYPE_FIELDS = ("id", "name", "disk_template")


def done(ctx):
    return not _missing(ctx, anew=True)


def run(ctx):
    for name in _missing(ctx, anew=False):
        cpus, memory, disk, template = NAME.match(name).groups()
        synnefo.manage(ctx, ["flavor-create", cpus, memory, disk, _volume_type(ctx, template)])


def _missing(ctx, anew):
    wanted = ctx.variable("flavors", [])
    wrong = [name for name in wanted if not NAME.match(name) or int(NAME.match(name).group(2)) % 4]
    if wrong:
        raise StepError(
            "'{0}' is no name of a flavor such as C1R512D1plain (memory a multiple of "
            "4): correct the site's flavors".format(wrong[0])
        )
    if not wanted:
        return []
    rows = synnefo.listing(ctx, "flavor-list", ("name",), anew=anew)
    return [name for name in wanted if synnefo.by_name(rows, name) is None]


def _volume_type(ctx, template):
    """The id of a volume type of `template`. The command makes a second one each time it is run."""
    for _ in range(2):
        for row in synnefo.listing(ctx, "volume-type-list", TYPE_FIELDS, anew=False):
            if row["disk_template"] == template:
                return row["id"]
        synnefo.manage(
            ctx, ["volume-type-create", "--name=" + template, "--disk-template=" + template]
        )
    raise StepError("the volume type {0} was made, but is not listed".format(template))
