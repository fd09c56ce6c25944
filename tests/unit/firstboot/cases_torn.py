"""Records and seeds as a power cut, a bad disk or an editor may leave them: any bytes at all."""

import json
import os
import random

from engine import seed
from engine.failures import StepError
from engine.state import State
from run_in_world import first_boot, result
from world import raises

FOLDER = "var/lib/firstboot/"
RESULT = FOLDER + "result.json"
SEED = "var/lib/golden-seed/"
VALUES = ("null", "[]", "{}", '"ready"', '{"state": "ready"}', '{"state": 1, "of": 1}', "[" * 9999)


def set_up(world, *steps):
    """A node that is set up, and whose files the test changes from now on."""
    world.image["first_boot"] = list(steps or ["ledger_one"])
    world.patch(os, "fsync", lambda handle: None)  # takes long, and nothing here cuts the power
    assert first_boot(world) == 0
    world.patch(world, "save", lambda: None)


def torn(text, every=1):
    """`text` cut at every `every`th byte, other JSON, and random bytes in its place or inside."""
    some = random.Random(every)
    noise = [bytes(bytearray(some.randrange(256) for _ in range(n * 7))) for n in range(1, 40)]
    raw = text.encode("utf-8")
    inside = [
        raw[:place] + b"\0" + noise[0] + raw[place + 8 :] for place in range(20, len(raw), 31)
    ]
    cuts = [text[:length] for length in range(0, len(text.rstrip()), every)]
    return cuts + list(VALUES) + noise[::every] + inside[::every]


def case_every_torn_record_is_absent(world):
    set_up(world)
    for name, read in (("result.json", State.finished), ("status.json", State.status)):
        whole, count = world.get(FOLDER + name), 0
        for text in torn(whole):
            world.put(FOLDER + name, text)
            state = State(world.path(FOLDER))
            assert read(state) is None, text
            assert state.unreadable == [world.path(FOLDER) + name], text
            count += 1
        assert count > len(whole)
        world.put(FOLDER + name, whole)
        assert read(State(world.path(FOLDER)))["state"] == "ready"


def case_with_a_torn_result_the_node_is_looked_at_again(world):
    set_up(world)
    whole = world.get(RESULT)
    for action in ("run", "resume"):
        for text in torn(whole, 61):
            world.put(RESULT, text)
            world.put("dev/console", "")
            assert first_boot(world, action) == 0, text
            assert result(world)["state"] == "ready", text
            said = world.console()
            assert "/result.json cannot be read: every step is looked at again" in said[0]["detail"]
            assert (said[-1]["step"], said[-1]["state"]) == ("ready", "done"), text
    assert world.get("ledger") == "one\n"


def case_a_torn_status_is_said_and_written_anew(world):
    set_up(world)
    world.put(FOLDER + "status.json", "{")
    assert first_boot(world, "status") == 1
    assert "status.json cannot be read" in world.get("stdout")
    os.unlink(world.path(RESULT))
    assert first_boot(world) == 0 and first_boot(world, "status") == 0


def case_torn_markers_change_nothing(world):
    set_up(world)
    for text in ["", b"\xff\0", "done"]:
        world.put(FOLDER + "small-n1-abc/ledger_one.done", text)
        os.unlink(world.path(RESULT))
        assert first_boot(world) == 0
        assert world.get("ledger") == "one\n"


def torn_seeds(world, every):
    for name in ("meta-data", "user-data"):
        whole = world.get(SEED + name)
        for text in torn(whole, every):
            world.put(SEED + name, text)
            yield text
        world.put(SEED + name, whole)


def case_every_torn_seed_is_refused(world):
    set_up(world)
    for _ in torn_seeds(world, 1):
        assert raises(StepError, seed.find, None, world.root).startswith("the seed ")
    assert seed.find(None, world.root).instance == "small-n1-abc"


def case_a_torn_seed_is_said_in_one_sentence_and_nothing_is_done(world):
    set_up(world)
    os.unlink(world.path(RESULT))
    os.unlink(world.path("ledger"))
    for text in torn_seeds(world, 301):
        world.put("dev/console", "")
        assert first_boot(world) == 1, text
        said = world.console()[-1]
        assert (said["step"], said["state"]) == ("ready", "failed"), text
        assert said["detail"].startswith("the seed "), said
        assert result(world)["detail"].startswith(said["detail"][:390]), said
    assert not world.get("ledger")
    assert first_boot(world) == 0


def case_a_torn_seed_is_not_applied_to_a_node_that_is_set_up(world):
    set_up(world)
    before = world.get(RESULT)
    for text in torn_seeds(world, 301):
        assert first_boot(world) == 0, text
        last = world.console()[-1]
        assert last["detail"].startswith("the seed is not applied: the seed "), last
        assert first_boot(world, "run", "--accept-seed") == 1
        assert world.get(RESULT) == before, text


def edited(world, **changes):
    golden = json.loads(world.get(SEED + "user-data").partition("\n")[2])["golden"]
    golden["node"].update(changes)
    world.put(SEED + "user-data", "#cloud-config\n" + json.dumps({"golden": golden}))


def case_the_seed_of_one_node_renamed_to_another_is_refused(world):
    world.image["first_boot"] = ["ledger_one"]
    world.golden["node"] = dict(world.golden["nodes"][1])
    world.instance, world.image["kind"] = "small-n2-abc", "member"
    world.save()
    world.patch(world, "save", lambda: None)
    for changes in ({"name": "n1"}, world.golden["nodes"][0]):
        edited(world, **dict(changes, kind="member"))
        assert first_boot(world) == 1
        message = result(world)["detail"]
        assert "names node n1 but was written for another one (small-n2-abc)" in message, message
        assert world.console()[-1]["detail"] == message
    assert not world.get("ledger")
    edited(world, **world.golden["nodes"][1])
    assert first_boot(world) == 0
