#!/bin/sh
# Builds blktap's module for the kernels of the image; DKMS by itself builds for the one that runs,
# which is the baking host's (guide G051, docs/wheezy.md W13.15, W13.16).
set -eu
if ! command -v dkms >/dev/null; then
    # A blktap-dkms without DKMS behind it: the kernels of this release have no such module, and
    # archipelago.conf does not ask for it.
    echo "no DKMS here, so there is no module to build"
    exit 0
fi
for modules in /lib/modules/*; do
    kernel=${modules##*/}
    dkms autoinstall -k "$kernel"
    # Its exit status says nothing about single modules.
    find "$modules/updates" -name blktap.ko | grep -q . || {
        echo "DKMS made no blktap.ko for kernel $kernel" >&2
        exit 1
    }
done
