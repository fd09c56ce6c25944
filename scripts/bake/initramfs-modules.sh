#!/bin/sh
# Names the disk and network drivers that an initramfs must have, so that one image starts as a
# virtual machine of any make and on ordinary machines. MODULES=most, the default, has nearly all of
# them; virtio_scsi is missing in wheezy's, and a driver named here is missed aloud. Runs right
# before initramfs.sh.
set -eu
cat >> /etc/initramfs-tools/modules << 'MODULES'
# Written by scripts/bake/initramfs-modules.sh.
virtio_pci
virtio_blk
virtio_scsi
virtio_net
ahci
ata_piix
sd_mod
MODULES
