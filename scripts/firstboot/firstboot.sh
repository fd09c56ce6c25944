#!/bin/sh
# /usr/sbin/firstboot: the interpreter differs between releases, so image.json names it.
set -eu
python=$(sed -n 's/.*"python": *"\([^"]*\)".*/\1/p' /etc/golden/image.json)
if [ -z "$python" ]; then
	echo 'firstboot: /etc/golden/image.json names no "python"' >&2
	exit 1
fi
exec "$python" /usr/lib/firstboot/firstboot.py "$@"
