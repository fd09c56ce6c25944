"""Let secrets out in every way, with the scripts in FOLDER: python leaky_runs.py FOLDER WORLD.

What first boot and the checks tell of it ends in files of WORLD/told. Prints the secrets as JSON.
"""

import json
import os
import shutil
import sys

# Made on the node, and in no seed: what a program prints, and what the database has.
PRINTED, TOKEN = "Printed9Canary8Token", "Database7Canary6Token"
TOLD = ("var/log/firstboot.log", "dev/console", "stdout")
RECORDS = ("var/lib/firstboot/status.json", "var/lib/firstboot/result.json")
PSQL = 'while [ $# -gt 0 ]; do [ "$1" != -o ] || echo {0} > "$2"; shift; done'


def first_boots(world):
    """One first boot, or later boot, for each way."""
    from run_in_world import first_boot
    from steps import tells

    world.image["first_boot"] = ["tells"]
    world.golden["hosts"]["postgresql"] = "n1"
    world.program("psql", PSQL.format(TOKEN))
    world.program("snf-manage", "echo token: " + PRINTED)
    for how in list(tells.RUNS) + [""] + list(tells.AT_BOOT):
        world.golden["variables"]["how"] = how
        try:
            first_boot(world, "resume")
        except Exception as error:
            # As a failure of first boot itself ends; init shows it on the console.
            world.put("told/crash " + how, str(error))
        keep(world, how)


def keep(world, how):
    """The records of the run, before the next replaces them."""
    for name in RECORDS:
        world.put("told/{0} {1}".format(how, os.path.basename(name)), world.get(name))


def checks(world):
    """What scripts/check answers, which ends up in reports."""
    import cloud
    import done
    import tenant
    from engine import seed

    code = os.path.dirname(os.path.abspath(seed.__file__))
    done.CODE, done.IMAGE = os.path.dirname(code), world.path("etc/golden/image.json")
    world.golden["variables"]["how"] = "look"
    seed.find = lambda mount: world.seed()
    world.put("told/done", json.dumps(done.main({"steps": ["tells"]})))
    world.put("kamakirc", "url = https://n1\ntoken = {0}\n".format(TOKEN))
    cloud.KAMAKI = tenant.KAMAKI = world.path("kamakirc")
    tenant.Cloud.call = lambda *_: (401, "unknown token " + TOKEN)
    world.put("told/tenant", json.dumps(tenant.main({"action": "servers"})))
    listed = json.dumps([{"name": "pithos", "token": PRINTED}], indent=1)
    said = "{0} and {1}, token: {2}".format(
        world.golden["secrets"]["rapi_password"], TOKEN, PRINTED
    )
    commands = [
        {"label": label, "for": "", "argv": ["echo", text]}
        for label, text in (("component-list", listed), ("backend-list", said))
    ]
    request = {"secrets": list(world.golden["secrets"].values()), "tokens": {"pithos": PRINTED}}
    world.put("told/cloud", json.dumps(cloud.main(dict(request, commands=commands))))


def main(scripts, root):
    sys.dont_write_bytecode = True
    # Before this folder, which has a module `cloud` too.
    sys.path[:0] = [os.path.join(scripts, name) for name in ("firstboot", "check")]
    from world import World

    world = World(root)
    first_boots(world)
    checks(world)
    for name in TOLD:
        shutil.copy(world.path(name), world.path("told"))
    print(json.dumps(list(world.golden["secrets"].values()) + [PRINTED, TOKEN]))


if __name__ == "__main__":
    main(*sys.argv[1:])
