#!/bin/sh
# Where the package has an init script, it must not start at boot: there is no application yet
# (G089, G132). Elsewhere the script comes with the rendered configuration and is not linked anywhere.
set -eu
if [ -e /etc/init.d/gunicorn ]; then
    update-rc.d gunicorn disable
fi
