#!/bin/sh
# Leaves the daemons of the roles installed and disabled: first boot starts each when its turn comes,
# and enables it. First boot itself is enabled.
set -eu
while read -r name; do
    # A script that a role brought is not linked anywhere yet, and only links can be switched off.
    update-rc.d "$name" defaults
    update-rc.d "$name" disable
done </run/bake/input/services.list

update-rc.d firstboot defaults
# Before there is a network, and so not first boot's to start.
if [ -e /etc/init.d/packet-filter ]; then
    update-rc.d packet-filter defaults
fi
