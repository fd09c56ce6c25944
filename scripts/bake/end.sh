#!/bin/sh
# Last script of every layer that begin.sh began: takes back what that one did.
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
