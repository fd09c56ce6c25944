#!/bin/sh
# Writes a node's image to the disk of the machine it runs on. Read in this order: report.sh (what it
# says), source.sh (what it reads), share.sh (from whom else), disk.sh (where it writes, and when it
# refuses), state.sh (what it keeps), write.sh (how).
#
# Exit codes: 0 installed; 1 something failed, start over; 2 refused, nothing changed; 3 was
# installed already. GOLDEN_ROOT is for tests: the folder that stands for /.
set -u
here=${0%/*}
root=${GOLDEN_ROOT-}
# OpenSSL 3 would warn that it has no configuration.
export LC_ALL=C OPENSSL_CONF=/dev/null

. "$here/report.sh"
. "$here/source.sh"
. "$here/share.sh"
. "$here/disk.sh"
. "$here/state.sh"
. "$here/write.sh"

work=$root/tmp/installer
rm -rf "$work"
# For root alone: what shares pieces with other machines is not.
(umask 077 && mkdir -p "$work")

read_words
begin source
open_source
begin manifest
read_manifest
choose_node
begin disk
choose_disk
if [ "$reinstall" != yes ] && ! is_among "$wipe" && is_installed; then
    begin installed
    say "done" "$node was installed already"
    exit 3
fi
judge_disk
begin seed
read_seed
begin image
try_image
write_image
begin boot
make_bootable
begin installed
say "done" "$node is on $disk"
