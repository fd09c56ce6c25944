"""Users and groups; life cycle as in contracts 8 and as observed."""

import hashlib
import os
import secrets
import smtplib
import time
import uuid
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from snf_django.commands import CommandError, command, listing, say, show

USERS = """select u.*, a.*, u.id, first_name || ' ' || last_name realname, username displayname,
    is_active active, is_superuser admin, email_verified verified, 'local' providers,
    array(select name from auth_group g join auth_user_groups m on g.id = m.group_id
          where m.user_id = u.id) groups
    from auth_user u join im_astakosuser a on a.user_ptr_id = u.id"""


def hashed(password: str, salt: str = "") -> str:
    """The password in Django's format."""
    salt = salt or secrets.token_hex(6)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 10000).hex()
    return f"pbkdf2_sha256$10000${salt}${digest}"


def find(db: Any, key: str) -> dict[str, Any]:
    """A user by id or uuid. Raises CommandError."""
    if row := db.one(f"{USERS} where u.id::text = %s or uuid = %s", key, key):
        return dict(row)
    raise CommandError(f"There is no user with id or uuid '{key}'.")


def _mail(settings: Any, to: str, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = settings.SERVER_EMAIL, to
    message["Subject"] = settings.EMAIL_SUBJECT_PREFIX + subject
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{secrets.token_hex(3)}.log"
        Path(settings.EMAIL_FILE_PATH, name).write_text(message.as_string())
        return
    with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=10) as server:
        if settings.EMAIL_HOST_USER:
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        server.send_message(message)


@command("user-add", "EMAIL FIRST LAST", "--password= --admin -g/--group=* -p/--permission=*")
def user_add(context: Any, arguments: list[str], options: Any) -> None:
    """Create an unverified user; an unverified one of that address is replaced."""
    email, db = arguments[0], context.db
    if "@" not in email:
        raise CommandError("Invalid email")
    unverified = "select user_ptr_id from im_astakosuser where not email_verified"
    db.run(f"delete from auth_user where username = %s and id in ({unverified})", email)
    password = options.password or secrets.token_urlsafe(8)
    sql = """insert into auth_user (username, email, first_name, last_name, password, is_superuser)
        values (%s, %s, %s, %s, %s, %s) returning id"""
    row = db.one(sql, email, email, *arguments[1:], hashed(password), options.admin)
    hours, key = context.settings.ASTAKOS_AUTH_TOKEN_DURATION, str(uuid.uuid4())
    sql = """insert into im_astakosuser (user_ptr_id, uuid, auth_token, auth_token_expires)
        values (%s, %s, %s, now() + %s * interval '1 hour')"""
    db.run(sql, row["id"], key, secrets.token_urlsafe(32), hours)
    for group in options.group:
        _join(db, row["id"], group)
    print(f"User created successfully with UUID: {key}")


@listing(
    "user-list",
    "id displayname realname uuid active admin",
    " --group= --active --pending-moderation --pending-verification --auth-providers= --display-mails",
)
def user_list(context: Any, _: list[str], options: Any) -> list[Any]:
    """List the users."""
    rows = context.db.rows(f"{USERS} order by u.id")
    rows = [row for row in rows if not options.group or options.group in row["groups"]]
    keep = {
        "active": "active",
        "pending_verification": "verified",
        "pending_moderation": "moderated",
    }
    for option, key in keep.items():
        if getattr(options, option):
            rows = [row for row in rows if row[key] == (option == "active")]
    hidden = "password", "auth_token"  # no command of 0.16 shows them
    return [{k: v for k, v in row.items() if k not in hidden} for row in rows]


@show("user-show", "USER", "--quota --projects --unit-style=")
def user_show(context: Any, arguments: list[str], _: Any) -> dict[str, Any]:
    """Show a user, also by e-mail."""
    row = context.db.one(f"{USERS} where username = %s", arguments[0])
    row = row or find(context.db, arguments[0])
    status = "Accepted/Active" if row["active"] else "Pending moderation"
    status = status if row["verified"] else "Pending email verification"
    fields = {"id": row["id"], "uuid": row["uuid"], "status": status, "email": row["email"]}
    fields |= {"first name": row["first_name"], "last name": row["last_name"]}
    fields |= {"admin": row["admin"], "last login": row["last_login"]}
    fields |= {"date joined": row["date_joined"], "last update": row["updated"]}
    fields |= {"token expiration": row["auth_token_expires"], "providers": "local:"}
    fields |= {k: row[k] for k in ("groups", "email_verified", "moderated")}
    fields |= {"rejected": row["is_rejected"], "active": row["active"], "username": row["username"]}
    return fields


def _verify(context: Any, user: dict[str, Any]) -> None:
    if user["email_verified"]:
        say("Failed to verify: This account is already verified.")
        return
    context.db.run("update im_astakosuser set email_verified = true where uuid = %s", user["uuid"])
    say("Account verified (PENDING_MODERATION)")


def _accept(context: Any, user: dict[str, Any]) -> None:
    user = find(context.db, user["uuid"])
    if user["moderated"]:
        say("Failed to accept: This account is already moderated.")
        return
    if not user["email_verified"]:
        say("Failed to accept: This account is not verified.")
        return
    context.db.run("update im_astakosuser set moderated = true where uuid = %s", user["uuid"])
    context.db.run("update auth_user set is_active = true where id = %s", user["id"])
    try:
        _mail(context.settings, user["email"], "Welcome")
    except OSError as error:
        raise CommandError(str(error)) from error
    say("Account accepted and activated")


def _join(db: Any, user: int, name: str) -> None:
    if not (group := db.one("select id from auth_group where name = %s", name)):
        say(f"Group named {name} does not exist.")
        return
    sql = "insert into auth_user_groups (user_id, group_id) values (%s, %s) on conflict do nothing"
    db.run(sql, user, group["id"])


@command(
    "user-modify",
    "USER",
    "--verify --accept --reject --add-group=* --delete-group=* --password= --set-email= --set-active "
    "--set-inactive --renew-token --sign-terms -f/--force --delete",
)
def user_modify(context: Any, arguments: list[str], options: Any) -> None:
    """Verify, accept and change a user; by id or uuid, not by e-mail."""
    user, db = find(context.db, arguments[0]), context.db
    if options.verify:
        _verify(context, user)
    if options.accept:
        _accept(context, user)
    for name in options.add_group:
        _join(db, user["id"], name)
    if options.password:
        new = hashed(options.password)
        db.run("update auth_user set password = %s where id = %s", new, user["id"])
    if options.renew_token:
        sql = "update im_astakosuser set auth_token = %s where uuid = %s"
        db.run(sql, secrets.token_urlsafe(32), user["uuid"])
    if options.set_active or options.set_inactive:
        sql = "update auth_user set is_active = %s where id = %s"
        db.run(sql, options.set_active, user["id"])


@command("group-add", "NAME")
def group_add(context: Any, arguments: list[str], _: Any) -> None:
    """Create a group, or find it there already."""
    context.db.run("insert into auth_group (name) values (%s) on conflict do nothing", arguments[0])
    print("Group created")


@listing("group-list", "id name users_count")
def group_list(context: Any, *_: Any) -> list[Any]:
    """List the groups."""
    count = "(select count(*) from auth_user_groups where group_id = g.id) users_count"
    return list(context.db.rows(f"select id, name, {count} from auth_group g order by id"))
