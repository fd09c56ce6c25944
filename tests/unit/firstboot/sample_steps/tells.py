"""A step that lets a secret out in the way that the site's variable `how` names."""

from engine import sql, synnefo

GUIDE = ()
SERVICES = ()


def _secret(ctx):
    return ctx.secret("database_password")


def _how(ctx):
    return ctx.variable("how", "")


def done(ctx):
    if _how(ctx) == "look":
        raise ValueError(_secret(ctx))
    return not _how(ctx) or _how(ctx) in AT_BOOT


def run(ctx):
    RUNS[_how(ctx)](ctx)


def at_boot(ctx):
    AT_BOOT.get(_how(ctx), bool)(ctx)


def _log(ctx):
    ctx.log("it is " + _secret(ctx))


def _crash(ctx):
    raise ValueError(_secret(ctx))


def _wait(ctx):
    ctx.wait("the word " + _secret(ctx), lambda: False, 0.2, every=0.1)


def _token(ctx):
    ctx.log("it is {0}".format(sql.secret(ctx, "snf_apps", "SELECT token")))


def _quiet(ctx):
    synnefo.manage(ctx, ["component-add"], quiet=True)


def _no_program(ctx):
    ctx.run(["no-such-program", _secret(ctx)])


def _word(ctx):
    ctx.run(["sh", "-c", "exit 3", "sh", _secret(ctx)])


def _output(ctx):
    ctx.run(["sh", "-c", "cat; exit 3"], stdin=_secret(ctx))


RUNS = {"log": _log, "crash": _crash, "wait": _wait, "token": _token, "quiet": _quiet}
AT_BOOT = {"no program": _no_program, "word": _word, "output": _output}
