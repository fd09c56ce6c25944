"""Later boots: READY is said when what first boot started serves again."""

import fcntl
import os

import firstboot
import steps.clock
import steps.ganeti_init
from engine import clock, ganeti, probe, serving, web
from run_in_world import first_boot, result
from steps import gunicorn
from world import SECRET

FOLDER = "var/lib/firstboot/"
IN_BACKGROUND = firstboot.in_background


def set_up(world, *steps):
    """A node that is set up, of which n2 is the NFS server, as its next boot finds it."""
    world.image["first_boot"] = list(steps or ("ledger_one", "serves", "skips"))
    world.golden["hosts"]["nfs-server"] = "n2"
    assert first_boot(world) == 0
    world.put("dev/console", "")
    world.patch(serving, "EVERY_SECONDS", 0.05)


def case_ready_is_said_when_all_serve(world):
    set_up(world)
    before = world.get(FOLDER + "result.json")
    world.put("serving", "no\nbreaks\nno\n")
    assert first_boot(world) == 0
    said = world.console()
    assert [(line["step"], line["state"]) for line in said] == [
        ("serves", "waiting"),
        ("ready", "done"),
    ]
    assert said[0]["detail"].startswith("waiting for ssh (which needs n2), 0 s of 3600 s"), said
    assert said[-1]["detail"] == "set up on an earlier boot"
    assert world.get("before") == "daemons", "what must be so before the daemons start"
    assert world.get(FOLDER + "result.json") == before
    assert first_boot(world, "status") == 0
    assert "skipped  skips" in world.get("stdout"), "what first boot did is still told"


def case_applications_without_their_database_do_not_serve(world):
    asked = []

    def tcp(address, port):
        asked.append((address, port))
        return False

    world.golden["hosts"]["postgresql"] = "n2"
    world.patch(web, "answers", lambda address, port: True)
    world.patch(probe, "tcp", tcp)
    ctx = world.context()
    assert gunicorn.done(ctx) and not gunicorn.served(ctx)
    assert asked == [("198.51.100.2", 5432)]
    assert serving._reason(ctx, gunicorn) == "gunicorn (which needs n2)"
    world.patch(probe, "tcp", lambda address, port: True)
    assert gunicorn.served(ctx)


def case_a_service_that_never_comes_is_one_sentence_and_watched_on(world):
    set_up(world)
    world.image["deadline"] = 0.3
    world.put("serving", "no\n" * 12)
    assert first_boot(world) == 0
    failed, ready = world.console()[-2:]
    assert (failed["step"], failed["state"]) == ("ready", "failed")
    assert failed["detail"].startswith("gave up waiting for ssh (which needs n2) after 0 s; ")
    assert failed["detail"].endswith("resume with: firstboot resume")
    assert (ready["step"], ready["state"]) == ("ready", "done"), "it came an hour later"
    assert result(world)["state"] == "ready", "first boot is not done again for it"


def case_a_person_resumes_a_later_boot_meanwhile(world):
    set_up(world)
    world.image["deadline"] = 0.2
    world.put("serving", "no\n" * 99)
    assert first_boot(world, "resume") == 1
    assert "ready: failed - gave up waiting for ssh" in world.get("stdout")
    assert first_boot(world, "status") == 1
    world.put("serving", "")
    assert first_boot(world, "resume") == 0
    assert first_boot(world, "status") == 0

    # While the run of init watches on, nobody is told that another is under way.
    tried = []
    world.put("serving", "no\n" * 20)
    sleep = serving.runner.time.sleep

    def resumes(seconds):
        sleep(seconds)
        if world.console()[-1]["state"] == "failed" and not tried:
            handle = os.open(world.path(FOLDER + "lock"), os.O_RDWR)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tried.append(os.close(handle))

    world.patch(serving.runner.time, "sleep", resumes)
    assert first_boot(world) == 0 and tried


def without_seed(world):
    os.rename(world.path("var/lib/golden-seed"), world.path("var/lib/golden-seed.away"))
    world.patch(world, "save", lambda: None)


def case_without_its_seed_a_node_asks_by_what_it_kept(world):
    """Not by init scripts: Ganeti's says no on every node that is not the master."""
    set_up(world, "asks")
    without_seed(world)
    assert first_boot(world) == 0
    assert world.console()[-1]["detail"] == "set up on an earlier boot"
    assert world.calls() == []
    assert result(world)["seed"]["node"]["address"] == "198.51.100.1"
    kept = world.get(FOLDER + "result.json")
    assert SECRET not in kept and "PRIVATE" not in kept


def case_what_only_a_secret_opens_is_asked_of_its_init_script(world):
    set_up(world, "asks")
    world.put("secret", "")
    world.program("ssh", 'test "$1" = status && test ! -e ROOT/down; exit', "etc/init.d/ssh")
    without_seed(world)
    assert first_boot(world) == 0
    assert world.calls() == ["ssh status"]
    world.put("down", "")
    world.patch(firstboot, "DEADLINE_SECONDS", 0.2)
    assert first_boot(world, "resume") == 1
    assert "gave up waiting for ssh after" in world.console()[-1]["detail"]


def case_what_was_skipped_is_not_asked(world):
    set_up(world)
    world.put(FOLDER + "small-n1-abc/serves.done", "skipped: no such module here\n")
    world.put("serving", "no\n" * 99)
    assert first_boot(world) == 0
    assert world.console()[-1]["state"] == "done"


def case_a_clock_that_is_years_late_is_set_before_the_daemons_start(world):
    ctx, now = world.context(), [0.0]
    world.program("date")
    world.patch(steps.clock.time, "time", lambda: now[0])
    serving.prepare(ctx, ["ledger_one", "clock"])
    assert world.calls() == ["date -u -s @1000"]
    now[0] = 2e9
    serving.prepare(ctx, ["clock"])
    assert len(world.calls()) == 1, "one that is possible is left to the time service"


def case_the_masters_role_may_have_moved(world):
    ctx, answers = world.context(), []
    world.put("var/lib/ganeti/ssconf_master_node", "n2.small.example\n")
    world.patch(ganeti, "node_daemon_runs", lambda address: answers.append(address) or True)
    assert steps.ganeti_init.served(ctx) and not steps.ganeti_init.done(ctx)
    assert answers == ["198.51.100.1"]


def case_init_does_not_wait_for_it(world):
    set_up(world)
    world.put("serving", "no\n" * 15)
    world.patch(firstboot, "in_background", IN_BACKGROUND)
    assert firstboot.main(["run"]) == 0
    assert world.console() == [] or world.console()[-1]["step"] != "ready"
    # It holds the lock meanwhile: a second run would wait beside it.
    assert firstboot.main(["run"]) == 1
    end = clock.uptime() + 20
    while not world.console() or world.console()[-1]["step"] != "ready":
        assert clock.uptime() < end
    assert world.console()[-1]["state"] == "done"
