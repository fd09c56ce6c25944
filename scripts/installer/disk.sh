# shellcheck shell=sh disable=SC2034,SC2154 # names are shared with the other parts
# Which disk is written, and whether it may be. Sourced by install.sh. A disk is called by its
# kernel's name, such as sda.

MIB=1048576
# The seed's partition, a whole number of MiB so that what follows is aligned.
SEED_MIB=4
# A sector of ours in the gap between boot loader and root partition: what this disk is for.
MARK_SECTOR=2047
MARK=golden-disk

# disks: every disk that could be written.
disks() {
    for place in "$root"/sys/block/*; do
        name=${place##*/}
        case $name in
        '*' | loop* | ram* | sr* | fd* | dm-* | md* | zram* | nbd* | drbd* | mtdblock*) continue ;;
        esac
        [ "$name" = "$stick_disk" ] || [ "$(told "$name" hidden)" = 1 ] ||
            [ "$(sectors "$name")" -eq 0 ] || echo "$name"
    done
}

# told DISK FILE: what the kernel tells of the disk there, if it does. `hidden` (Linux:
# Documentation/ABI/stable/sysfs-block) is one way to an NVMe disk, which bears its names, too.
told() {
    if [ -r "$root/sys/block/$1/$2" ]; then
        cat "$root/sys/block/$1/$2"
    fi
}

# node_of NAME: the device node of a disk or partition. A / in it is a ! in sysfs, as in cciss!c0d0
# (Linux: drivers/base/core.c, device_get_devnode).
node_of() {
    echo "/dev/$1" | tr '!' /
}

# sectors DISK: its size in units of 512 bytes (Linux: Documentation/ABI/stable/sysfs-block).
sectors() {
    cat "$root/sys/block/$1/size"
}

# names_of DISK KIND: its serial numbers or world wide names, one per line.
names_of() {
    case $2 in
    serial) keys='ID_SERIAL_SHORT|ID_SERIAL|ID_SCSI_SERIAL' files='serial device/serial' ;;
    wwn) keys='ID_WWN|ID_WWN_WITH_EXTENSION' files='wwid device/wwid' ;;
    esac
    if command -v udevadm >/dev/null; then
        udevadm info --query=property --name="$(node_of "$1")" 2>/dev/null |
            sed -n -E "s/^($keys)=(.*)/\\2/p"
    fi
    for file in $files; do
        if [ -r "$root/sys/block/$1/$file" ]; then
            tr -d ' ' <"$root/sys/block/$1/$file"
            echo
        fi
    done
}

# is_called DISK KIND NAME: whether that is one of its serial numbers or world wide names.
is_called() {
    if [ "$2" = wwn ]; then
        names_of "$1" wwn | plain_wwn | grep -q -x -F -e "$(echo "$3" | plain_wwn)"
    else
        names_of "$1" serial | plain_serial | grep -q -x -F -e "$(echo "$3" | plain_serial)"
    fi
}

# plain_wwn: world wide names without the prefixes that differ between kernels.
plain_wwn() {
    tr 'A-F' 'a-f' | sed -E 's/^(0x|naa\.|eui\.|nvme\.)//'
}

# plain_serial: serial numbers without the padding of kernels and the underscores of udev.
plain_serial() {
    tr -d ' _'
}

# fits DISK: whether it is one that the site's file means.
fits() {
    case $rule in
    serial | wwn) is_called "$1" "$rule" "$rule_value" ;;
    size)
        bytes=$(($(sectors "$1") * 512))
        least=${rule_value%-*} most=${rule_value#*-}
        [ "$bytes" -ge "$least" ] && { [ "$most" -eq 0 ] || [ "$bytes" -le "$most" ]; }
        ;;
    *) refuse "the manifest chooses the disk by '$rule', which this installer does not know" ;;
    esac
}

# describe DISK: one line about it for a person.
describe() {
    serials=$(names_of "$1" serial | head -n 1)
    holds=$(contents "$1" | tr '\n' ',' | sed 's/,$//; s/,/, /g')
    echo "$1: $(($(sectors "$1") / 2048)) MiB, serial ${serials:-none}, holds ${holds:-nothing known}"
}

# parts DISK: the disk itself and its partitions.
parts() {
    echo "$1"
    for place in "$root/sys/block/$1/$1"*; do
        [ ! -e "$place" ] || echo "${place##*/}"
    done
}

# contents DISK: what lies on it and on its partitions, one "NAME TYPE" per line.
contents() {
    for part in $(parts "$1"); do
        # -p: look at the disk, not into a cache. 2 means that it knows nothing that begins like this.
        found=$(blkid -p -o export "$root$(node_of "$part")" 2>/dev/null)
        code=$?
        kinds=$(echo "$found" | sed -n -E 's/^(TYPE|PTTYPE)=(.*)/\2/p')
        for found_kind in $kinds; do
            echo "$part $found_kind"
        done
        [ "$code" -ne 8 ] || echo "$part ambivalent"
    done
}

# choose_disk: $disk is the one disk that the site's file means.
choose_disk() {
    chosen='' all=''
    for name in $(disks); do
        all="$all; $(describe "$name")"
        ! fits "$name" || chosen="$chosen $name"
    done
    # shellcheck disable=SC2086 # the words are the disks
    set -- $chosen
    wanted="a disk of $rule $rule_value"
    case $# in
    1) disk=$1 ;;
    0) refuse "$wanted is not here${all:-; there is no disk at all}" ;;
    *) refuse "$wanted is ambiguous, it fits $*; choose by serial or wwn$all" ;;
    esac
    device=$root$(node_of "$disk")
    say running "chosen: $(describe "$disk")"
}

# judge_disk: refuse the disk unless it may be overwritten. Sets $mark_state, and changes nothing.
judge_disk() {
    [ "$(told "$disk" ro)" = 0 ] || refuse "$disk is write-protected"
    check_sectors
    check_size
    lay_out
    read_mark
    judge_state
    check_use
    is_among "$force" && return
    check_members
    if [ -z "$mark_state" ]; then
        check_empty
        return
    fi
    check_ours
    # Without the superblock, which is written last, the power failed right before the end.
    [ "$mark_state" = unfinished ] || ! has_root || [ "$reinstall" = yes ] ||
        refuse "$disk holds the finished image of $mark_node of the site $mark_site; to overwrite it, \
$(how_to golden.reinstall=yes --reinstall)"
}

# how_to WORD OPTION: how a person tells it to the installer.
how_to() {
    case $source in
    http*) echo "say ./inv boot --target metal $2, and switch it off and on" ;;
    *) echo "add $1 to the kernel's command line" ;;
    esac
}

# name_of_disk: how a person names it on the command line.
name_of_disk() {
    serials=$(names_of "$disk" serial | head -n 1)
    echo "${serials:-$disk}"
}

# how_to_force: what to do about a disk that is not empty.
how_to_force() {
    forced=$(name_of_disk)
    echo "if nothing on it is needed, $(how_to "golden.force=$forced" "--force $forced")"
}

# is_among NAMES: whether the disk is one of those of golden.force or golden.wipe, joined by commas.
is_among() {
    for name in $(echo "$1" | tr , ' '); do
        [ "$name" = "$disk" ] || is_called "$disk" serial "$name" || is_called "$disk" wwn "$name" ||
            continue
        return 0
    done
    return 1
}

# check_sectors: a BIOS, our boot loader and partition table count in sectors of 512 bytes.
check_sectors() {
    bytes=$(told "$disk" queue/logical_block_size)
    [ "${bytes:-512}" -eq 512 ] || refuse "$disk has sectors of $bytes bytes, and nothing starts from \
it by BIOS; format it to sectors of 512 bytes, if it can, or name another disk in the site's file"
}

check_size() {
    needed=$((image_bytes / MIB + SEED_MIB))
    if [ "$root_bytes" -ne 0 ]; then
        [ "$root_bytes" -ge $((image_bytes - MIB)) ] || refuse "the site's file gives $node a root \
partition of $((root_bytes / MIB)) MiB, and the image has $((image_bytes / MIB)) MiB"
        needed=$((root_bytes / MIB + 1 + SEED_MIB))
    fi
    # What every install zeroes at the end of the disk is not of the state.
    [ "$state_bytes" -eq 0 ] || needed=$((needed + state_bytes / MIB + 1))
    [ $(($(sectors "$disk") / 2048)) -ge "$needed" ] ||
        refuse "$disk is too small: it has $(($(sectors "$disk") / 2048)) MiB, $needed MiB are needed"
}

# check_use: something holds, mounts or swaps to it. No word on the command line helps here.
check_use() {
    for part in $(parts "$disk"); do
        for holder in "$root/sys/block/$disk/holders"/* "$root/sys/block/$disk/$part/holders"/*; do
            [ ! -e "$holder" ] || is_untouched "$part" ||
                refuse "$disk is in use: ${holder##*/} is made of $part"
        done
        if cat "$root/proc/mounts" "$root/proc/swaps" | cut -d' ' -f1 | grep -q -x "$(node_of "$part")"; then
            refuse "$disk is in use: $part is mounted"
        fi
    done
}

# check_members: parts of something bigger, whose other parts may be elsewhere.
check_members() {
    members=$(other_contents | grep -E '_member$| (LVM|drbd|bcache|crypto_LUKS|ceph)' | head -n 1)
    [ -z "$members" ] || refuse "$disk is part of LVM, RAID, ZFS or the like ($members); $(how_to_force)"
}

# check_empty: no table, no file system, and nothing but zeros in the first MiB.
check_empty() {
    found=$(contents "$disk" | tr '\n' ',' | sed 's/,$//; s/,/, /g')
    [ -z "$found" ] || refuse "$disk is not empty, it holds $found; $(how_to_force)"
    dd if="$device" bs=$MIB count=1 2>/dev/null | cmp -s -n "$MIB" - /dev/zero ||
        refuse "$disk is not empty, there is something unknown at its beginning; $(how_to_force)"
}

# check_ours: the mark may have outlived our image, as nobody else writes there.
check_ours() {
    others=$(other_contents |
        grep -v -x -E "$disk dos|${disk}p?1 ext4|${disk}p?2 iso9660" | tr '\n' ' ')
    [ -z "$others" ] || refuse "$disk held an image of ours, and now $others; $(how_to_force)"
    ! contents "$disk" | grep -q -x -E "${disk}p?1 ext4" || has_root ||
        refuse "$disk held an image of ours, and now another root file system; $(how_to_force)"
}

# read_mark: what our own sector on the disk says.
read_mark() {
    mark_state='' mark_site='' mark_node='' mark_rest_start=0 mark_state_start=0 mark_state_count=0
    # shellcheck disable=SC2046 # the words of the mark
    set -- $(dd if="$device" bs=512 skip=$MARK_SECTOR count=1 2>/dev/null | tr -cd 'A-Za-z0-9 ._-')
    if [ "${1-}" = "$MARK" ] && [ $# -ge 6 ]; then
        mark_state=$2 mark_site=$3 mark_node=$4
        [ $# -ne 9 ] || mark_rest_start=$7 mark_state_start=$8 mark_state_count=$9
    fi
}

# is_installed: whether the disk already boots an image of ours for this very node.
is_installed() {
    read_mark
    [ "$mark_state $mark_site $mark_node" = "finished $site $node" ] && has_root
}

# has_root: whether our root file system can be found: ext4's magic number and its label (Linux:
# Documentation/filesystems/ext4/super.rst).
has_root() {
    has_label "$MIB" golden-root
}

# has_label OFFSET LABEL: whether an ext file system of that label begins there.
has_label() {
    [ "$(od -A n -t x1 -j $(($1 + 1080)) -N 2 "$device" | tr -d ' ')" = 53ef ] &&
        [ "$(dd if="$device" bs=1 skip=$(($1 + 1144)) count=${#2} 2>/dev/null)" = "$2" ]
}
