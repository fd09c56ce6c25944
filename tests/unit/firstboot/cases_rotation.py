"""A secret that is made anew: kept, applied, its readers restarted, whatever comes between."""

import io
import json
import os
import sys

from engine import files, probe
from engine.failures import StepError
from run_in_world import first_boot, result
from steps import rabbitmq_start, secret_files
from world import SECRET, raises

NEW = "Staple2Battery1Horse0Correct"
SETTINGS = "etc/synnefo/20-app.conf"
KEPT = "var/lib/golden/rotated.json"


def site(world):
    """A node that is set up, with an application that reads its settings when it starts."""
    world.image["first_boot"] = ["secret_files", "ledger_one", "services"]
    world.image["services"] = {"gunicorn": "gunicorn", "collectd": "collectd"}
    world.image["secret_files"] = ["/" + SETTINGS, "/etc/secret.conf"]
    world.put(SETTINGS, "PASSWORD = @@SECRET:py:database_password@@\n")
    os.chmod(world.path(SETTINGS), 0o640)
    for name in ("gunicorn", "collectd"):
        world.program(name, path="etc/init.d/" + name)
        world.put("etc/rc2.d/S20" + name, "")
    assert first_boot(world) == 0
    assert SECRET in world.get(SETTINGS) and world.calls() == []


def given(world, **changes):
    """What the operator's machine sends."""
    secrets = dict(world.golden["secrets"], database_password=NEW)
    return dict({"instance": world.instance, "rotation": 1, "secrets": secrets}, **changes)


def rotate(world, text):
    stdin, sys.stdin = sys.stdin, io.StringIO(files.encoded(text).decode("utf-8"))
    try:
        return first_boot(world, "rotate")
    finally:
        sys.stdin = stdin


def is_new(world):
    found = [world.get(SETTINGS), world.get("etc/secret.conf")]
    assert all((NEW in text) != (SECRET in text) for text in found), found
    return NEW in found[0] and NEW in found[1]


def case_a_new_secret_gets_into_settings_and_their_readers_restart(world):
    site(world)
    assert rotate(world, json.dumps(given(world))) == 0
    assert os.stat(world.path(KEPT)).st_mode & 0o777 == 0o600
    assert not is_new(world) and world.calls() == []
    assert first_boot(world, "resume") == 0
    assert is_new(world) and world.calls() == ["gunicorn restart"]
    assert os.stat(world.path(SETTINGS)).st_mode & 0o777 == 0o640
    assert result(world)["serial"] == "1111+1" and result(world)["state"] == "ready"
    assert world.get("ledger") == "one\n"
    assert NEW not in world.get("var/log/firstboot.log") + world.get("stdout")
    assert first_boot(world) == 0
    assert world.calls() == ["gunicorn restart"] and is_new(world)


def case_a_power_cut_before_it_is_applied_ends_in_the_new_one(world):
    site(world)
    rotate(world, json.dumps(given(world)))
    assert first_boot(world) == 0
    assert is_new(world) and result(world)["serial"] == "1111+1"


def case_a_power_cut_between_file_and_restart_is_made_up_for(world):
    site(world)
    rotate(world, json.dumps(given(world)))
    ctx = world.context()
    ctx.seed["secrets"]["database_password"] = NEW
    secret_files.run(ctx)
    assert ctx.services.outdated() == {"gunicorn"} and is_new(world)
    assert first_boot(world, "resume") == 0
    assert world.calls() == ["gunicorn restart"] and not ctx.services.outdated()


def case_a_reader_that_does_not_restart_is_tried_again(world):
    site(world)
    world.program("gunicorn", "test ! -e ROOT/broken", path="etc/init.d/gunicorn")
    world.put("broken", "")
    rotate(world, json.dumps(given(world)))
    assert first_boot(world, "resume") == 1
    assert result(world)["error"]["step"] == "services"
    os.unlink(world.path("broken"))
    assert first_boot(world, "resume") == 0
    assert world.calls() == ["gunicorn restart"] * 2 and is_new(world)


def case_what_is_for_others_or_broken_changes_nothing(world):
    site(world)
    whole = json.dumps(given(world))
    for text in (whole[:-9], "[]", "", json.dumps(given(world, instance="small-n1-old"))):
        assert rotate(world, text) == 1
        assert not os.path.exists(world.path(KEPT))
    assert "nothing is kept" in world.get("stdout")
    assert first_boot(world, "resume") == 0 and not is_new(world)


def case_a_seed_that_is_newer_counts(world):
    site(world)
    rotate(world, json.dumps(given(world)))
    world.golden["secrets"]["database_password"] = "A" + NEW
    world.golden.update(rotation=2, serial="3333")
    assert first_boot(world, "run", "--accept-seed") == 0
    assert "A" + NEW in world.get(SETTINGS) and result(world)["serial"] == "3333"


def case_a_kept_file_that_a_bad_disk_spoiled_is_none(world):
    site(world)
    rotate(world, json.dumps(given(world)))
    world.put(KEPT, '{"instance": ')
    assert first_boot(world) == 0 and not is_new(world)


def case_settings_without_a_form_are_left_alone(world):
    """As on a node that was set up before forms were kept."""
    site(world)
    os.unlink(world.path("var/lib/golden/forms/" + SETTINGS))
    rotate(world, json.dumps(given(world)))
    ctx = world.context()
    ctx.seed["secrets"]["database_password"] = NEW
    secret_files.run(ctx)
    assert SECRET in world.get(SETTINGS) and NEW in world.get("etc/secret.conf")


def case_the_broker_stops_with_the_cookie_that_it_has(world):
    world.image["services"]["rabbitmq-server"] = "rabbitmq-server"
    cookie = world.path("var/lib/rabbitmq/.erlang.cookie")
    world.program(
        "rabbitmq-server", "cat {0} >> ROOT/calls".format(cookie), "etc/init.d/rabbitmq-server"
    )
    running = [True]
    world.patch(probe, "process_of", lambda *_, **__: running[0])
    ctx = world.context()
    files.write(cookie, "old")
    rabbitmq_start.run(ctx)
    assert world.calls()[0] == "rabbitmq-server stop" and world.calls()[1].startswith("old")
    assert files.read(cookie) == SECRET + "c"


def case_a_secret_of_another_instance_is_refused_by_name(world):
    site(world)
    from engine import seed

    message = raises(StepError, seed.rotate, world.root, json.dumps(given(world)), "other")
    assert "set up as other" in message and NEW not in message
