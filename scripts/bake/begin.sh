#!/bin/sh
# First script of every layer that installs packages: no service starts, nothing waits for the disk,
# and no initramfs is made for each package that asks for one. end.sh takes all of it back.
set -eu

# invoke-rc.d(8) asks this program; 101 forbids (docs/wheezy.md W11.4).
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d

echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/zz-bake

# Made once for all layers (initramfs.sh), it takes 20 seconds; packages ask for it two or three times.
dpkg-divert --quiet --local --rename --divert /usr/sbin/update-initramfs.real \
    --add /usr/sbin/update-initramfs
printf '#!/bin/sh\ntouch /var/lib/bake-initramfs-wanted\n' >/usr/sbin/update-initramfs
chmod 755 /usr/sbin/update-initramfs
