#!/bin/sh
# Makes the system users that must have the same numbers on every node, before any package can take
# one of them (guide G039-G042). With useradd, because adduser is not there yet; -M makes no home.
# Shell and home are those of a system user of today's adduser, also on wheezy, whose own gives /bin/false
# and /home/NAME (docs/wheezy.md W13.21): its adduser leaves a user alone who is there.
set -eu
while read -r name uid group gid; do
    groupadd -r -g "$gid" "$group"
    useradd -r -M -u "$uid" -g "$gid" -d /nonexistent -s /usr/sbin/nologin -c "$name" "$name"
done </run/bake/input/users.tsv
