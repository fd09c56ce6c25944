"""Tell Astakos the services and resources of each component.

Astakos's package has the definitions of all three, so nothing comes from another node
(docs/synnefo.md S5.4). They are imported together, which is one transaction: there are all or none.
"""

import json

from engine import files, synnefo

GUIDE = ("G114", "G115", "G116")
SERVICES = ()


def done(ctx):
    rows = synnefo.listing(ctx, "service-list", ("name", "component"))
    return {row["component"] for row in rows}.issuperset(synnefo.COMPONENTS)


def run(ctx):
    definitions = {}
    for name in synnefo.COMPONENTS:
        exported = ctx.run(["snf-service-export", name, synnefo.url(ctx, name)], synnefo.SECONDS)
        definitions.update(files.from_json(exported.text[exported.text.index("{") :]))
    synnefo.manage(ctx, ["service-import", "--json", "-"], stdin=json.dumps(definitions))
