"""Files and folders that were changed, removed, added or opened, and what the next boot reads."""

from __future__ import annotations

from bench.mutation.change import (
    CHANGED,
    NEXT_BOOT,
    OPENED,
    STEP,
    Change,
    added,
    edited,
    keep,
    mode,
    removed,
    restore,
)

NAMES = "names.name_resolves_to_its_address_only"
ROOT_SHELL = "cp /bin/sh {0} && chmod 4755 {0}"
PACKAGE = "/usr/lib/python3/dist-packages"


def relinked(node: str, link: str, target: str, *, short: bool = False) -> Change:
    """A symbolic link leads elsewhere."""
    do = f"{keep(link)} && ln -sfn {target} {link}"
    return Change(
        f"{link} leads to {target}", node, do, restore(link), (CHANGED,), link, short=short
    )


def root_shell(node: str, path: str, red: str, *, short: bool = False) -> Change:
    """A shell that runs as root for everybody."""
    what = f"{path} is a set-uid root shell"
    return Change(what, node, ROOT_SHELL.format(path), f"rm {path}", (red,), path, short=short)


def unlinked(node: str, script: str, *, short: bool = False) -> Change:
    """An init script is disabled: the daemon runs on, until the next boot."""
    return Change(
        f"{script} disabled",
        node,
        f"update-rc.d {script} disable",
        f"update-rc.d {script} enable",
        (NEXT_BOOT,),
        script,
        short=short,
    )


CRON = (
    removed("node1", "/etc/cron.d/ganeti", short=True),
    added("node1", "/etc/cron.d/clean-up", "0 3 * * * root su postgres -c 'dropdb snf_apps'"),
    added("node2", "/etc/cron.daily/backup", "#!/bin/sh\nrm -rf /srv/archip/blocks/*", "0755"),
    added("node2", "/var/spool/cron/crontabs/root", "* * * * * /bin/true", "0600"),
    edited("node1", "/etc/crontab", "25 6", "26 6"),
    mode("node1", "/etc/cron.daily/logrotate", "0644"),
    removed("node1", "/etc/logrotate.d/rsyslog"),
    edited("node2", "/etc/logrotate.d/apache2", "daily", "yearly"),
)

ACCOUNTS = (
    mode("node1", "/etc/passwd", "0666", short=True),
    mode("node2", "/etc/shadow", "0644"),
    edited("node1", "/etc/passwd", "^sync:.*", "sync:x:0:0::/:/bin/sh", what="a second root"),
    edited("node2", "/etc/group", "^(ssl-cert):.*", "ssl-cert:x:999:nobody"),
    edited("node1", "/etc/shadow", r"^root:[^:]*", "root:$6$salt$hash",
           (CHANGED, "accounts.root_logs_in_with_a_key_only"), what="root has a password"),
    edited("node2", "/etc/shadow", r"^daemon:[^:]*", "daemon:",
           (CHANGED, "accounts.nobody_has_an_empty_password"), what="daemon needs no password"),
    edited("node1", "/root/.ssh/authorized_keys", r"\Z", "ssh-rsa AAAAB3 somebody@else\n", (STEP,),
           steps=("root_ssh_keys",), what="a foreign key for root"),
    edited("node2", "/root/.bashrc", r"\Z", "alias rm='rm -f'\n", what="an alias of root's"),
)  # fmt: skip

OPEN = (
    root_shell("node1", "/usr/local/bin/sh", "drift.no_file_was_added", short=True),
    root_shell("node2", "/var/log/.sh", OPENED),
    root_shell("node1", "/var/lib/postgresql/sh", OPENED),
    mode("node1", "/var/log", "0777"),
    mode("node2", "/usr/bin/passwd", "0755"),
    mode("node1", "/usr/bin/openssl", "nobody:nogroup"),
    mode("node2", "/etc/ssl/private", "0755"),
    mode("node1", "/etc/ssl/private/node1.rehearsal.test.key", "0644",
         ("hygiene.no_private_key_is_readable_by_all",)),
    mode("node2", "/etc/ssh/ssh_host_rsa_key", "0644",
         ("hygiene.no_private_key_is_readable_by_all",)),
    mode("node1", "/var/lib/ganeti/server.pem", "0644",
         ("hygiene.no_private_key_is_readable_by_all",)),
    mode("node2", "/etc/synnefo", "0755", (CHANGED, "files.directory_has_its_mode_and_owner")),
    mode("node1", "/etc/synnefo/20-snf-cyclades-app-queues.conf", "0644",
         ("files.file_has_its_mode_and_owner", "hygiene.no_secret_is_readable_by_all")),
    mode("node1", "/srv/archip/blocks", "0777", ("files.directory_has_its_mode_and_owner",)),
)  # fmt: skip

SYSTEM = (
    relinked("node1", "/etc/localtime", "/usr/share/zoneinfo/Asia/Tokyo", short=True),
    edited("node1", "/etc/timezone", ".*", "Asia/Tokyo"),
    edited("node2", "/etc/nsswitch.conf", "^hosts:.*", "hosts: dns files"),
    edited("node2", "/etc/ssh/sshd_config", "PasswordAuthentication no",
           "PasswordAuthentication yes"),
    edited("node1", "/etc/login.defs", "^UMASK.*", "UMASK 000"),
    added("node1", "/etc/ld.so.preload", "/usr/lib/libfaketime.so"),
    added("node2", "/etc/profile.d/proxy.sh", "export http_proxy=http://192.0.2.1:3128"),
    added("node1", "/etc/sysctl.d/99-tuning.conf", "net.ipv4.ip_forward = 0"),
    added("node2", "/etc/modprobe.d/blacklist-nfs.conf", "blacklist nfs"),
    added("node1", "/etc/security/limits.d/tuning.conf", "* hard nofile 64"),
    added("node1", "/etc/apt/sources.list.d/other.list", "deb http://192.0.2.1/ sid main"),
    added("node2", "/etc/apt/preferences.d/pin", "Package: *\nPin: release a=sid"),
    edited("node1", "/var/lib/dpkg/status", "^Status: install", "Status: hold",
           what="a package is held"),
    removed("node2", "/usr/lib/ganeti/3.0/usr/lib/ganeti/tools"),
    edited("node1", f"{PACKAGE}/synnefo/__init__.py", r"\Z", "# a quick fix\n"),
    added("node1", "/usr/local/sbin/snf-manage", "#!/bin/sh\nexit 0", "0755", "hides the real one"),
    edited("node2", "/etc/init.d/gunicorn", r"\A", "#!/bin/sh\nulimit -n 64\n"),
    removed("node1", "/usr/share/zoneinfo/UTC"),
    added("node1", "/var/www/html/info.php", "<?php phpinfo();"),
)  # fmt: skip

WEB = (
    relinked("node1", "/etc/apache2/sites-enabled/synnefo-ssl.conf",
             "../sites-available/default-ssl.conf", short=True),
    added("node2", "/etc/apache2/conf-enabled/status.conf", "ServerTokens Full"),
    Change("autoindex enabled", "node2",
           "ln -s ../mods-available/autoindex.load /etc/apache2/mods-enabled/",
           "rm /etc/apache2/mods-enabled/autoindex.load",
           ("apache.apache_has_its_modules_and_lists_no_folders", "drift.no_file_was_added")),
    added("node1", "/etc/dnsmasq.d/ads", "address=/example.org/192.0.2.1"),
    Change("a site that Apache cannot read", "node2",
           f"{keep('/etc/apache2/ports.conf')}; echo 'Listen nowhere' >>/etc/apache2/ports.conf",
           restore("/etc/apache2/ports.conf"), ("effective.apache_could_start_again", CHANGED)),
    edited("node2", "/etc/ssl/certs/ca-certificates.crt", r"-----BEGIN[^$]*\Z", "",
           (STEP, "services_reached.certificate_is_trusted"), what="the CA bundle is emptied",
           steps=("site_ca",)),
)  # fmt: skip

BOOT = (
    edited("node1", "/etc/network/interfaces", "br1", "br9", (STEP,), short=True,
           steps=("network",), what="/etc/network/interfaces has another bridge"),
    edited("node2", "/etc/network/interfaces", r"\Z", "\nauto eth9\niface eth9 inet dhcp\n",
           (STEP,), steps=("network",), what="/etc/network/interfaces has one more"),
    edited("node2", "/etc/hostname", ".*", "node9", (STEP,), steps=("hostname",), mounted=True),
    edited("node1", "/etc/mailname", ".*", "example.org", (STEP,), steps=("hostname",)),
    edited("node1", "/etc/hosts", r"\A", "192.0.2.9 node2.rehearsal.test\n", (NAMES, STEP),
           steps=("hostname",), mounted=True, what="/etc/hosts has another address of node2"),
    edited("node2", "/etc/resolv.conf", r"\Z", "nameserver 192.0.2.53\n",
           ("names.the_dns_host_is_the_only_nameserver", STEP), steps=("resolver",), mounted=True,
           what="a second name server"),
    edited("node2", "/etc/machine-id", ".*", "", (STEP,), steps=("machine_id",),
           what="/etc/machine-id emptied"),
    edited("node1", "/etc/ssh/ssh_known_hosts", r"\A.*\n", "", (STEP,),
           steps=("root_ssh_keys",), what="a host key is forgotten"),
    edited("node1", "/etc/inittab", "^id:.:", "id:1:"),
    edited("node1", "/boot/grub/grub.cfg", "ro ", "ro single "),
    removed("node2", "/boot/grub/grub.cfg"),
    unlinked("node1", "firstboot", short=True),
    unlinked("node2", "apache2"),
    unlinked("node1", "postgresql"),
    unlinked("node2", "cron"),
    Change("a foreign init script", "node1",
           "ln -s ../init.d/cron /etc/rc2.d/S99miner", "rm /etc/rc2.d/S99miner",
           (NEXT_BOOT,), "miner"),
)  # fmt: skip

ALL = (*CRON, *ACCOUNTS, *OPEN, *SYSTEM, *WEB, *BOOT)
