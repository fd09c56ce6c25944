"""What a booted node has otherwise than its image: what first boot writes and daemons keep.

By the role that brings it. Below a folder that ends in a slash, itself included, content and rights
are free; of a path, or pattern, only the content. Set-uid files, devices and what everybody may
write are told wherever they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from golden.definition import Kind
from golden.render import RenderedFile
from golden.render.quoting import needs_secrets

ROLES: Mapping[str, tuple[str, ...]] = {
    "base": (
        # Steps of first boot: hostname, machine_id, ssh_host_keys, root_ssh_keys, network, site_ca.
        *("/etc/hostname", "/etc/mailname", "/etc/hosts", "/etc/resolv.conf"),
        *("/etc/machine-id", "/var/lib/dbus/machine-id"),
        *("/etc/ssh/ssh_host_*_key", "/etc/ssh/ssh_host_*_key.pub", "/etc/ssh/ssh_known_hosts"),
        *("/root/.ssh", "/root/.ssh/id_rsa", "/root/.ssh/id_rsa.pub", "/root/.ssh/known_hosts"),
        "/root/.ssh/authorized_keys",
        "/etc/network/interfaces",
        *("/usr/local/share/ca-certificates/*-ca.crt", "/etc/ssl/certs/ca-certificates.crt"),
        *("/etc/ssl/certs/*-ca.pem", "/etc/ssl/certs/[0-9a-f]*.[0-9]"),
        *("/var/lib/firstboot", "/var/lib/firstboot/*"),
        # Start links: `drift` looks at these by what they start. update-rc.d makes systemd's too.
        *("/etc/rc[0-6S].d/*", "/etc/init.d/.depend.*", "/etc/systemd/system/*.wants/*"),
        # The layer of the initramfs is beside the others, so the list has none of it.
        *("/boot/initrd.img-*", "/etc/initramfs-tools/modules", "/etc/initramfs-tools/conf.d/*"),
        # The system's own: boot scripts, clock, cron's daily copies, caches, Python's bytecode.
        *("/etc/mtab", "/etc/adjtime", "/etc/blkid.tab", "/etc/udev/rules.d/70-persistent-*.rules"),
        *("/var/lib/urandom/*", "/var/lib/chrony/*", "/var/lib/ntp/*", "/var/lib/logrotate/*"),
        *("/var/log/*", "/var/mail/*", "/var/tmp/*", "/var/backups/*", "/var/cache/*"),
        *("/var/lib/apt/lists/*", "/var/lib/initramfs-tools/*", "*/lib/modules/*/modules.*"),
        *("*/__pycache__", "*/__pycache__/*", "/usr/lib/firstboot/*.pyc", "/lost+found"),
        *("/root/.bash_history", "/root/.lesshst", "/root/.viminfo"),
        # A container's: its engine's mark and the seed.
        *("/.dockerenv", "/var/lib/golden-seed/"),
    ),
    "apache": ("/etc/ssl/certs/*.pem", "/etc/ssl/private/*.key"),
    "postgresql": ("/var/lib/postgresql/",),
    "rabbitmq": ("/etc/rabbitmq/rabbitmq.config", "/var/lib/rabbitmq/"),
    "dns": ("/var/lib/misc/*",),
    "nfs-common": ("/var/lib/nfs/",),
    "nfs-client": ("/etc/fstab",),
    "nfs-server": ("/srv/archip/*",),
    "ganeti-common": (
        *("/var/lib/ganeti/", "/var/log/ganeti/", "/srv/ganeti/", "/etc/ganeti/file-storage-paths"),
        # The master hands out its own, as a file, and the links to the version in use.
        *("/etc/ganeti/kvm-vif-bridge", "/etc/ganeti/lib", "/etc/ganeti/share"),
        *("/etc/lvm/archive/", "/etc/lvm/backup/", "/etc/lvm/cache/", "/var/lib/drbd*"),
    ),
    "snf-image": ("/srv/images/*", "/var/lib/snf-image/*"),
    "nfdhcpd": ("/var/lib/nfdhcpd/",),
    "synnefo-common": ("/var/spool/synnefo/mail/*",),
    "vncauthproxy": ("/var/lib/vncauthproxy/*",),
    "kamaki": ("/root/.kamakirc", "/root/.kamaki*"),
    "stats-agent": ("/var/lib/collectd/",),
}


def changing(kind: Kind, files: Mapping[str, RenderedFile]) -> list[str]:
    """The state of nodes of `kind`, those of its `files` that hold secrets among it."""
    secret = {path for path, file in files.items() if needs_secrets(file.content)}
    return sorted(secret.union(*(ROLES.get(role.name, ()) for role in kind.roles)))
