#!/bin/sh
# Puts snf-image's helper into the image: kernel, initrd and disk of the machine in which each new disk is
# worked on. Without it every machine that is asked for fails ("Customization VM died unexpectedly"), so
# a bake that would lack it ends here (guide G177). snf-image-update-helper does the same over the network.
set -eu
helper=/var/lib/snf-image/helper
common=/usr/share/ganeti/os/snf-image/common.sh
line=$(grep '^snf-image-helper.tar.xz' /run/bake/input/downloads.tsv)
source=$(echo "$line" | cut -f 2)
file=$(echo "$line" | cut -f 3)

mkdir -p "$helper"
if [ -n "$file" ]; then
    tar --extract --no-same-owner --file "/run/bake/pool/$file" --directory "$helper"
elif [ "$source" = tiny ]; then
    # Of the stand-in; upstream's program of this name builds a Debian.
    snf-image-create-helper
else
    echo "snf_image_helper_url: '$source' is neither an URL, nor a path, nor tiny" >&2
    exit 1
fi

for name in kernel initrd image version; do
    if [ ! -s "$helper/$name" ]; then
        echo "snf_image_helper_url: what $source holds has no '$name'" >&2
        exit 1
    fi
done
wanted=$(sed -n 's/^SNF_IMAGE_VERSION="\(.*\)"$/\1/p' "$common")
found=$(cat "$helper/version")
if [ "$wanted" != "$found" ]; then
    echo "snf_image_helper_url: the helper is of version $found, and snf-image of $wanted" >&2
    exit 1
fi

# What debconf would write into /etc/default/snf-image-update-helper is the same place.
case $source in
*://*) echo "snf-image snf-image/dlurl string ${source%/*}" | debconf-set-selections ;;
esac
