#!/bin/sh
# Installs a layer's packages from the cache with dpkg, in the order that apt planned on the host
# (golden/packages/resolve.py). So neither a network nor an index is needed in the image.
set -eu
input=/run/bake/input

cd /run/bake/debs
while read -r action words; do
    # shellcheck disable=SC2086 # words are wanted
    dpkg --no-triggers --force-confold "--$action" $words
done <"$input/packages.steps"
# Triggers, such as the linker's cache, once for all.
dpkg --force-confold --configure --pending

# What is only there because something else needs it may go with it: apt-mark(8).
cat "$input/packages.auto" >>/var/lib/apt/extended_states
