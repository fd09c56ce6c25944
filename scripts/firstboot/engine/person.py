"""The cloud's first user, as the database knows it.

No command of 0.16 shows a user's token (docs/synnefo.md S7.5): like upstream's deployer we read it
from the database, and the rest there too, as that is quick.
"""

import collections

from engine import quoting, sql
from engine.failures import StepError

GROUP = "admin"
User = collections.namedtuple("User", "uuid verified active moderated admin")
QUESTION = (
    "SELECT a.uuid, a.email_verified, u.is_active, a.moderated,"
    " EXISTS (SELECT 1 FROM auth_user_groups m JOIN auth_group g ON g.id = m.group_id"
    " WHERE m.user_id = u.id AND g.name = {group})"
    " FROM auth_user u JOIN im_astakosuser a ON a.user_ptr_id = u.id WHERE u.username = {name}"
)

TOKEN = (
    "SELECT a.auth_token FROM auth_user u JOIN im_astakosuser a ON a.user_ptr_id = u.id"
    " WHERE u.username = {name}"
)


def email(ctx):
    """The address that is the user's name."""
    return ctx.variable("user_email", "user@" + ctx.seed["domain"])


def find(ctx):
    """The User, or None; all but `uuid` are "t" or "f"."""
    statement = QUESTION.format(group=quoting.sql(GROUP), name=_name(ctx))
    rows = sql.rows(ctx, "snf_apps", statement)
    return User(*rows[0]) if rows else None


def existing(ctx):
    """The User. Raises StepError when there is none."""
    user = find(ctx)
    if user is None:
        raise StepError("Astakos has no user {0}; step first_user makes it".format(email(ctx)))
    return user


def token(ctx):
    """The user's token for the APIs, which Astakos made; kept until something changes."""
    if "token" not in ctx.memory:
        ctx.memory["token"] = sql.secret(ctx, "snf_apps", TOKEN.format(name=_name(ctx)))
    return ctx.memory["token"]


def uuid(ctx):
    """The user's id, kept as well. Raises StepError when there is no such user."""
    if "uuid" not in ctx.memory:
        ctx.memory["uuid"] = existing(ctx).uuid
    return ctx.memory["uuid"]


def _name(ctx):
    # Astakos keeps addresses in lower case.
    return quoting.sql(email(ctx).lower())
