"""Users and groups; their life cycle is upstream's (docs/synnefo.md S5.9, S8.1).

Not: rejecting and deactivating users, their permissions, new tokens and passwords, texts of mails.
"""

import os
import re
import secrets
import smtplib
import time
import uuid
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from snf_django.commands import CommandError, command, say
from werkzeug.security import generate_password_hash


def _find(db: Any, key: str) -> dict[str, Any]:
    if not key.isdigit() and not re.fullmatch(r"[0-9a-f-]{36}", key):
        told = "you should provide a valid user ID or a valid user UUID"
        raise CommandError(f"Invalid user identification: {told}")
    if row := db.one("select * from im_user where %s in (id::text, uuid)", key):
        return dict(row)
    raise CommandError("Invalid user ID")


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


@command("user-add", "EMAIL FIRST LAST", "--password=")
def user_add(context: Any, arguments: list[str], options: Any) -> None:
    """Create an unverified user; an unverified one of that address is replaced."""
    (email, first, last), db, key = arguments, context.db, str(uuid.uuid4())
    if "@" not in email:
        raise CommandError("Invalid email")
    unverified = "select user_ptr_id from im_astakosuser where not email_verified"
    db.run(f"delete from auth_user where username = %s and id in ({unverified})", email)
    # Upstream uses up an id more on an address that is taken.
    db.run("select nextval('auth_user_id_seq') from auth_user where username = %s", email)
    hashed = generate_password_hash(options.password or secrets.token_urlsafe(8))
    names = {"username": email, "email": email, "first_name": first, "last_name": last}
    row = db.insert("auth_user", **names, password=hashed, is_superuser=False)
    life = timedelta(hours=context.settings.ASTAKOS_AUTH_TOKEN_DURATION)
    end = datetime.now(timezone.utc) + life
    token = {"auth_token": secrets.token_urlsafe(32), "auth_token_expires": end}
    db.insert("im_astakosuser", user_ptr_id=row["id"], uuid=key, **token)
    print(f"User created successfully with UUID: {key}")


def _verify(context: Any, user: dict[str, Any]) -> None:
    if user["email_verified"]:
        say("Failed to verify: This account is already verified.")
        return
    context.db.run("update im_astakosuser set email_verified = true where uuid = %s", user["uuid"])
    say("Account verified (PENDING_MODERATION)")


def _accept(context: Any, user: dict[str, Any]) -> None:
    if user["moderated"] or not user["email_verified"]:
        told = "already moderated" if user["moderated"] else "not verified"
        say(f"Failed to accept: This account is {told}.")
        return
    context.db.run("update im_astakosuser set moderated = true where uuid = %s", user["uuid"])
    sql = "insert into im_projectresourcequota select %s, name, system_default from im_resource"
    context.db.run(sql, user["uuid"])
    context.db.change("auth_user", user["id"], is_active=True)
    try:
        _mail(context.settings, user["email"], "Welcome")
    except OSError as error:
        raise CommandError(str(error)) from error
    say("Account accepted and activated")


def _join(db: Any, user: int, name: str) -> None:
    sql = """insert into auth_user_groups (user_id, group_id)
        select %s, id from auth_group where name = %s on conflict do nothing"""
    if not db.one("select id from auth_group where name = %s", name):
        say(f"Group named {name} does not exist.")
    db.run(sql, user, name)


@command("user-modify", "[USER]", "--verify --accept --add-group=*")
def user_modify(context: Any, arguments: list[str], options: Any) -> None:
    """Verify, accept and change a user; by id or uuid, not by e-mail."""
    if not arguments:
        raise CommandError("Please provide a user ID")
    user = _find(context.db, arguments[0])
    if options.verify:
        _verify(context, user)
    if options.accept:
        _accept(context, _find(context.db, user["uuid"]))
    for name in options.add_group:
        _join(context.db, user["id"], name)
