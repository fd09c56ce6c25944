#!/bin/sh
# Puts the rendered files into the image, with the owners by name that their roles ask for.
set -eu
umask 022
input=/run/bake/input

# tar would take a number for a name it does not know.
while read -r kind name; do
    if ! getent "$kind" "$name" >/dev/null; then
        echo "a role gives files to '$name', which is not in the image's $kind database" >&2
        exit 1
    fi
done <"$input/owners.tsv"

tar --extract --preserve-permissions --file "$input/rootfs.tar" --directory /

# Which layers and which commit the image is made of.
mkdir -p /etc/golden
cp "$input/release.json" /etc/golden/release.json
chmod 644 /etc/golden/release.json

# Declared directories: tar leaves the mode of one that a package made as it is.
while read -r mode owner group path; do
    mkdir -p "$path"
    chown "$owner:$group" "$path"
    chmod "$mode" "$path"
done <"$input/directories.tsv"
