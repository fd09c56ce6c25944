"""Steps of the database and the message broker."""

import os
import stat

from engine import probe
from engine.failures import StepError
from steps import postgresql, rabbitmq, rabbitmq_start
from world import SECRET, raises


def case_sql_makes_only_what_is_missing(world):
    fresh = postgresql.statements(["postgres"], "pw")
    assert "CREATE ROLE synnefo LOGIN PASSWORD 'pw';" in fresh
    assert fresh.count("CREATE DATABASE") == 2 and fresh.count("GRANT ALL ON SCHEMA public") == 2
    assert (
        "CREATE DATABASE snf_apps WITH ENCODING 'UTF8' LC_COLLATE='C' LC_CTYPE='C' "
        "TEMPLATE=template0;"
    ) in fresh
    again = postgresql.statements(["synnefo", "snf_apps", "snf_pithos"], "pw")
    assert "ALTER ROLE synnefo LOGIN PASSWORD 'pw';" in again and "CREATE" not in again
    half = postgresql.statements(["synnefo", "snf_apps"], "it's")
    assert half.count("CREATE DATABASE") == 1 and "'it''s'" in half


def database(world):
    """A PostgreSQL whose programs note what they are told; `su` runs the command it is given."""
    world.put("etc/postgresql/9.1/main/postgresql.conf", "")
    os.makedirs(world.path("var/lib/postgresql/9.1"))
    world.program(
        "su",
        'eval "set -- $5"; case $1 in *initdb) mkdir -p ROOT$3; '
        "echo 9.1 > ROOT$3/PG_VERSION;; *) cat >> ROOT/sql;; esac",
    )
    world.program("rm", "/bin/rm -rf ROOT$2")
    world.program("sync")
    world.program("psql", "cat >> ROOT/asked; printf 't\\nt\\n'")
    world.program("postgresql", path="etc/init.d/postgresql")
    world.patch(probe, "tcp", lambda address, port: True)
    return world.context()


def case_database_cluster_appears_whole(world):
    ctx = database(world)
    os.makedirs(world.path("var/lib/postgresql/9.1/main.new/half"))
    postgresql.run(ctx)
    assert world.get("var/lib/postgresql/9.1/main/PG_VERSION") == "9.1\n"
    assert not os.path.exists(world.path("var/lib/postgresql/9.1/main.new"))
    called = [call for call in world.calls() if "initdb" in call]
    assert len(called) == 1 and "--encoding UTF8 --locale C" in called[0]
    postgresql.run(ctx)
    assert len([call for call in world.calls() if "initdb" in call]) == 1


def case_no_password_is_an_argument(world):
    ctx = database(world)
    postgresql.run(ctx)
    assert postgresql.done(ctx)
    assert SECRET in world.get("sql") and SECRET not in world.get("calls")
    assert SECRET not in world.get("var/log/firstboot.log")


def case_database_is_done_when_the_role_can_use_both(world):
    ctx = database(world)
    assert postgresql.done(ctx)
    assert world.get("asked").count("\\connect") == 2
    for answer in ("t\\nf\\n", "t\\n", ""):
        world.program("psql", "printf '{0}'".format(answer))
        assert not postgresql.done(ctx), answer


def case_two_database_versions_are_refused(world):
    ctx = database(world)
    world.put("etc/postgresql/15/main/postgresql.conf", "")
    assert "not 2:" in raises(StepError, postgresql.run, ctx)


def broker(world, listing="", reads_input=False):
    world.image["services"]["rabbitmq-server"] = "rabbitmq-server"
    world.program("rabbitmq-server", path="etc/init.d/rabbitmq-server")
    # 2.8 takes a password only as a word.
    program = '[ $1 != list_users ] || printf "{0}"\ncase "$1 $#" in {1}) exit {2} ;; esac'
    asked = "add_user\\ 2|change_password\\ 2"
    world.program("rabbitmqctl", program.format(listing, asked, 0 if reads_input else 64))
    world.patch(probe, "process_of", lambda user, without: True)
    world.patch(probe, "tcp", lambda address, port: True)
    world.patch(probe, "amqp_login", lambda *arguments: False)
    return world.context()


def case_broker_starts_with_the_site_s_cookie(world):
    ctx = broker(world)
    assert not rabbitmq_start.done(ctx)
    rabbitmq_start.run(ctx)
    assert rabbitmq_start.done(ctx)
    cookie = world.path("var/lib/rabbitmq/.erlang.cookie")
    assert stat.S_IMODE(os.stat(cookie).st_mode) == 0o400
    assert world.get("var/lib/rabbitmq/.erlang.cookie") == SECRET + "c"


def case_a_new_broker_needs_no_command(world):
    ctx = broker(world)
    world.patch(probe, "amqp_login", lambda *arguments: True)
    assert rabbitmq.done(ctx)
    rabbitmq.run(ctx)
    assert world.calls() == []


def case_a_broker_with_data_is_given_the_user(world):
    setting = [
        "rabbitmqctl set_user_tags synnefo administrator",
        "rabbitmqctl set_permissions synnefo .* .* .*",
    ]
    for listing, first, last in (
        # 2.8, then 3.10 with its title and header
        (
            "Listing users ...\\nguest\\t[administrator]\\n...done.\\n",
            "add_user",
            ["rabbitmqctl delete_user guest"],
        ),
        ("Listing users ...\\nuser\\ttags\\nsynnefo\\t[]\\n", "change_password", []),
    ):
        world.put("calls", "")
        rabbitmq.run(broker(world, listing))
        asked = "rabbitmqctl {0} synnefo".format(first)
        given = [asked, "{0} {1}r".format(asked, SECRET)]
        assert world.calls() == ["rabbitmqctl list_users"] + given + setting + last
    assert SECRET not in world.get("var/log/firstboot.log")


def case_a_password_is_no_word_where_it_can_be_input(world):
    rabbitmq.run(broker(world, "synnefo\\t[]\\n", reads_input=True))
    assert "rabbitmqctl change_password synnefo" in world.calls()
    assert SECRET not in world.get("calls")


def case_a_broker_that_ends_is_not_waited_for(world):
    ctx = broker(world)
    world.patch(probe, "tcp", lambda address, port: False)
    answers = [True, True, False]
    world.patch(probe, "process_of", lambda user, without: answers.pop(0))
    assert "/var/log/rabbitmq" in raises(StepError, rabbitmq.run, ctx)


def data_of_broker(world):
    """A broker with data on which it ends; it lives on new ones. What runs, by its data."""
    ctx = broker(world)
    world.put("var/lib/rabbitmq/mnesia/schema.DAT", "")
    world.put("var/lib/rabbitmq/mnesia.set-aside/of", "an earlier time")
    world.put("var/log/rabbitmq/startup_err", "Crash dump is being written\n")
    started = []
    world.patch(rabbitmq_start, "run", lambda ctx: started.append(True))

    def lives(*_, **__):
        return bool(started) and not os.path.exists(world.path("var/lib/rabbitmq/mnesia"))

    world.patch(probe, "process_of", lives)
    world.patch(probe, "tcp", lives)
    world.patch(probe, "amqp_login", lives)
    return ctx, started


def case_a_broker_that_ends_on_its_data_begins_anew_and_the_data_is_kept(world):
    ctx, started = data_of_broker(world)
    rabbitmq.run(ctx)
    assert rabbitmq.done(ctx) and len(started) == 2
    assert os.listdir(world.path("var/lib/rabbitmq/mnesia.set-aside")) == ["schema.DAT"]
    said = "now /var/lib/rabbitmq/mnesia.set-aside: Crash dump"
    assert said in world.get("var/log/firstboot.log")


def case_a_broker_that_ends_at_a_later_boot_begins_anew_once(world):
    ctx, started = data_of_broker(world)
    rabbitmq.at_boot(ctx)
    assert not rabbitmq.served(ctx) and not started, "init has not started it yet"
    world.put("var/log/rabbitmq/startup_err", "Crash dump is being written\n")
    assert not rabbitmq.served(ctx) and len(started) == 1
    assert rabbitmq.served(ctx)
    world.put("var/lib/rabbitmq/mnesia/schema.DAT", "")
    assert not rabbitmq.served(ctx) and len(started) == 1, "what did not help once is left alone"


def case_a_broker_that_ends_says_why(world):
    """epmd's complaint is in startup_err alone, before the broker has a log."""
    ctx = broker(world)
    world.patch(probe, "tcp", lambda address, port: False)
    answers = [True, True, False]
    world.patch(probe, "process_of", lambda user, without: answers.pop(0))
    world.put("var/log/rabbitmq/startup_log", "starting\n")
    world.put("var/log/rabbitmq/startup_err", "epmd: Cannot assign requested address\n\n")
    told = raises(StepError, rabbitmq.run, ctx)
    assert "Cannot assign requested address (/var/log/rabbitmq/startup_err)" in told
