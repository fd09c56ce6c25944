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

# A helper whose kernel only says on the second serial port that all went well, which is what
# snf-image waits for (common.sh, check_helper_result), and switches the machine off: so one without a helper
# or without KVM fails as with upstream's, which is a Debian, built in minutes.
tiny() {
    {
        # Multiboot 1: magic, flags (the addresses are here), checksum; load address, entry.
        printf '\002\260\255\033\000\000\001\000\376\117\121\344\000\000\020\000'
        printf '\000\000\020\000\000\000\000\000\000\000\000\000\040\000\020\000'
        # 32-bit code: each character of the text to port 0x2f8, when bit 5 of 0x2fd tells that it is
        # free; then 0x2000 to port 0x604, QEMU's power switch (ACPI, PM1a_CNT).
        printf '\276\113\000\020\000\254\204\300\164\024\210\304\146\272\375\002\354\250\040\164\373\146'
        printf '\272\370\002\210\340\356\353\347\146\272\004\006\146\270\000\040\146\357\364\353\363'
        printf 'SUCCESS\r\n\000'
    } >"$helper/kernel"
    echo nothing >"$helper/initrd"
    truncate --size 1M "$helper/image"
    echo "$wanted" >"$helper/version"
}

wanted=$(sed -n 's/^SNF_IMAGE_VERSION="\(.*\)"$/\1/p' "$common")
mkdir -p "$helper"
if [ -n "$file" ]; then
    tar --extract --no-same-owner --file "/run/bake/pool/$file" --directory "$helper"
elif [ "$source" = tiny ]; then
    tiny
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
found=$(cat "$helper/version")
if [ "$wanted" != "$found" ]; then
    echo "snf_image_helper_url: the helper is of version $found, and snf-image of $wanted" >&2
    exit 1
fi

# What debconf would write into /etc/default/snf-image-update-helper is the same place.
case $source in
*://*) echo "snf-image snf-image/dlurl string ${source%/*}" | debconf-set-selections ;;
esac
