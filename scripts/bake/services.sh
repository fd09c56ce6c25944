#!/bin/sh
# Leaves the daemons of the roles installed and disabled: first boot starts each when its turn comes,
# and enables it. First boot itself is enabled.
set -eu
folders="/etc/init.d $(echo /etc/rc?.d)"

# The folder $1 anew on a tmpfs, as $2, which lists its entries by their names.
sorted() {
    # A tmpfs lists the newest first, or last: that is the kernel's choice.
    for direction in '' -r; do
        rm -rf "$2"
        mkdir -p "$2"
        # shellcheck disable=SC2011,SC2086
        (cd "$1" && ls $direction | xargs -d '\n' cp -a -t "$2")
        # shellcheck disable=SC2012
        if ls -U "$2" | LC_ALL=C sort -c 2>/dev/null; then
            return
        fi
    done
    echo "services.sh: /run is no tmpfs that keeps an order" >&2
    exit 1
}

# insserv numbers scripts that may start together in the order in which it reads their folders, and that
# is the file system's (docs/wheezy.md W11.12): another host would make another image.
show_sorted() {
    for folder in $folders; do
        sorted "$folder" "/run/sorted$folder"
        # -n: mount of wheezy would note it in /etc/mtab.
        mount -n --bind "/run/sorted$folder" "$folder"
    done
}

keep_new() {
    for folder in $folders; do
        umount -n "$folder"
        # A link's name says all of it.
        for link in "$folder"/[SK][0-9]*; do
            [ -L "/run/sorted$link" ] || rm -f "$link"
        done
        for link in "/run/sorted$folder"/[SK][0-9]*; do
            [ ! -L "$link" ] || [ -L "${link#/run/sorted}" ] || cp -a "$link" "$folder/"
        done
    done
    cp /run/sorted/etc/init.d/.depend.* /etc/init.d/
    rm -rf /run/sorted
}

while read -r name; do
    # A script that a role brought is not linked anywhere yet, and only links can be switched off.
    set -- /etc/rc?.d/[SK][0-9][0-9]"$name"
    [ -L "$1" ] || update-rc.d "$name" defaults
    update-rc.d "$name" disable
done </run/bake/input/services.list

# Before there is a network, and so not first boot's to start.
if [ -e /etc/init.d/packet-filter ]; then
    update-rc.d packet-filter defaults
fi

[ ! -x /sbin/insserv ] || show_sorted
update-rc.d golden-state defaults
update-rc.d firstboot defaults
[ ! -x /sbin/insserv ] || keep_new
