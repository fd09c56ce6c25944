"""Files, journal, commands, console, state and waiting."""

import os
import signal
import time

from engine import clock, command, files
from engine.console import Console
from engine.failures import CommandError, StepError
from engine.state import State
from world import PEM, SECRET, raises

DETAIL = files.native(b"two\nlines \xc3\xa9")


def mode(path):
    return os.stat(path).st_mode & 0o7777


def case_write_publishes_text_and_mode(world):
    path = world.path("etc/new/key")
    files.write(path, b"caf\xc3\xa9\n", 0o600)
    assert mode(path) == 0o600
    assert files.read(path) == files.native(b"caf\xc3\xa9\n")
    assert os.listdir(os.path.dirname(path)) == ["key"]


def case_write_replaces_what_a_cut_left(world):
    world.put("etc/.firstboot-hosts", "half")
    files.write(world.path("etc/hosts"), "whole")
    assert world.get("etc/hosts") == "whole"
    assert not os.path.exists(world.path("etc/.firstboot-hosts"))


def case_is_written_sees_every_difference(world):
    path = world.path("etc/file")
    assert not files.is_written(path, "a", 0o600)
    files.write(path, "a", 0o600)
    assert files.is_written(path, "a", 0o600)
    assert not files.is_written(path, "b", 0o600)
    assert not files.is_written(path, "a", 0o644)


def case_read_of_nothing_is_the_default(world):
    assert files.read(world.path("none"), "default") == "default"
    assert files.read(world.path("calls/below-a-file"), "default") == "default"


def case_json_has_native_strings(world):
    found = files.from_json('{"a": ["b", {"c": "d"}], "n": 1, "x": null}')
    assert found == {"a": ["b", {"c": "d"}], "n": 1, "x": None}
    assert type(found["a"][0]) is str and type(found["a"][1]["c"]) is str


def case_journal_hides_secrets_and_every_line_of_a_key(world):
    ctx = world.context()
    ctx.log("password " + SECRET + " key " + PEM)
    ctx.run(["echo", SECRET])
    log = world.get("var/log/firstboot.log")
    assert SECRET not in log and "MIIEpAIBAAKCAQEAsecretline1" not in log
    assert "BEGIN RSA" in log and "*****" in log
    assert mode(world.path("var/log/firstboot.log")) == 0o600


def case_run_returns_output_of_both_kinds(world):
    found = world.context().run(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False)
    assert (found.code, found.text) == (3, "out\nerr\n")


def case_run_names_what_failed_without_secrets(world):
    message = raises(
        CommandError,
        world.context().run,
        ["sh", "-c", "echo one; echo two {0}; exit 4".format(SECRET)],
    )
    assert "exit 4: one | two *****" in message
    assert SECRET not in message


def case_run_feeds_standard_input(world):
    assert world.context().run(["cat"], stdin="hello").text == "hello"
    # One that ends without reading is not our failure.
    assert world.context().run(["true"], stdin="x" * 100).code == 0


def case_run_ends_all_at_the_time_limit(world):
    pid_file = world.path("pid")
    began = clock.uptime()
    message = raises(
        CommandError,
        world.context().run,
        ["sh", "-c", "sleep 60 & echo $! > {0}; wait".format(pid_file)],
        0.5,
    )
    assert "did not end in time" in message
    assert clock.uptime() - began < 5
    time.sleep(0.1)
    pid = files.read(pid_file).strip()
    state = files.read("/proc/{0}/stat".format(pid), ") Z").split(") ")[1]
    assert state[0] in "ZX"


def case_run_does_not_wait_for_a_daemon_that_keeps_the_output(world):
    began = clock.uptime()
    world.context().run(["sh", "-c", "sleep 20 & echo $! > {0}".format(world.path("pid"))])
    assert clock.uptime() - began < 5
    os.kill(int(world.get("pid")), 9)


def case_run_says_what_is_not_installed(world):
    message = raises(CommandError, world.context().run, ["no-such-program", "x"])
    assert "no-such-program is not installed" in message


def case_run_has_a_plain_environment(world):
    found = world.context().run(["sh", "-c", "echo $HOME $LC_ALL $EXTRA; pwd"], env={"EXTRA": "e"})
    assert found.text == "/root C e\n/\n"


def case_children_do_not_inherit_the_log(world):
    listing = world.context().run(["sh", "-c", "ls -l /proc/self/fd"]).text
    assert "firstboot.log" not in listing


def case_start_does_not_wait(world):
    began = clock.uptime()
    world.context().start(["sh", "-c", "sleep 20 & echo $! > {0}; wait".format(world.path("pid"))])
    assert clock.uptime() - began < 5
    while not world.get("pid"):
        time.sleep(0.05)
    os.kill(int(world.get("pid")), 9)


def case_nothing_starts_after_the_deadline(world):
    assert "whole first boot is over" in raises(StepError, world.context(-1).run, ["true"])


def case_wait_reports_and_gives_up(world):
    ctx = world.context()
    seen = []
    ctx.on_waiting = seen.append
    message = raises(StepError, ctx.wait, "n1 nfs", lambda: False, 0.2, 0.05)
    assert message.startswith("gave up waiting for n1 nfs after 0 s")
    assert seen[0] == "waiting for n1 nfs, 0 s of 0 s"
    ctx.wait("the sun", lambda: True, 0)


def case_console_line_is_one_ascii_json_line(world):
    Console(world.path("dev/console"), "n1").say("dns", 2, 9, "failed", DETAIL, 1.26)
    raw = world.get("dev/console")
    assert raw.strip().count("\n") == 0
    assert raw.encode("ascii") if str is not bytes else raw.decode("ascii")
    line = files.from_json(raw.strip()[len("@firstboot ") :])
    assert line.pop("uptime") > 0
    assert line == {
        "node": "n1",
        "step": "dns",
        "n": 2,
        "of": 9,
        "state": "failed",
        "detail": DETAIL.replace("\n", " "),
        "seconds": 1.3,
    }


def case_output_that_is_no_text_can_be_reported(world):
    """Latin-1, and a character that the cut for the message falls into."""
    script = "printf 'caf\\351 '; for i in 1 2 3 4 5 6 7 8; do printf '%s' {0}; done; exit 1"
    message = raises(
        CommandError, world.context().run, ["sh", "-c", script.format("\\303\\251" * 40)]
    )
    Console(world.path("dev/console"), "n1").say("dns", 1, 1, "failed", message)
    State(world.path("var/lib/firstboot")).write_result({"state": "failed", "detail": message})
    assert world.console()[0]["state"] == "failed"


def case_a_long_command_does_not_hide_why_it_failed(world):
    error = CommandError("gnt-cluster init " + "--option " * 90, 1, "Failure: no space left")
    Console(world.path("dev/console"), "n1").say("ganeti_init", 1, 2, "failed", str(error))
    (said,) = [line["detail"] for line in world.console()]
    assert said.startswith("command `gnt-cluster init"), said
    assert said.endswith("exit 1: Failure: no space left"), said
    assert len(said) < 450, said


def case_console_may_be_missing(world):
    Console(world.path("dev/none"), "n1").say("dns", 1, 1, "done")


def case_only_a_ready_result_is_finished(world):
    state = State(world.path("var/lib/firstboot"))
    assert state.result() is None and state.finished() is None
    state.write_result({"state": "failed"})
    assert state.finished() is None
    state.write_result({"state": "ready", "of": 1})
    assert state.finished() is None and state.unreadable == [state.folder + "/result.json"]
    whole = {"state": "ready", "of": 1, "seed": world.seed().public()}
    state.write_result(whole)
    assert state.finished() == whole


def case_markers_belong_to_an_instance(world):
    state = State(world.path("var/lib/firstboot"))
    state.mark_skipped("a", "dns", "no such thing here")
    state.mark("a", "web", "done")
    assert state.was_skipped("a", "dns")
    assert not state.was_skipped("b", "dns") and not state.was_skipped("a", "web")


def case_unknown_service_is_named(world):
    message = raises(StepError, world.context().services.start, "sssh")
    assert "'sssh'" in message and "postgresql, ssh" in message


def case_services_are_called_by_their_scripts(world):
    world.program("postgresql", "[ $1 != status ] || exit 3", "etc/init.d/postgresql")
    world.program("update-rc.d")
    services = world.context().services
    services.start("postgresql")
    assert not services.running("postgresql")
    assert not services.enabled("postgresql")
    services.enable("postgresql")
    assert world.calls() == [
        "postgresql start",
        "postgresql status",
        "update-rc.d postgresql enable",
    ]
    world.put("etc/rc2.d/S02postgresql", "")
    assert services.enabled("postgresql")


def case_a_service_without_a_status_is_judged_by_its_pid_files(world):
    # As gunicorn's of wheezy (docs/wheezy.md W13.20).
    usage = 'echo "Usage: /etc/init.d/postgresql {start|stop|restart|force-reload}" >&2; exit 1'
    world.program("postgresql", usage, "etc/init.d/postgresql")
    services = world.context().services
    assert not services.running("postgresql")
    world.put("var/run/postgresql/main.pid", "4711\n")
    assert not services.running("postgresql"), "the process is gone"
    world.put("proc/4711/cmdline", "postgres")
    assert services.running("postgresql")
    world.program("postgresql", 'echo "Usage: $0 {start|status}"; exit 3', "etc/init.d/postgresql")
    assert not services.running("postgresql"), "it can say, and says no"


def case_programs_do_not_ignore_a_broken_pipe(world):
    # Python 2 does, and what it starts would inherit that.
    ignored = world.context().run(["sed", "-n", "s/^SigIgn:.//p", "/proc/self/status"]).text
    assert int(ignored, 16) & 1 << signal.SIGPIPE - 1 == 0


def case_environment_is_not_changed_for_others(world):
    world.context().run(["true"], env={"EXTRA": "e"})
    assert "EXTRA" not in command.ENVIRONMENT and "EXTRA" not in os.environ


def case_programs_run_together_and_their_outputs_stay_apart(world):
    # Each waits for the other.
    world.program("one", "touch ROOT/1; while ! test -e ROOT/2; do sleep 0.05; done; echo first")
    late = "sleep 0.5; touch ROOT/2; while ! test -e ROOT/1; do sleep 0.05; done; echo second"
    world.program("other", late)
    ctx, told = world.context(), []
    ctx.on_waiting = told.append
    found = ctx.run_all([["one"], ["other"]], "both")
    assert [each.text for each in found] == ["first\n", "second\n"]
    assert told[0] == "waiting for both, 0 s of 60 s"


def case_one_of_several_that_does_not_end_is_ended(world):
    world.program("quick", "echo there")
    world.program("slow", "sleep 60")
    ctx, began = world.context(), clock.uptime()
    said = raises(CommandError, ctx.run_all, [["quick"], ["slow"]], "both", 1)
    assert "slow" in said and clock.uptime() - began < 10
    assert "there" in world.get("var/log/firstboot.log")
