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

from snf_django.commands import CommandError, command, say

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
    "--verify --accept --add-group=* --password= --renew-token --set-active --set-inactive",
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
