#!/bin/sh
# Makes the tables and the first rows of both databases, in a PostgreSQL that lives as long as this
# script, and leaves them in /usr/lib/golden/schema as SQL. First boot, which makes the real cluster,
# loads them in seconds (as postgres: pg_dump of 9.1 writes what only the superuser may).
#
# The guide runs syncdb and then single migrations, twice (G104-G108, G241-G242). With all applications
# installed, one of each is enough: the migrations know their order. Of its fixtures, "groups" does not
# exist in any version, and loaddata says nothing about that (G109); "flavors" does (G243).
set -eu
umask 022
target=/usr/lib/golden/schema
port=15432
programs=$(echo /usr/lib/postgresql/*/bin)
work=$(mktemp -d)

as_postgres() {
    su -s /bin/sh postgres -c "$1"
}

query() {
    as_postgres "psql -qAtX -v ON_ERROR_STOP=1 -h $work -p $port -d $1 -c \"$2\""
}

end() {
    if [ -e "$work/data/postmaster.pid" ]; then
        as_postgres "$programs/pg_ctl stop -D $work/data -m fast -w"
    fi
    rm -rf "$work"
}

begin() {
    chown postgres "$work"
    as_postgres "$programs/initdb -D $work/data -E UTF8 --locale=C --auth=trust"
    # -F: nothing here is worth waiting for the disk.
    options="-F -h 127.0.0.1 -p $port -k $work"
    as_postgres "$programs/pg_ctl start -D $work/data -w -l $work/log -o '$options'"
    query postgres "CREATE ROLE synnefo LOGIN"
    for database in snf_apps snf_pithos; do
        query postgres "CREATE DATABASE $database OWNER synnefo ENCODING 'UTF8' LC_COLLATE 'C'
            LC_CTYPE 'C' TEMPLATE template0"
    done
}

# What the programs ask for before they do anything. The real settings come with the site's layer and
# its secrets at first boot; nothing of these gets into the tables.
settings() {
    secret=$(openssl rand -hex 16)
    base=https://node.bake.invalid
    mkdir "$work/settings"
    cat >"$work/settings/bake.conf" <<END
ADMINS = MANAGERS = HELPDESK = (('bake', 'root@bake.invalid'),)
DEFAULT_FROM_EMAIL = CONTACT_EMAIL = SERVER_EMAIL = 'root@bake.invalid'
EMAIL_SUBJECT_PREFIX = '[bake] '
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql_psycopg2', 'NAME': 'snf_apps',
    'USER': 'synnefo', 'PASSWORD': '$secret', 'HOST': '127.0.0.1', 'PORT': '$port'}}
SECRET_KEY = SECRET_ENCRYPTION_KEY = CYCLADES_SERVICE_TOKEN = '$secret'
BACKEND_DB_CONNECTION = 'postgresql://synnefo:$secret@127.0.0.1:$port/snf_pithos'
AMQP_HOSTS = ['amqp://synnefo:$secret@127.0.0.1:5672']
BACKEND_PREFIX_ID = 'snf-'
VMAPI_CACHE_BACKEND = 'memcached://127.0.0.1:11211/?timeout=3600'
ASTAKOS_COOKIE_DOMAIN = '.bake.invalid'
ASTAKOS_BASE_URL = '$base/astakos'
ASTAKOS_AUTH_URL = '$base/astakos/identity/v2.0'
CYCLADES_BASE_URL = '$base/cyclades'
ADMIN_BASE_URL = '$base/admin'
CLOUDBAR_LOCATION = '$base/static/im/cloudbar/'
CLOUDBAR_SERVICES_URL = '$base/astakos/ui/get_services'
CLOUDBAR_MENU_URL = '$base/astakos/ui/get_menu'
DEFAULT_MAC_FILTERED_BRIDGE = 'br2'
CYCLADES_VNCAUTHPROXY_OPTS = [{'auth_user': 'synnefo', 'auth_password': '$secret',
    'server_address': '127.0.0.1', 'server_port': 24999, 'enable_ssl': False, 'ca_cert': None,
    'strict': False}]
END
    export SYNNEFO_SETTINGS_DIR="$work/settings"
}

apps() {
    snf-manage syncdb --noinput
    snf-manage migrate --noinput
    snf-manage loaddata flavors
    # Its exit status does not tell whether it loaded anything.
    [ "$(query snf_apps 'SELECT count(*) FROM db_flavor')" -gt 0 ]
    # South notes when it migrated; the same tables are to make the same file whenever that was.
    query snf_apps "UPDATE south_migrationhistory SET applied = '2000-01-01 00:00:00+00'"
}

pithos() {
    # Makes the tables and stamps the newest revision, and then exits with 1, which is its success.
    code=0
    pithos-migrate initdb || code=$?
    [ "$code" -eq 1 ]
    [ -n "$(query snf_pithos 'SELECT version_num FROM alembic_version')" ]
}

# pg_dump of today writes a random word into its file; without it, equal tables make equal files.
dump() {
    as_postgres "pg_dump -h $work -p $port --no-privileges --file=$work/$1.sql $1"
    sed '/^\\\(un\)\{0,1\}restrict /d' "$work/$1.sql" >"$target/$1.sql"
}

trap end EXIT
begin
settings
apps
pithos
mkdir -p "$target"
dump snf_apps
dump snf_pithos
