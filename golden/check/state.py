"""What a booted node may have otherwise than its image, by the role that brings it.

What must outlive the system disk is `state` in role.yaml; the rest stands here, for one of two
reasons. Below a folder that ends in a slash, itself included, content and rights are free; of a
path, or pattern, only the content. Set-uid files, devices and what everybody may write are told
wherever they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from golden.definition import Kind
from golden.render import RenderedFile
from golden.render.quoting import needs_secrets

# First boot writes it, from seed and image, on each new system disk; nobody else does.
REMADE: Mapping[str, tuple[str, ...]] = {
    "base": (
        # Steps of first boot: hostname, machine_id, ssh_host_keys, root_ssh_keys, network, site_ca.
        *("/etc/hostname", "/etc/mailname", "/etc/hosts", "/etc/resolv.conf"),
        *("/etc/machine-id", "/var/lib/dbus/machine-id"),
        *("/etc/ssh/ssh_host_*_key", "/etc/ssh/ssh_host_*_key.pub", "/etc/ssh/ssh_known_hosts"),
        *("/root/.ssh", "/root/.ssh/id_rsa", "/root/.ssh/id_rsa.pub"),
        "/root/.ssh/authorized_keys",
        # What secret_files had in the image, and secrets that were made anew since.
        "/var/lib/golden/",
        "/etc/network/interfaces",
        *("/usr/local/share/ca-certificates/*-ca.crt", "/etc/ssl/certs/ca-certificates.crt"),
        *("/etc/ssl/certs/*-ca.pem", "/etc/ssl/certs/[0-9a-f]*.[0-9]"),
        # Start links: `drift` looks at these by what they start. update-rc.d makes systemd's too.
        *("/etc/rc[0-6S].d/*", "/etc/init.d/.depend.*", "/etc/systemd/system/*.wants/*"),
        # The layer of the initramfs is beside the others, so the list has none of it.
        *("/boot/initrd.img-*", "/etc/initramfs-tools/modules", "/etc/initramfs-tools/conf.d/*"),
    ),
    "apache": ("/etc/ssl/certs/*.pem", "/etc/ssl/private/*.key"),
    "rabbitmq": ("/etc/rabbitmq/rabbitmq.config",),
    "nfs-client": ("/etc/fstab",),
    "snf-image": ("/srv/images/*", "/var/lib/snf-image/*"),
    "kamaki": ("/root/.kamakirc",),
}
# Written at any time, and no loss: nothing but the past, or made anew by who needs it.
EXPENDABLE: Mapping[str, tuple[str, ...]] = {
    "base": (
        # How far first boot came: on a new system disk each step looks at the system again.
        *("/var/lib/firstboot", "/var/lib/firstboot/*"),
        # The system's own: boot scripts, clock, cron's daily copies, caches, Python's bytecode.
        *("/etc/mtab", "/etc/adjtime", "/etc/blkid.tab", "/etc/udev/rules.d/70-persistent-*.rules"),
        *("/var/lib/urandom/*", "/var/lib/chrony/*", "/var/lib/ntp/*", "/var/lib/logrotate/*"),
        *("/var/log/*", "/var/tmp/*", "/var/backups/*", "/var/cache/*"),
        *("/var/lib/apt/lists/*", "/var/lib/initramfs-tools/*", "*/lib/modules/*/modules.*"),
        *("*/__pycache__", "*/__pycache__/*", "/usr/lib/firstboot/*.pyc", "/lost+found"),
        # What people leave; nodes know each other by /etc/ssh/ssh_known_hosts.
        *("/root/.ssh/known_hosts", "/root/.bash_history", "/root/.lesshst", "/root/.viminfo"),
        # A container's: its engine's mark and the seed.
        *("/.dockerenv", "/var/lib/golden-seed/"),
    ),
    # Leases of dnsmasq, which gives none.
    "dns": ("/var/lib/misc/*",),
    "ganeti-common": (
        "/var/log/ganeti/",
        # The master hands out its own, as files, and the links to the version in use, at any time.
        *("/etc/ganeti/file-storage-paths", "/etc/ganeti/kvm-vif-bridge"),
        *("/etc/ganeti/lib", "/etc/ganeti/share"),
        # Copies of what is on the disks themselves.
        *("/etc/lvm/archive/", "/etc/lvm/backup/", "/etc/lvm/cache/", "/var/lib/drbd*"),
    ),
    # Ganeti writes it whenever it starts a machine.
    "nfdhcpd": ("/var/lib/nfdhcpd/",),
    # Its own init script gives it that folder at the first start.
    "vncauthproxy": ("/var/log/vncauthproxy/",),
    "kamaki": ("/root/.kamaki.*",),
}


def changing(kind: Kind, files: Mapping[str, RenderedFile]) -> list[str]:
    """What may differ on nodes of `kind`, those of its `files` that hold secrets among it."""
    secret = {path for path, file in files.items() if needs_secrets(file.content)}
    return sorted(secret.union(_of(kind, REMADE), spared(kind)))


def spared(kind: Kind) -> list[str]:
    """What may be written after first boot: what is kept, and what may be lost."""
    return sorted({*_of(kind, EXPENDABLE), *(f"{path}/" for path in kind.state)})


def _of(kind: Kind, roles: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {path for role in kind.roles for path in roles.get(role.name, ())}
