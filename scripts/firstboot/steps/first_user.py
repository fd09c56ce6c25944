"""Create the cloud's first user, verified and accepted. Its password is the site's.

Once it exists it is never created again: on an unverified address user-add replaces the user with
one of another id. Accepting says 0 when it failed, so the user is looked at (docs/synnefo.md S5.9,
S5.10).
"""

from engine import person, probe, synnefo
from engine.failures import StepError

GUIDE = ("G125", "G127")
SERVICES = ()

SMTP_PORT = 25


def done(ctx):
    return _is_accepted(person.find(ctx))


def run(ctx):
    _require_mail(ctx)
    if person.find(ctx) is None:
        synnefo.manage(
            ctx,
            [
                "user-add",
                person.email(ctx),
                ctx.variable("user_first_name", "First"),
                ctx.variable("user_last_name", "User"),
                "--password",
                ctx.secret("user_password"),
            ],
        )
    user = person.existing(ctx)
    if user.moderated == "t" and user.active == "f":
        raise StepError(
            "the user {0} is there already, but not active (rejected or deactivated); "
            "if that is not meant: snf-manage user-modify {1} --set-active".format(
                person.email(ctx), user.uuid
            )
        )
    said = synnefo.manage(ctx, ["user-modify", user.uuid, "--verify", "--accept"])
    if not _is_accepted(person.find(ctx)):
        raise StepError(
            "Astakos did not accept the user {0}: {1}".format(
                person.email(ctx), " ".join(said.split())[-300:]
            )
        )


def _require_mail(ctx):
    """Accepting sends mail in the same transaction, and without a server that answers says nothing
    but "Connection refused"."""
    host = ctx.variable("mail_smtp_host", "")
    if ctx.variable("mail_backend", "file") != "smtp" or probe.tcp(host, SMTP_PORT):
        return
    found = probe.resolved(host)
    raise StepError(
        "no user can be accepted while no mail can be sent: the server {0} of the site "
        "(mail_smtp_host) {1}; mend it and run: firstboot resume, or bake with mail_backend: "
        "file".format(
            host,
            "does not answer on port {0} of {1}".format(SMTP_PORT, found)
            if found
            else "has no address here",
        )
    )


def _is_accepted(user):
    return user is not None and (user.verified, user.active, user.moderated) == ("t", "t", "t")
