"""What is in /etc/synnefo: Python of both ages, complete, and the same on both nodes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from golden import definition, run
from golden.errors import UserError
from golden.packages import standins
from tests.unit.images.synnefo_files import CLOUDS, changed, conf, files, filled, secret, settings
from tests.unit.standins import site as standin_site

NODES = [(site, kind) for site in CLOUDS for kind in ("node1", "node2")]
# What two nodes must agree on; the guide leaves it to whoever copies it.
SHARED = ("SECRET_KEY", "DATABASES", "ASTAKOS_AUTH_URL", "AMQP_HOSTS", "BACKEND_PREFIX_ID")
CLOUDBAR = ("CLOUDBAR_LOCATION", "CLOUDBAR_SERVICES_URL", "CLOUDBAR_MENU_URL")
MAIL = ("ADMINS", "MANAGERS", "HELPDESK", "EMAIL_BACKEND", "EMAIL_FILE_PATH", "SERVER_EMAIL")
MAIL += ("EMAIL_HOST", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")
# Enough of what the stand-ins' settings import to be imported.
IMPORTED = {
    "psycogreen/__init__.py": "",
    "psycogreen/gevent.py": "def patch_psycopg(): pass\n",
    "psycopg2/__init__.py": "",
    "psycopg2/extensions.py": "connection = None\nset_wait_callback = id\n",
}


@pytest.mark.parametrize(("site", "kind"), NODES)
def test_they_are_python_of_wheezy_and_of_today(site: str, kind: str, tmp_path: Path) -> None:
    rendered = files(site, kind)
    texts = conf(rendered) | {"gunicorn": filled(rendered["/etc/gunicorn.d/synnefo"])}
    for name, text in texts.items():
        compile(text, name, "exec")
        (tmp_path / f"{name}.py").write_text(text)
    versions = ["-t=2.7-", "-t=3.11-", "--violations"]
    vermin = Path(sys.executable).with_name("vermin")
    result = run.run([vermin, "-q", *versions, *sorted(tmp_path.iterdir())], check=False)
    assert result.code == 0, result.out


@pytest.mark.parametrize("site", CLOUDS)
def test_both_nodes_agree(site: str) -> None:
    one, two = settings(files(site, "node1")), settings(files(site, "node2"))
    names = [name for name in (*SHARED, *CLOUDBAR, *MAIL) if name in one or name in two]
    assert {name: one.get(name) for name in names} == {name: two.get(name) for name in names}
    assert one["BACKEND_DB_CONNECTION"] == two["PITHOS_BACKEND_DB_CONNECTION"]


@pytest.mark.parametrize(("site", "kind"), NODES)
def test_there_is_one_password_of_the_database(site: str, kind: str) -> None:
    values = settings(files(site, kind))
    password = secret("database_password")
    assert values["DATABASES"]["default"]["PASSWORD"] == password
    uri = values.get("BACKEND_DB_CONNECTION") or values["PITHOS_BACKEND_DB_CONNECTION"]
    assert uri.startswith(f"postgresql://synnefo:{password}@node1.")
    image = filled(files(site, kind)["/etc/default/snf-image"])
    assert f'PITHOS_DB="{uri}"' in image


@pytest.mark.parametrize(("site", "plugs"), [("example", False), ("rehearsal", True)])
def test_machines_are_hot_plugged_only_where_qemu_can(site: str, plugs: bool) -> None:
    assert settings(files(site, "node1"))["GANETI_USE_HOTPLUG"] is plugs


@pytest.mark.parametrize("site", ["example", "rehearsal"])
def test_cyclades_has_the_package_that_it_imports(site: str) -> None:
    role = next(r for k in definition.load(site).kinds for r in k.roles if r.name == "cyclades")
    assert "snf-vncauthproxy" in role.packages


def test_the_values_are_the_guide_s() -> None:
    one, two = settings(files("example", "node1")), settings(files("example", "node2"))
    assert one["ASTAKOS_BASE_URL"] == "https://node1.example.com/astakos"
    assert one["ASTAKOS_AUTH_URL"] == "https://node1.example.com/astakos/identity/v2.0"
    assert one["ASTAKOS_COOKIE_DOMAIN"] == ".example.com"
    assert one["CYCLADES_BASE_URL"] == "https://node1.example.com/cyclades"
    assert one["ADMIN_BASE_URL"] == "https://node1.example.com/admin"
    assert two["PITHOS_BASE_URL"] == "https://node2.example.com/pithos"
    assert one["DATABASES"]["default"]["HOST"] == "203.0.113.1"
    assert one["DEFAULT_MAC_FILTERED_BRIDGE"] == "br2"
    assert one["VMAPI_CACHE_BACKEND"] == "memcached://127.0.0.1:11211/?timeout=3600"
    assert one["CLOUDBAR_LOCATION"] == "https://node1.example.com/static/im/cloudbar/"
    assert one["ADMINS"][1] == ("Admin2 name", "admin2@example.com")
    assert one["EMAIL_SUBJECT_PREFIX"] == "[example.com] "
    assert two["PITHOS_OAUTH2_CLIENT_CREDENTIALS"] == ("pithos-view", secret("oauth2_secret"))


def test_what_the_guide_leaves_public_is_secret() -> None:
    values = settings(files("example", "node1"))
    assert values["SECRET_ENCRYPTION_KEY"] == secret("encryption_key")
    # AES takes no longer key (docs/synnefo.md S3.5).
    assert len(values["SECRET_ENCRYPTION_KEY"].encode()) <= 32
    assert values["CYCLADES_STATS_SECRET_KEY"] == secret("stats_secret")
    assert values["CYCLADES_VNCAUTHPROXY_OPTS"][0]["auth_password"] == secret("vnc_password")


@pytest.mark.parametrize(("site", "kind"), NODES)
def test_what_holds_a_secret_is_not_for_everybody(site: str, kind: str) -> None:
    holders = {path: f for path, f in files(site, kind).items() if b"@@SECRET:" in f.content}
    assert "/etc/synnefo/10-snf-webproject-deploy.conf" in holders
    assert [path for path, file in holders.items() if int(file.mode, 8) & 0o004] == []
    readers = {file.group for path, file in holders.items() if path.startswith("/etc/synnefo/")}
    assert readers == {"synnefo"}


def test_pooling_comes_before_the_database_and_can_be_left_out() -> None:
    with_pool = settings(files("example", "node2"))
    assert with_pool["calls"] == ["monkey_patch_psycopg2", "make_psycopg_green"]
    options = with_pool["DATABASES"]["default"]["OPTIONS"]
    assert options["synnefo_poolsize"] == 8
    # Dead connections are found before a server whose power was cut has booted again.
    keys = ("keepalives_idle", "keepalives_interval", "keepalives_count")
    idle, interval, count = (options[key] for key in keys)
    assert idle + interval * count <= 30
    without = settings(changed("example", "node2", database_pool_size=0))
    assert without["calls"] == ["make_psycopg_green"]
    assert "OPTIONS" not in without["DATABASES"]["default"]


def test_mail_may_go_to_a_server() -> None:
    values = settings(changed("example", "node1", mail_backend="smtp"))
    assert values["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert values["EMAIL_HOST"] == "mysmtp.server.example.com"
    assert values["EMAIL_HOST_PASSWORD"] == secret("smtp_password")
    assert "EMAIL_FILE_PATH" not in values


def test_a_wrong_kind_of_mail_is_named() -> None:
    with pytest.raises(UserError, match=r"roles/synnefo-common/files/etc/synnefo/.*\.j2:\d+"):
        changed("example", "node1", mail_backend="smpt")


def test_the_options_of_the_sign_up_page() -> None:
    plain = settings(files("example", "node1"))
    assert plain["ASTAKOS_IM_MODULES"] == ["local"]
    assert plain["ASTAKOS_RECAPTCHA_ENABLED"] is False
    options = {"recaptcha_enabled": True, "recaptcha_public_key": "a'b"}
    options |= {"astakos_login_methods": ("local", "shibboleth")}
    values = settings(changed("example", "node1", **options))
    assert values["ASTAKOS_IM_MODULES"] == ["local", "shibboleth"]
    assert values["ASTAKOS_RECAPTCHA_PUBLIC_KEY"] == "a'b"
    assert values["ASTAKOS_RECAPTCHA_PRIVATE_KEY"] == secret("recaptcha_private_key")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python packages of all stand-ins, and of what they import."""
    place = tmp_path_factory.mktemp("standins")
    built = standins.build(place / "repository", "0.16.2")
    for package in built.packages:
        run.run(["dpkg-deb", "-x", built.folder / standins.file_name(package), place / "root"])
    folder = place / "root/usr/lib/python3/dist-packages"
    for name, text in IMPORTED.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(("site", "kind"), NODES)
def test_the_stand_ins_accept_them(site: str, kind: str, packages: Path, tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    for name, text in conf(files(site, kind)).items():
        moved = text.replace("/var/spool/synnefo/mail", str(tmp_path / "mail"))
        (tmp_path / name).write_text(moved)
    env = {"PYTHONPATH": str(packages), "SYNNEFO_SETTINGS_DIR": str(tmp_path)}
    env |= {"SYNNEFO_EXCLUDE_PACKAGES": standin_site.WITHOUT[kind], "PYTHONDONTWRITEBYTECODE": "1"}
    code = "from synnefo import settings; settings.load()"
    result = run.run([sys.executable, "-c", code], env=env, check=False)
    assert (result.code, result.out) == (0, "")
