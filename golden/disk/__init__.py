"""From a baked tree to a bootable disk, without root's devices, loop or device mapper.

Read in this order: `layout` (partition table), `filesystem` (ext4 with the tree in it), `times`
(none of them the time of the bake), `grub` (boot loader and menu), `qcow2` (a disk that takes no
more room than it must), `build` (all of them).
"""

from golden.disk.build import Built, build
from golden.disk.grub import boot_files, kernel_options, require_bootable

__all__ = ["Built", "boot_files", "build", "kernel_options", "require_bootable"]
