#!/bin/sh
# Last script of every layer that begin.sh began: takes back what that one did.
set -eu
rm /usr/sbin/update-initramfs
dpkg-divert --quiet --local --rename --remove /usr/sbin/update-initramfs

wanted=/var/lib/bake-initramfs-wanted
if [ -e "$wanted" ]; then
    rm "$wanted"
    # In the base every kernel asks, and layer "initramfs" answers. When a package of one kind of node
    # asks, it has something to add to the initramfs, and that kind gets its own.
    if [ -e /run/bake/input/own-initramfs ]; then
        update-initramfs -c -k all
    fi
fi

rm /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d/zz-bake
