#!/bin/sh
# Ganeti configures DRBD itself; DRBD's own init script would wait for resources that are not in its
# files, and take down Ganeti's.
set -eu
update-rc.d drbd disable
