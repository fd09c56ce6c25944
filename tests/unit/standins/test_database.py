"""snf-manage against a real PostgreSQL: order, repetition and exit codes are upstream's.

The facts: docs/synnefo.md section 5.
"""

from __future__ import annotations

import json
import re

import pytest

from golden import run
from tests.unit.standins.conftest import Cloud

pytestmark = pytest.mark.slow
BASE = "https://node1.rehearsal.test/astakos"


@pytest.fixture(scope="module")
def tables(cloud: Cloud) -> Cloud:
    assert cloud.manage("syncdb", "--noinput").code == 0
    result = cloud.manage("migrate", "--noinput")
    assert result.code == 0, result.out
    return cloud


@pytest.fixture(scope="module")
def registered(tables: Cloud) -> Cloud:
    for name in ("astakos", "pithos", "cyclades"):
        url = f"https://node1.rehearsal.test/{name}"
        assert "Token: " in tables.manage("component-add", name, "--base-url", url).out
        services = tables.run("usr/bin/snf-service-export", name, url).out
        result = tables.manage("service-import", "--json", "-", stdin=services)
        assert result.code == 0, result.out
    return tables


POOL = """
from snf_django import database
from synnefo import settings
found = settings.load()
options = {"synnefo_poolsize": 8, "keepalives_idle": 10}
found.DATABASES["default"]["OPTIONS"] = options
def pid(meanwhile=lambda db: None):
    with database.apps(found) as db:
        return db.one("select pg_backend_pid() p")["p"], meanwhile(db)
kept, (other, _) = pid(lambda db: pid())
pid(lambda db: db.rows("select pg_terminate_backend(%s, 5000)", other))
again, (new, _) = pid(lambda db: pid())
print(len({kept, other, new}), again == kept)
"""


def test_a_connection_that_the_server_closed_is_not_used_again(cloud: Cloud) -> None:
    code = run.run(["/usr/bin/python3", "-c", POOL], env=cloud.environment("node2"), check=False)
    assert code.out.split() == ["3", "True"], code.out


def rows(cloud: Cloud, *words: str) -> list[dict[str, str]]:
    return list(json.loads(cloud.manage(*words, "--output-format", "json").out))


def test_nothing_works_before_syncdb(cloud: Cloud) -> None:
    early = cloud.manage("migrate", "im")
    assert (early.code, "south_migrationhistory" in early.out) == (1, True), early.out
    assert "run syncdb" in cloud.manage("component-list").out


def test_migrations_are_repeatable(tables: Cloud) -> None:
    again = tables.manage("migrate", "im")
    assert (again.code, again.out) == (0, "Running migrations for im:\n- Nothing to migrate.\n")
    assert tables.manage("syncdb", "--noinput").code == 0
    assert tables.manage("migrate", "nosuch").code == 1
    assert tables.manage("syncdb").code == 1


def test_fixtures_never_fail(tables: Cloud) -> None:
    assert tables.manage("loaddata", "groups").out == "Installed 0 object(s) from 0 fixture(s)\n"
    for _ in range(2):
        assert (
            tables.manage("loaddata", "flavors").out == "Installed 28 object(s) from 1 fixture(s)\n"
        )
    last = tables.manage("flavor-list").out.splitlines()[-1]
    assert last.split() == ["27", "C4R4096D40drbd", "4", "4096", "40", "drbd", "1", "True", "0"]


def test_components_and_services(registered: Cloud) -> None:
    again = registered.manage("component-add", "pithos", "--base-url", "https://x/y")
    assert (again.code, again.out) == (
        1,
        "Error: There already exists a component named 'pithos'.\n",
    )
    services = registered.run("usr/bin/snf-service-export", "astakos", BASE).out
    updated = registered.manage("service-import", "--json", "-", stdin=services)
    assert "Updated service astakos_account.\nResource 'astakos.pending_app' updated" in updated.out
    assert registered.manage("component-modify", "pithos", "--auth-token", "tok").code == 0
    assert "token        : tok" in registered.manage("component-show", "pithos").out
    unknown = registered.manage("component-modify", "nosuch", "--auth-token", "tok")
    assert (unknown.code, "Component does not exist." in unknown.out) == (1, True)
    assert "No option specified." in registered.manage("component-modify", "pithos").out
    assert registered.run("usr/bin/snf-service-export", "nosuch", BASE).code == 1


def test_resources(registered: Cloud) -> None:
    for limit, stored in (("10GB", "10737418240"), ("40 MB", "41943040"), ("inf", str(2**63 - 1))):
        result = registered.manage("resource-modify", "cyclades.ram", "--system-default", limit)
        assert result.code == 0, result.out
        found = {row["name"]: row for row in rows(registered, "resource-list", "--unit-style=none")}
        assert found["cyclades.ram"]["system_default"] == stored
    assert registered.manage("resource-modify", "nosuch", "--system-default", "5").code == 1
    assert registered.manage("resource-modify", "cyclades.ram", "--system-default", "x").code == 1
    assert len(found) == 10


def test_oauth_clients(registered: Cloud) -> None:
    words = ["oauth2-client-add", "pithos-view", "--secret=s3", "--is-trusted"]
    assert registered.manage(*words).code == 1
    words.append("--url=https://node2.rehearsal.test/pithos/ui/view")
    assert registered.manage(*words).out == "Client created successfully\n"
    again = registered.manage(*words)
    assert (again.code, "unique constraint" in again.out) == (1, True)


def test_users(registered: Cloud) -> None:
    add = ["user-add", "user@example.com", "First", "Last", "--password", "pw"]
    first, second = registered.manage(*add).out, registered.manage(*add).out
    assert first.startswith("User created successfully with UUID: ")
    assert first != second
    (user,) = rows(registered, "user-list")
    assert (user["active"], user["uuid"]) == ("False", second.split()[-1])
    assert "Unknown field 'auth_token'" in registered.manage("user-list", "-o", "auth_token").out
    change = registered.manage("user-modify", user["id"], "--verify", "--accept")
    assert change.out == "Account verified (PENDING_MODERATION)\nAccount accepted and activated\n"
    again = registered.manage("user-modify", user["id"], "--verify", "--accept")
    assert (again.code, again.out.count("Failed to")) == (0, 2)
    assert list((registered.place / "mail").glob("*.log"))
    assert registered.manage(*add).code == 1
    assert registered.manage("user-modify", "user@example.com", "--verify").code == 1
    for _ in range(2):
        assert registered.manage("group-add", "admin").out == "Group created\n"
        assert registered.manage("user-modify", user["id"], "--add-group=admin").code == 0
    shown = registered.manage("user-show", user["id"]).out
    assert re.search(r"^groups +: \[u'admin'\]$", shown, re.MULTILINE)


def test_mail_that_cannot_be_sent_undoes_the_acceptance(registered: Cloud) -> None:
    local = registered.place / "node1" / "99-local.conf"
    local.write_text(
        "EMAIL_BACKEND = 'django.core.mail.backends.smtp.EmailBackend'\nEMAIL_PORT = 1\n"
    )
    try:
        registered.manage("user-add", "other@example.com", "A", "B")
        key = rows(registered, "user-list")[-1]["id"]
        for _ in range(2):
            result = registered.manage("user-modify", key, "--verify", "--accept")
            assert (result.code, "Connection refused" in result.out) == (1, True)
            assert "Account verified" in result.out
    finally:
        local.unlink()


def test_pools_and_quota(tables: Cloud) -> None:
    words = ["pool-create", "--type=mac-prefix", "--base=aa:00:0", "--size=65536"]
    assert tables.manage(*words).code == 0
    assert tables.manage(*words).out == "Error: Pool of type mac-prefix already exists\n"
    assert "aa:00:0" in tables.manage("pool-list").out
    for name in ("quota-verify", "reconcile-resources-astakos"):
        assert tables.manage(name, "--fix").out == "Everything in sync.\n"


def test_unknown_commands_and_options(tables: Cloud) -> None:
    unknown = tables.manage("nosuchcommand")
    text = "Unknown command: 'nosuchcommand'\nType 'snf-manage help' for usage.\n"
    assert (unknown.code, unknown.out) == (1, text)
    bad = tables.manage("user-add", "a@b", "A", "B", "--active")
    assert (bad.code, "error: no such option: --active" in bad.out) == (2, True)


def test_command_lines_are_logged_with_their_secrets(tables: Cloud) -> None:
    tables.manage("component-modify", "nosuch", "--auth-token", "visible")
    logs = list((tables.place / "mail/commands").glob("*_component-modify_*.log"))
    assert {log.stat().st_mode & 0o777 for log in logs} == {0o600}
    assert any("visible" in log.read_text() for log in logs)
    assert not list((tables.place / "mail/commands").glob("*-list_*.log"))


def test_pithos_migrate(tables: Cloud) -> None:
    for _ in range(2):
        stamp = tables.run("usr/bin/pithos-migrate", "stamp", "head", node="node2")
        assert (stamp.code, "alembic.migration" in stamp.out) == (0, True)
    assert tables.run("usr/bin/pithos-migrate", "initdb", node="node2").code == 1
    assert tables.run("usr/bin/pithos-migrate", "nonsense", node="node2").code == 2


def test_nodes_that_disagree_are_told_where(tables: Cloud) -> None:
    assert tables.manage("component-list", node="node1").code == 0
    path = tables.place / "node2" / "10-snf-webproject-deploy.conf"
    good = path.read_text()
    code = """from snf_django import database
from synnefo import settings
with database.apps(settings.load()) as db:
    db.run("update standin_agreement set host = 'other'")
"""
    program = tables.root / "agree"
    program.write_text(code)
    assert tables.run("agree").code == 0
    path.write_text(good.replace("'k' * 40", "'z' * 40"))
    try:
        refused = tables.manage("file-show", "a", "b", "c", node="node2")
    finally:
        path.write_text(good)
    assert refused.code == 1
    assert "SECRET_KEY differs: " in refused.out
    assert str(path) in refused.out and "node1" in refused.out
    assert "zzzz" not in refused.out
