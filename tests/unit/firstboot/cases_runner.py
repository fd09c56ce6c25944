"""The run as a whole: order, failure and resumption, later boots, wrong seeds."""

import fcntl
import os
import sys

import firstboot
from engine import files
from run_in_world import first_boot, result
from steps import command_logs
from world import PEM, SECRET

IN_FILES = ["ssh_host_keys", "root_ssh_keys", "secret_files", "resolver", "site_ca"]


def states(world):
    return [(line["step"], line["state"]) for line in world.console()]


def case_all_steps_in_order_and_ready_at_the_end(world):
    world.image["first_boot"] = ["ledger_one", "skips", "ledger_two"]
    assert first_boot(world) == 0
    assert world.get("ledger").split() == ["one", "two"]
    assert states(world) == [
        ("ledger_one", "running"),
        ("ledger_one", "done"),
        ("skips", "running"),
        ("skips", "skipped"),
        ("ledger_two", "running"),
        ("ledger_two", "done"),
        ("ready", "done"),
    ]
    found = result(world)
    assert found["state"] == "ready" and found["error"] is None and found["of"] == 3
    assert (found["instance"], found["serial"], found["node"]) == ("small-n1-abc", "1111", "n1")
    assert [step["state"] for step in found["steps"]] == ["done", "skipped", "done"]
    assert sorted(os.listdir(world.path("var/lib/firstboot/small-n1-abc"))) == [
        "ledger_one.done",
        "ledger_two.done",
        "skips.done",
    ]


def case_a_failure_stops_names_the_command_and_can_be_resumed(world):
    world.image["first_boot"] = ["ledger_one", "breaks", "ledger_two"]
    world.put("broken", "")
    assert first_boot(world) == 1
    assert world.get("ledger").split() == ["one"]
    error = result(world)["error"]
    assert error["step"] == "breaks" and error["code"] == 7
    assert error["command"].startswith("sh -c test ! -e ") and "no luck" in error["message"]
    last = world.console()[-1]
    assert (last["step"], last["state"]) == ("ready", "failed")
    assert "exit 7" in last["detail"] and last["detail"].endswith("resume with: firstboot resume")
    os.unlink(world.path("broken"))
    assert first_boot(world, "resume") == 0
    assert world.get("ledger").split() == ["one", "two"]
    assert "[1/3] ledger_one: done - already so" in world.get("stdout")
    assert result(world)["state"] == "ready"


def case_what_must_not_stay_goes_also_when_a_step_before_it_fails(world):
    """Commands leave logs with tokens in them, and an operator may take days to resume."""
    assert command_logs.EVEN_AFTER_FAILURE
    world.image["first_boot"] = ["ledger_one", "breaks", "sweeps"]
    world.put("broken", "")
    world.put("telling", "a token")
    assert first_boot(world) == 1
    assert not os.path.exists(world.path("telling"))
    assert [step["name"] for step in result(world)["steps"]] == ["ledger_one", "breaks"]


def case_what_is_optional_does_not_stop_the_rest_and_comes_again_at_the_end(world):
    world.image["first_boot"] = ["ledger_one", "optional", "ledger_two"]
    world.put("broken", "")
    assert first_boot(world) == 1
    assert world.get("ledger").split() == ["one", "two"]
    found = result(world)
    assert found["state"] == "failed" and found["error"]["step"] == "optional"
    assert [(step["name"], step["state"]) for step in found["steps"]] == [
        ("ledger_one", "done"),
        ("ledger_two", "done"),
        ("optional", "failed"),
    ]
    put_off = [line for line in world.console() if line["detail"].startswith("put off until")]
    assert [(line["step"], line["state"]) for line in put_off] == [("optional", "waiting")]
    os.unlink(world.path("broken"))
    assert first_boot(world, "resume") == 0
    assert result(world)["state"] == "ready"


def case_a_login_that_breaks_does_not_stop_what_it_watched(world):
    world.image["first_boot"] = ["ledger_one", "ledger_two"]
    world.save()
    os.environ["FIRSTBOOT_ROOT"] = world.root
    reading, writing = os.pipe()
    os.close(reading)
    gone = os.fdopen(writing, "w")
    world.patch(sys, "stdout", gone)
    assert firstboot.main(["resume"]) == 0
    assert result(world)["state"] == "ready" and world.get("ledger") == "one\ntwo\n"


def case_what_claims_success_is_checked(world):
    world.image["first_boot"] = ["lies"]
    assert first_boot(world) == 1
    assert "not as it should be" in result(world)["error"]["message"]


def case_a_bug_in_a_step_is_a_failure_with_its_traceback(world):
    world.image["first_boot"] = ["crashes", "ledger_one"]
    assert first_boot(world) == 1
    assert result(world)["error"]["message"].startswith("KeyError: ")
    assert "Traceback" in world.get("var/log/firstboot.log")
    assert not world.get("ledger")


def case_an_unknown_step_is_named(world):
    world.image["first_boot"] = ["postgresq"]
    assert first_boot(world) == 1
    assert "steps/postgresq.py" in result(world)["error"]["message"]


def case_waiting_is_shown_and_bounded(world):
    world.image["first_boot"] = ["waits"]
    assert first_boot(world) == 1
    waiting = [line for line in world.console() if line["state"] == "waiting"]
    assert [line["detail"] for line in waiting] == ["waiting for n2 to arrive, 0 s of 1 s"]
    assert "gave up waiting for n2 to arrive after 1 s" in result(world)["error"]["message"]


def case_a_later_boot_does_nothing_and_says_so(world):
    world.image["first_boot"] = ["ledger_one"]
    assert first_boot(world) == 0
    world.put("ledger", "")
    before = result(world)
    assert first_boot(world) == 0
    assert world.get("ledger") == "" and result(world) == before
    last = world.console()[-1]
    assert (last["step"], last["state"], last["n"], last["of"]) == ("ready", "done", 1, 1)
    assert last["detail"] == "set up on an earlier boot"


def case_a_changed_seed_is_applied_only_when_accepted(world):
    world.image["first_boot"] = ["ledger_one"]
    for change in ("serial", "instance"):
        assert first_boot(world, "run", "--accept-seed") == 0
        world.put("ledger", "")
        if change == "serial":
            world.golden["serial"] = "2222"
        else:
            world.instance = "small-n1-def"
        assert first_boot(world) == 0
        assert "seed changed, not applied" in world.console()[-1]["detail"]
        assert "firstboot run --accept-seed" in world.console()[-1]["detail"]
        assert world.get("ledger") == ""
    assert first_boot(world, "run", "--accept-seed") == 0
    assert world.get("ledger") == "one\n" and result(world)["instance"] == "small-n1-def"


def case_no_seed_is_said_and_a_node_that_is_set_up_needs_none(world):
    world.image["first_boot"] = ["ledger_one"]
    world.save()
    seed = world.path("var/lib/golden-seed")
    os.rename(seed, seed + ".away")
    world.patch(world, "save", lambda: None)
    assert first_boot(world) == 1
    assert result(world)["error"]["step"] == "seed"
    assert "labelled CIDATA" in world.console()[-1]["detail"]
    os.rename(seed + ".away", seed)
    assert first_boot(world) == 0
    os.rename(seed, seed + ".away")
    assert first_boot(world) == 0
    assert world.console()[-1]["state"] == "done"


def case_the_seed_of_another_node_or_site_is_refused(world):
    world.image["first_boot"] = ["ledger_one"]
    world.golden["node"] = dict(world.golden["node"], name="n2", kind="member")
    assert first_boot(world) == 1
    assert "kind member, this image is of kind master" in result(world)["error"]["message"]
    world.golden["node"]["kind"], world.golden["site"] = "master", "other"
    assert first_boot(world) == 1
    assert "site other, this image is of site small" in result(world)["error"]["message"]
    assert not world.get("ledger")


def case_only_one_run_at_a_time(world):
    world.image["first_boot"] = ["ledger_one"]
    files.make_folder(world.path("var/lib/firstboot"))
    with open(world.path("var/lib/firstboot/lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert first_boot(world) == 1
    assert "another run is under way" in world.get("stdout")
    assert first_boot(world) == 0


def case_status_tells_how_far_it_is(world):
    world.image["first_boot"] = ["ledger_one", "skips"]
    assert first_boot(world, "status") == 1
    assert "has not run yet" in world.get("stdout")
    first_boot(world)
    assert first_boot(world, "status") == 0
    assert "skipped  skips" in world.get("stdout") and "no such module here" in world.get("stdout")


def case_no_secret_gets_out(world):
    world.program("openssl", "echo deadbeef")
    world.image["first_boot"] = IN_FILES + ["crashes"]
    first_boot(world, "resume")
    told = "".join(
        world.get(name)
        for name in (
            "var/log/firstboot.log",
            "dev/console",
            "stdout",
            "var/lib/firstboot/status.json",
            "var/lib/firstboot/result.json",
        )
    )
    assert SECRET in world.get("etc/secret.conf")
    assert SECRET not in told and PEM.splitlines()[1] not in told


def case_memory_stays_small(world):
    world.image["first_boot"] = IN_FILES[:2]
    assert first_boot(world) == 0
    # Not getrusage: its ru_maxrss counts what the process was before exec, here a test runner.
    peak = files.read("/proc/self/status").partition("VmHWM:")[2].split()[0]
    assert int(peak) < 40 * 1024
