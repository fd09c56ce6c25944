#!/bin/sh
# vzctl, which snf-network needs for containers that are not used here, brings a daemon that wants the
# kernel of OpenVZ and complains at every start.
set -eu
for script in vz vzeventd; do
    if [ -e "/etc/init.d/$script" ]; then
        update-rc.d "$script" disable
    fi
done
