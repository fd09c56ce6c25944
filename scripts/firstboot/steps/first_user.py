"""Create the cloud's first user, verified and accepted. Its password is the site's.

Once it exists it is never created again: on an unverified address user-add replaces the user with
one of another id. Accepting says 0 when it failed, so the user is looked at (docs/synnefo.md S5.9,
S5.10).
"""

from engine import person, synnefo
from engine.failures import StepError

GUIDE = ("G125", "G127")
SERVICES = ()

NAME = ["First", "User"]


def done(ctx):
    return _is_accepted(person.find(ctx))


def run(ctx):
    if person.find(ctx) is None:
        synnefo.manage(
            ctx,
            ["user-add", person.email(ctx)]
            + ctx.variable("user_name", NAME)
            + ["--password", ctx.secret("user_password")],
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


def _is_accepted(user):
    return user is not None and (user.verified, user.active, user.moderated) == ("t", "t", "t")
