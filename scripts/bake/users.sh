#!/bin/sh
# Makes the system users that must have the same numbers on every node, before any package can take
# one of them (guide G039-G042). With useradd: wheezy's debootstrap --variant=minbase brings passwd, and
# no adduser. The same shell and home as adduser(8) gives a system user; -M makes no home.
set -eu
while read -r name uid group gid; do
    groupadd -r -g "$gid" "$group"
    useradd -r -M -u "$uid" -g "$gid" -d /nonexistent -s /usr/sbin/nologin -c "$name" "$name"
done </run/bake/input/users.tsv
