#!/bin/sh
# Removes what makes one machine differ from another, what the bake left, and what a package made
# that first boot must make anew. W numbers are facts of docs/wheezy.md.
set -eu

remove() {
    for path in "$@"; do
        # An unmatched pattern stays as it is.
        if [ -e "$path" ] || [ -L "$path" ]; then
            rm -rf -- "$path"
        fi
    done
}

empty() {
    for folder in "$@"; do
        if [ -d "$folder" ]; then
            find "$folder" -mindepth 1 -delete
        fi
    done
}

# Identity (W12.1 to W12.5); keys are gone since the layer whose packages made them (end.sh)
remove /etc/udev/rules.d/70-persistent-net.rules /etc/udev/rules.d/70-persistent-cd.rules
remove /var/lib/urandom/random-seed /var/lib/systemd/random-seed
empty /var/lib/dhcp
# Empty, not absent: absent would count as a system that was never set up (W12.2).
: >/etc/machine-id
chmod 444 /etc/machine-id
remove /var/lib/dbus/machine-id

# State of services (W12.6 to W12.9)
empty /var/lib/rabbitmq
remove /var/lib/postgresql/*/*
# Its folders belong to the package, and cluster init asks only that they hold no files.
if [ -d /var/lib/ganeti ]; then
    find /var/lib/ganeti ! -type d -delete
fi
remove /etc/postgresql/*/*/server.key /etc/lvm/archive /etc/lvm/backup /etc/lvm/cache
empty /var/lib/drbd
remove /var/lib/nfs/etab /var/lib/nfs/rmtab /var/lib/nfs/xtab /var/lib/misc/dnsmasq.leases
remove /root/.ssh /root/.bash_history /root/.cache /root/.rnd
# A node's name and addresses come with its seed (W12.10).
remove /etc/hostname /etc/mailname

# What apt and dpkg keep (W12.11)
empty /var/lib/apt/lists /var/cache/apt/archives
mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial
remove /var/cache/apt/*.bin /var/lib/dpkg/*-old /var/cache/debconf/*-old
remove /var/cache/ldconfig/aux-cache

# Accounts: nobody logs in with a password (W12.13)
passwd --quiet --lock root
remove /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow-

# Traces of the bake (W12.12)
find /var/log -type f -delete
: >/var/log/wtmp
: >/var/log/lastlog
chgrp utmp /var/log/wtmp /var/log/lastlog
chmod 664 /var/log/wtmp /var/log/lastlog
empty /var/tmp /tmp
