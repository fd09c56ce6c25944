#!/bin/sh
# Makes the one initramfs of the image, while other layers install packages beside it. zstd at its
# fastest takes half of gzip's time, and the kernel unpacks it sooner; where there is no zstd,
# mkinitramfs falls back to gzip by itself.
set -eu
mkdir -p /etc/initramfs-tools/conf.d
cat >/etc/initramfs-tools/conf.d/compression <<'CONF'
# Written by scripts/bake/initramfs.sh.
COMPRESS=zstd
COMPRESSLEVEL=1
CONF
if ! command -v zstd; then
    rm /etc/initramfs-tools/conf.d/compression
fi
# Kernel by kernel, as "all" means to wheezy's those that have an initramfs already: here that is none.
# -t makes one anew where there is one. No time of this bake in the archive: two bakes of the same are
# the same (mkinitramfs(8) of 0.131 and later; wheezy's knows nothing of it).
for image in /boot/vmlinuz-*; do
    SOURCE_DATE_EPOCH=0 update-initramfs -c -t -k "${image#/boot/vmlinuz-}"
done
