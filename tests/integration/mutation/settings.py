"""One wrong setting for each rendered file of a booted site, and the checks that must turn red.

That the file is no longer as rendered is seen for each of them; `red` are the checks that see what
the wrong setting does. `restart` are the init scripts that read the file.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """In the file `path` of `node` the regular expression `old` becomes `new`, once."""

    node: str
    path: str
    old: str
    new: str
    red: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()


CONF = "/etc/synnefo/"
# A setting that Synnefo's commands refuse, or that makes them ask in the wrong place.
BACKEND = ("cyclades.cluster_is_a_backend_in_use",)
COMPONENTS = ("astakos.component_has_its_addresses",)
PITHOS = ("pithos.quota_are_in_sync",)
DISPATCHER = ("cyclades.dispatcher_reaches_broker_and_backend",)

SYNNEFO = (
    Wrong("node1", f"{CONF}00-snf-common-admins.conf", "^ADMINS", "ADMINS = 5 #", COMPONENTS),
    Wrong("node1", f"{CONF}10-snf-webproject-database.conf", "'snf_apps'", "'snf_app'", COMPONENTS),
    Wrong("node1", f"{CONF}10-snf-webproject-deploy.conf", "^SECRET_KEY", "SECRET", COMPONENTS),
    Wrong("node1", f"{CONF}20-snf-admin-app-general.conf", "/admin'", "/adm'",
          ("admin.administrator_sees_the_users",), ("gunicorn",)),
    Wrong("node1", f"{CONF}20-snf-astakos-app-cloudbar.conf", "https://node1", "https://other",
          COMPONENTS),
    Wrong("node1", f"{CONF}20-snf-astakos-app-settings.conf", "'https://node1", "'http://node1",
          COMPONENTS),
    Wrong("node1", f"{CONF}20-snf-cyclades-app-api.conf", "/astakos/identity", "/accounts/identity",
          BACKEND),
    Wrong("node1", f"{CONF}20-snf-cyclades-app-cloudbar.conf", "https://node1", "https://other",
          BACKEND),
    Wrong("node1", f"{CONF}20-snf-cyclades-app-plankton.conf", "synnefo:.*@", "synnefo:wrong@",
          BACKEND),
    Wrong("node1", f"{CONF}20-snf-cyclades-app-queues.conf", "amqp://", "http://", DISPATCHER),
    Wrong("node1", f"{CONF}20-snf-cyclades-app-vmapi.conf", "VMAPI_CACHE", "VMAPI_CACHES", BACKEND),
    Wrong("node1", f"{CONF}20-snf-cyclades-gtools-backend.conf", "'snf-'", "'other-'", DISPATCHER),
    Wrong("node1", f"{CONF}99-local.conf", "filebased", "filebase", COMPONENTS),
    Wrong("node2", f"{CONF}00-snf-common-admins.conf", "^MANAGERS", "MANAGERS = 5 #", PITHOS),
    Wrong("node2", f"{CONF}10-snf-webproject-database.conf", "'5432'", "'5433'",
          ("pithos.page_is_shown_to_who_is_logged_in",), ("gunicorn",)),
    Wrong("node2", f"{CONF}20-snf-pithos-app-settings.conf", "^PITHOS_SERVICE_TOKEN = '",
          "PITHOS_SERVICE_TOKEN = 'x", PITHOS),
    Wrong("node2", f"{CONF}20-snf-pithos-webclient-cloudbar.conf", "https://node1", "https://other",
          PITHOS),
)  # fmt: skip

WEB = (
    Wrong("node1", "/etc/apache2/envvars", "^NODE_FQDN=.*", "NODE_FQDN=other.example",
          ("services.service_runs",), ("apache2",)),
    Wrong("node1", "/etc/apache2/sites-available/synnefo.conf", "RewriteRule .*https.*",
          "RewriteRule (.*) http://%{HTTP_HOST}/elsewhere [R]",
          ("services_reached.plain_http_is_sent_to_https",), ("apache2",)),
    Wrong("node1", "/etc/apache2/sites-available/synnefo-ssl.conf", "8080/ retry", "8081/ retry",
          ("astakos.plain_address_leads_to_the_login_page",), ("apache2",)),
    Wrong("node1", "/etc/gunicorn.d/synnefo", "--bind=127.0.0.1", "--bind=0.0.0.0",
          ("services.port_listens_where_the_role_says",), ("gunicorn",)),
    Wrong("node2", "/etc/gunicorn.d/synnefo", ":8080", ":8088",
          ("services.port_listens_where_the_role_says",), ("gunicorn",)),
)  # fmt: skip

STORAGE = (
    Wrong("node2", "/etc/archipelago/archipelago.conf", "^archip_dir = .*blocks",
          "archip_dir = /srv/archip/block", ("services.service_runs",)),
    Wrong("node1", "/etc/default/archipelago", "STOP_ARGS", "STOP"),
    Wrong("node1", "/etc/default/tmpfs", "50%", "20%"),
    Wrong("node1", "/etc/exports", "sync", "async"),
    Wrong("node1", "/etc/idmapd.conf", "^Domain = ", "Domain = other."),
    Wrong("node1", "/etc/default/nfs-common", "NEED_STATD=yes", "NEED_STATD=no"),
    Wrong("node1", "/etc/postgresql/15/main/postgresql.conf", r"'\*'", "'127.0.0.1'",
          ("services_reached.database_lets_the_application_in",), ("postgresql",)),
    Wrong("node1", "/etc/postgresql/15/main/pg_hba.conf", "(?m)^host .*/32 .*md5", "# ",
          ("files.file_is_as_rendered",)),
)  # fmt: skip

NAMES = (
    Wrong("node1", "/etc/dnsmasq.conf", "listen-address=.*", "listen-address=127.0.0.1",
          ("services.port_listens_where_the_role_says",), ("dnsmasq",)),
    Wrong("node1", "/etc/external-dns", "^# Whom", "nameserver 192.0.2.1 # Whom"),
    Wrong("node1", "/etc/default/dnsmasq", "ENABLED=1", "ENABLED=0",
          ("services.service_runs",), ("dnsmasq",)),
    Wrong("node2", "/etc/default/volume-group", "VOLUME_GROUP=", "VOLUME_GROUP=x"),
)  # fmt: skip

GANETI = (
    Wrong("node1", "/etc/default/ganeti", "--require-authentication", "-b 127.0.0.1",
          ("ganeti.cluster_name_is_answered_by_rapi",), ("ganeti",)),
    Wrong("node2", "/etc/lvm/lvm.conf", "drbd", "drdb"),
    Wrong("node1", "/etc/modprobe.d/drbd.conf", "/bin/true", "/sbin/drbdadm"),
    Wrong("node1", "/etc/modules", "(?m)^drbd$", "dbrd"),
    Wrong("node1", "/etc/default/snf-ganeti-eventd", "ENABLE=true", "ENABLE=false",
          ("cyclades.eventd_runs_on_the_master_only",), ("snf-ganeti-eventd",)),
    Wrong("node1", "/etc/default/snf-dispatcher", "ENABLE=true", "ENABLE=false",
          ("cyclades.daemon_has_a_process",), ("snf-dispatcher",)),
    Wrong("node1", "/etc/default/vncauthproxy", "24999", "24998",
          ("services.port_listens_where_the_role_says",), ("vncauthproxy",)),
    Wrong("node2", "/etc/default/snf-image", "VERSION_CHECK", "VERSIONCHECK"),
    Wrong("node2", "/etc/default/snf-image-update-helper", "###DEBCONF###", "# debconf"),
    Wrong("node2", "/etc/default/snf-network", "ff:ff:f0", "ff:ff:ff"),
    Wrong("node2", "/etc/default/nfdhcpd", 'RUN="yes"', 'RUN="no"'),
    Wrong("node1", "/etc/memcached.conf", "-l 127.0.0.1", "-l 0.0.0.0",
          ("services.port_listens_where_the_role_says",), ("memcached",)),
)  # fmt: skip

ALL = (*SYNNEFO, *WEB, *STORAGE, *NAMES, *GANETI)
