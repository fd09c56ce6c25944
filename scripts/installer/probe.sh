#!/bin/sh
# Tells what a machine is made of, as JSON, for `inv will-it-boot`. Reads /sys and /proc alone, needs
# no root and no program but cat, dd, sed and tr: any Linux, or the installer's
# initramfs. GOLDEN_ROOT is for tests: the folder that stands for /.
set -u
root=${GOLDEN_ROOT-}

# plain: a line from stdin, without what JSON would have to escape.
plain() {
    tr -cd ' !#-[]-~' | tr -s ' ' | sed 's/^ //; s/ $//'
}

# word FILE: its first line as a JSON string.
word() {
    if [ -r "$1" ]; then
        printf '"%s"' "$(plain <"$1")"
    else
        printf '""'
    fi
}

# serial DISK-FOLDER: its serial number as a JSON string. SATA and SAS disks have it in the SCSI
# page 0x80 alone, behind four bytes of the page's own (Linux: drivers/scsi/scsi_sysfs.c).
serial() {
    for file in "$1/serial" "$1/device/serial"; do
        if [ -r "$file" ]; then
            word "$file"
            return
        fi
    done
    printf '"%s"' "$(dd if="$1/device/vpd_pg80" bs=4 skip=1 2>/dev/null | plain)"
}

# next_entry: a comma before all entries of a list but the first.
next_entry() {
    printf '%s\n' "$separator"
    separator=,
}

memory_kib() {
    while read -r key value _; do
        [ "$key" != MemTotal: ] || printf '%s' "$value"
    done <"$root/proc/meminfo"
}

pci() {
    separator=''
    for place in "$root"/sys/bus/pci/devices/*; do
        [ -r "$place/modalias" ] || continue
        next_entry
        printf '  {"slot": "%s", "modalias": %s}' "${place##*/}" "$(word "$place/modalias")"
    done
}

# first_of FILE...: the first that can be read, else the last.
first_of() {
    for file; do
        [ ! -r "$file" ] || break
    done
    printf '%s' "$file"
}

disks() {
    separator=''
    for place in "$root"/sys/block/*; do
        name=${place##*/}
        case $name in
        '*' | loop* | ram* | sr* | fd* | dm-* | md* | zram* | nbd* | drbd*) continue ;;
        esac
        # One way to a disk that has several is no disk of its own.
        [ "$(word "$place/hidden")" != '"1"' ] || continue
        next_entry
        printf '  {"name": "%s", "bytes": %s, "serial": %s, "wwn": %s, "model": %s}' "$name" \
            "$(($(cat "$place/size") * 512))" \
            "$(serial "$place")" \
            "$(word "$(first_of "$place/wwid" "$place/device/wwid")")" \
            "$(word "$place/device/model")"
    done
}

nics() {
    separator=''
    for place in "$root"/sys/class/net/*; do
        # Only cards have a device: no loopback, bridge or tunnel.
        [ -e "$place/device" ] || continue
        next_entry
        printf '  {"name": "%s", "mac": %s}' "${place##*/}" "$(word "$place/address")"
    done
}

firmware=bios
[ ! -d "$root/sys/firmware/efi" ] || firmware=uefi
printf '{"golden-probe": 1, "firmware": "%s", "memory_kib": %s,\n' "$firmware" "$(memory_kib)"
printf ' "machine": %s,\n' "$(word "$root/sys/class/dmi/id/product_name")"
printf ' "pci": [%s\n ],\n "disks": [%s\n ],\n "nics": [%s\n ]}\n' "$(pci)" "$(disks)" "$(nics)"
