#!/bin/sh
# Makes the tree a machine in which layers are made, where the host cannot run a release's programs
# (golden/bake/machine.py). It lives for minutes, and only the bake can reach it.
set -eu
tar --extract --file /run/bake/input/boot.tar --directory /
ssh-keygen -A
mkdir -m 700 /root/.ssh
cp /run/bake/input/authorized_keys /root/.ssh/authorized_keys
cat >/etc/network/interfaces <<'END'
auto lo eth0
iface lo inet loopback
iface eth0 inet static
    address 10.0.2.15/24
END
