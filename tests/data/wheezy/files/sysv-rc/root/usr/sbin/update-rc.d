#!/bin/sh
# Notes what is asked of it, and is strict about scripts that do not exist.
set -eu
[ -e "/etc/init.d/$1" ] || { echo "update-rc.d: /etc/init.d/$1 does not exist" >&2; exit 1; }
echo "$1 $2" >>/usr/lib/update-rc.d.calls
