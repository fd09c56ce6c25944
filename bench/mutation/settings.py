"""One wrong setting for each rendered file of a site.

That the file is no longer as rendered is seen for each of them; the checks named besides see what
the wrong setting does. The last words are the init scripts that read the file.
"""

from __future__ import annotations

from bench.mutation.change import PORT, RENDERED, RUNS, Change, edited


def wrong(
    node: str,
    path: str,
    old: str,
    new: str,
    red: tuple[str, ...] = (),
    restart: tuple[str, ...] = (),
) -> Change:
    """A wrong setting; `old` is a regular expression."""
    return edited(node, path, old, new, (RENDERED, *red), restart)


CONF = "/etc/synnefo/"
# A setting that Synnefo's commands refuse, or that makes them ask in the wrong place.
BACKEND = ("cyclades.cluster_is_a_backend_in_use",)
COMPONENTS = ("astakos.component_has_its_addresses",)
PITHOS = ("pithos.quota_are_in_sync",)
DISPATCHER = ("cyclades.dispatcher_reaches_broker_and_backend",)

SYNNEFO = (
    wrong("node1", f"{CONF}00-snf-common-admins.conf", "^ADMINS", "ADMINS = 5 #", COMPONENTS),
    wrong("node1", f"{CONF}10-snf-webproject-database.conf", "'snf_apps'", "'snf_app'", COMPONENTS),
    wrong("node1", f"{CONF}10-snf-webproject-deploy.conf", "^SECRET_KEY", "SECRET", COMPONENTS),
    wrong("node1", f"{CONF}20-snf-admin-app-general.conf", "/admin'", "/adm'",
          ("admin.administrator_sees_the_users",), ("gunicorn",)),
    wrong("node1", f"{CONF}20-snf-astakos-app-cloudbar.conf", "https://node1", "https://other",
          COMPONENTS),
    wrong("node1", f"{CONF}20-snf-astakos-app-settings.conf", "'https://node1", "'http://node1",
          COMPONENTS),
    wrong("node1", f"{CONF}20-snf-cyclades-app-api.conf", "/astakos/identity", "/accounts/identity",
          BACKEND),
    wrong("node1", f"{CONF}20-snf-cyclades-app-cloudbar.conf", "https://node1", "https://other",
          BACKEND),
    wrong("node1", f"{CONF}20-snf-cyclades-app-plankton.conf", "synnefo:.*@", "synnefo:wrong@",
          BACKEND),
    wrong("node1", f"{CONF}20-snf-cyclades-app-queues.conf", "amqp://", "http://", DISPATCHER),
    wrong("node1", f"{CONF}20-snf-cyclades-app-vmapi.conf", "VMAPI_CACHE", "VMAPI_CACHES", BACKEND),
    wrong("node1", f"{CONF}20-snf-cyclades-gtools-backend.conf", "'snf-'", "'other-'"),
    wrong("node1", f"{CONF}99-local.conf", "filebased", "filebase"),
    wrong("node2", f"{CONF}00-snf-common-admins.conf", "^MANAGERS", "MANAGERS = 5 #", PITHOS),
    wrong("node2", f"{CONF}10-snf-webproject-database.conf", "'5432'", "'5433'",
          ("pithos.page_is_shown_to_who_is_logged_in",), ("gunicorn",)),
    wrong("node2", f"{CONF}20-snf-pithos-app-settings.conf", "^PITHOS_SERVICE_TOKEN = '",
          "PITHOS_SERVICE_TOKEN = 'x", PITHOS),
    wrong("node2", f"{CONF}20-snf-pithos-webclient-cloudbar.conf", "https://node1", "https://other",
          PITHOS),
)  # fmt: skip

WEB = (
    wrong("node1", "/etc/apache2/envvars", "^NODE_FQDN=.*", "NODE_FQDN=other.example",
          (RUNS,), ("apache2",)),
    wrong("node1", "/etc/apache2/sites-available/synnefo.conf", "RewriteRule .*https.*",
          "RewriteRule (.*) http://%{HTTP_HOST}/elsewhere [R]",
          ("services_reached.plain_http_is_sent_to_https",), ("apache2",)),
    wrong("node1", "/etc/apache2/sites-available/synnefo-ssl.conf", "8080/ retry", "8081/ retry",
          ("astakos.plain_address_leads_to_the_login_page",), ("apache2",)),
    wrong("node1", "/etc/gunicorn.d/synnefo", "--bind=127.0.0.1", "--bind=0.0.0.0",
          (PORT,), ("gunicorn",)),
    wrong("node2", "/etc/gunicorn.d/synnefo", ":8080", ":8088",
          (PORT,), ("gunicorn",)),
)  # fmt: skip

STORAGE = (
    wrong("node2", "/etc/archipelago/archipelago.conf", "^archip_dir = .*blocks",
          "archip_dir = /srv/archip/block", (RUNS,)),
    wrong("node1", "/etc/default/archipelago", "STOP_ARGS", "STOP"),
    wrong("node1", "/etc/default/tmpfs", "50%", "20%"),
    wrong("node1", "/etc/exports", "sync", "async"),
    wrong("node1", "/etc/idmapd.conf", "^Domain = ", "Domain = other."),
    wrong("node1", "/etc/default/nfs-common", "NEED_STATD=yes", "NEED_STATD=no"),
    wrong("node1", "/etc/postgresql/15/main/postgresql.conf", r"'\*'", "'127.0.0.1'",
          ("services_reached.database_lets_the_application_in",), ("postgresql",)),
    wrong("node1", "/etc/postgresql/15/main/pg_ident.conf", r"\Z", "all root postgres\n"),
    wrong("node1", "/etc/postgresql/15/main/start.conf", "^auto", "manual"),
    wrong("node1", "/etc/postgresql/15/main/pg_hba.conf", "(?m)^host .*/32 .*md5", "# ",
          ),
)  # fmt: skip

NAMES = (
    wrong("node1", "/etc/dnsmasq.conf", "listen-address=.*", "listen-address=127.0.0.1",
          (PORT,), ("dnsmasq",)),
    wrong("node1", "/etc/external-dns", "^# Whom", "nameserver 192.0.2.1 # Whom"),
    # Their scripts look at the flag before they stop anything, so it bites at the next boot.
    wrong("node1", "/etc/default/dnsmasq", "ENABLED=1", "ENABLED=0"),
    wrong("node2", "/etc/default/volume-group", "VOLUME_GROUP=", "VOLUME_GROUP=x"),
)  # fmt: skip

GANETI = (
    wrong("node1", "/etc/default/ganeti", "--require-authentication", "-b 127.0.0.1",
          ("ganeti.cluster_name_is_answered_by_rapi",), ("ganeti",)),
    wrong("node2", "/etc/lvm/lvm.conf", "drbd", "drdb"),
    wrong("node1", "/etc/modprobe.d/drbd.conf", "/bin/true", "/sbin/drbdadm"),
    wrong("node1", "/etc/modules", "(?m)^drbd$", "dbrd"),
    wrong("node1", "/etc/default/snf-ganeti-eventd", "ENABLE=true", "ENABLE=false"),
    wrong("node1", "/etc/default/snf-dispatcher", "ENABLE=true", "ENABLE=false"),
    wrong("node1", "/etc/default/vncauthproxy", "24999", "24998",
          (PORT,), ("vncauthproxy",)),
    wrong("node2", "/etc/default/snf-image", "VERSION_CHECK", "VERSIONCHECK"),
    wrong("node2", "/etc/default/snf-image-update-helper", "###DEBCONF###", "# debconf"),
    wrong("node2", "/etc/default/snf-network", "ff:ff:f0", "ff:ff:ff"),
    wrong("node2", "/etc/default/nfdhcpd", 'RUN="yes"', 'RUN="no"'),
    wrong("node1", "/etc/memcached.conf", "-l 127.0.0.1", "-l 0.0.0.0",
          (PORT,), ("memcached",)),
)  # fmt: skip

ALL = (*SYNNEFO, *WEB, *STORAGE, *NAMES, *GANETI)
