#!/bin/sh
# The package's init script tries once at boot and starts nothing where its storage is not mounted yet;
# archipelago-boot, which first boot enables, calls it when its time has come.
set -eu
update-rc.d archipelago disable
