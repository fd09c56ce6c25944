#!/bin/sh
# Last script of every layer that begin.sh began: takes back what that one did, and what makes one
# bake of the layer differ from another.
set -eu
rm /usr/sbin/update-initramfs
dpkg-divert --quiet --local --rename --remove /usr/sbin/update-initramfs

wanted=/var/lib/bake-initramfs-wanted
if [ -e "$wanted" ]; then
    rm "$wanted"
    # The kernel always asks, and layer "initramfs" answers. When a package of a later layer asks, it
    # has something to add, and that layer gets an initramfs of its own.
    if [ -e /run/bake/input/own-initramfs ]; then
        while read -r script _; do
            sh -x "/run/bake/scripts/$script"
        done </run/bake/input/own-initramfs
    fi
fi

rm /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d/zz-bake

# Each user's line has the day on which it was made; here it is that of the newest package, as the time
# of every file is (golden/bake/epoch.py).
read -r day </run/bake/input/day
for file in /etc/shadow /etc/shadow-; do
    if [ -e "$file" ]; then
        sed -i "s/^\([^:]*:[^:]*:\)[0-9]*:/\1$day:/" "$file"
    fi
done
# What programs noted about the bake. The linker's holds inodes and times of this host.
find /var/log -type f -delete
rm -f /var/cache/ldconfig/aux-cache
# Keys that packages made for one machine: first boot makes each node its own. A layer above could only
# hide them.
rm -f /etc/ssh/ssh_host_* /var/lib/rabbitmq/.erlang.cookie
rm -f /etc/ssl/certs/ssl-cert-snakeoil.pem /etc/ssl/private/ssl-cert-snakeoil.key
