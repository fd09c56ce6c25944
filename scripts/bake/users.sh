#!/bin/sh
# Makes the system users that must have the same numbers on every node, before any package can take
# one of them (guide G039-G042).
set -eu
while read -r name uid group gid; do
    addgroup --system --gid "$gid" "$group"
    adduser --system --uid "$uid" --gid "$gid" --no-create-home --gecos "$name" "$name"
done </run/bake/input/users.tsv
