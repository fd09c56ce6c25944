"""Let the site's user into the message broker, and nobody else.

A new broker has made the user by itself (see rabbitmq_start). Where it has data of its own, the
user is made with commands that versions 2.8 and 3.10 have in common (docs/wheezy.md W13.3).

A cut of power may leave files of its data empty, on which it ends whenever it is started
(docs/wheezy.md W13.25). Such data is set aside, and the broker begins anew: the user is all that
must be there, and what was in queues Cyclades and Pithos find out by themselves.
"""

import os
import shutil

from engine import files, probe
from engine.failures import StepError

from steps import rabbitmq_start

GUIDE = ("G037", "G038")
SERVICES = ("rabbitmq-server",)

USER = "synnefo"
LOGS = "/var/log/rabbitmq"
# What it says when it ends instead of starting; its init script writes it anew at each start.
FAULT = LOGS + "/startup_err"
DATA = "/var/lib/rabbitmq/mnesia"
ASIDE = DATA + ".set-aside"
# Of this boot alone: its data was set aside, and a second time would not help.
TRIED = "/run/firstboot.rabbitmq"
START_SECONDS = 900
COMMAND_SECONDS = 180


def done(ctx):
    """Log in over the network, as the applications do."""
    return rabbitmq_start.listens(ctx) and probe.amqp_login(
        ctx.node["address"], USER, ctx.secret("rabbitmq_password")
    )


def at_boot(ctx):
    """What it said when it failed in an earlier boot is none of this one's."""
    files.remove(ctx.path(FAULT))


def served(ctx):
    """As `done`, at every boot; a broker that ended in this one is started on new data."""
    if done(ctx):
        return True
    if _ended(ctx) and _set_data_aside(ctx):
        rabbitmq_start.run(ctx)
    return False


def run(ctx):
    if not rabbitmq_start.runs():
        rabbitmq_start.run(ctx)
    ctx.wait("the message broker to start", lambda: _has_started(ctx), START_SECONDS)
    if not done(ctx):
        _make_user(ctx)


def _has_started(ctx):
    if rabbitmq_start.listens(ctx):
        return True
    if not rabbitmq_start.runs():
        if not _set_data_aside(ctx):
            raise StepError("the message broker ended while it started: {0}".format(_cause(ctx)))
        rabbitmq_start.run(ctx)
    return False


def _ended(ctx):
    """Whether it has failed in this boot; init may not have come to it yet."""
    return bool(files.read(ctx.path(FAULT)).strip()) and not rabbitmq_start.runs()


def _set_data_aside(ctx):
    """Have the broker begin anew, once in a boot; whether it may help."""
    data = ctx.path(DATA)
    if os.path.exists(ctx.path(TRIED)) or not os.path.isdir(data):
        return False
    ctx.log("the broker does not start on its data, now {0}: {1}".format(ASIDE, _cause(ctx)))
    files.write(ctx.path(TRIED), "")
    # That of an earlier boot goes.
    shutil.rmtree(ctx.path(ASIDE), ignore_errors=True)
    os.rename(data, ctx.path(ASIDE))
    return True


def _cause(ctx):
    """The last line of what it wrote before it had a log of its own, or of that one."""
    for name in ("startup_err", "startup_log"):
        lines = files.read(ctx.path(os.path.join(LOGS, name))).split("\n")
        said = [line.strip() for line in lines if line.strip()]
        if said:
            return "{0} ({1})".format(said[-1][:300], os.path.join(LOGS, name))
    return "see {0}".format(LOGS)


def _make_user(ctx):
    users = ctx.run(["rabbitmqctl", "list_users"], timeout=COMMAND_SECONDS).text
    # The first word of each line; titles and greetings differ between the versions.
    names = {line.split()[0] for line in users.splitlines() if line.split()}
    password = ctx.secret("rabbitmq_password")
    verb = "change_password" if USER in names else "add_user"
    _with_password(ctx, [verb, USER], password)
    for words in (
        ["set_user_tags", USER, "administrator"],
        ["set_permissions", USER, ".*", ".*", ".*"],
    ):
        ctx.run(["rabbitmqctl"] + words, timeout=COMMAND_SECONDS)
    if "guest" in names:
        ctx.run(["rabbitmqctl", "delete_user", "guest"], timeout=COMMAND_SECONDS)


def _with_password(ctx, words, password):
    """3.10 reads a password that is no word from its input, where `ps` does not show it.

    2.8 wants the word: without it, it shows how it is used and changes nothing.
    """
    argv = ["rabbitmqctl"] + words
    asked = ctx.run(argv, timeout=COMMAND_SECONDS, stdin=password + "\n", check=False)
    if asked.code != 0:
        ctx.run(argv + [password], timeout=COMMAND_SECONDS)
