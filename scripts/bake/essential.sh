#!/bin/sh
# Registers the essential packages, whose files are in the tree already, with dpkg: the second half of
# a bootstrap, as debootstrap and mmdebstrap do it. Their dependencies on each other have no order,
# hence --force-depends; base-passwd and base-files first, for the others' scripts look up users, and
# dpkg next, because wheezy's must be installed before it installs others (docs/wheezy.md W2.2).
set -eu
cd /run/bake/debs
first=
rest=
while read -r name deb; do
    case $name in
    base-passwd | base-files | dpkg) first="$first $deb" ;;
    *) rest="$rest $deb" ;;
    esac
done </run/bake/input/essential.list

# shellcheck disable=SC2086 # words are wanted, and file names of packages hold no spaces
for debs in "$first" "$rest"; do
    dpkg --force-depends --force-confold --install $debs
done
