# shellcheck shell=sh disable=SC2034,SC2154 # names are shared with the other parts
# Writes the image so that the disk starts nothing until all of it is there. Sourced by install.sh.
#
# The order, with a flush after each: our mark "unfinished"; zeros over boot sector, superblock and
# boot loader; all pieces but the first MiB and the superblock's block; the seed; everything read back
# and compared; boot loader, mark "finished" and boot sector; last, and in one sector, the beginning
# of the superblock, without which neither GRUB nor the kernel finds a root file system by its label.

PIECE_MIB=16
HEAD_SECTORS=2048
# The superblock lies 1024 bytes into the partition; this is the file system's first block.
SUPERBLOCK=4096
MOST_SECTORS=4294967295 # what a partition table of this kind can count
PERCENT=-1

# put FILE OFFSET SKIP COUNT BLOCK: blocks of FILE to the disk, flushed.
put() {
    dd if="$1" of="$device" bs="$5" seek="$2" skip="$3" count="$4" conv=notrunc,fsync 2>"$work/dd" ||
        fail "writing to $disk: $(last_of "$work/dd")"
}

# zero OFFSET COUNT BLOCK: blocks of zeros on the disk, flushed.
zero() {
    put /dev/zero "$1" 0 "$2" "$3"
}

# make_mark STATE FILE: one sector, which a disk writes whole or not at all.
make_mark() {
    places=''
    [ "$state_count" -eq 0 ] || places=" $rest_start $state_start $state_count"
    printf '%s %s %s %s %s %s%s\n' "$MARK" "$1" "$site" "$node" "$image_sum" "$seed_sum" "$places" >"$2" &&
        truncate -s 512 "$2"
}

# same FILE OFFSET BYTES: whether the disk has there what FILE has from its beginning on.
same() {
    cmp -s -n "$3" -i "0:$2" "$1" "$device"
}

# reread: forget what the kernel remembers of the disk, so that reading means the disk itself.
reread() {
    sync
    blockdev --flushbufs "$device" || fail "the cache of $disk cannot be emptied"
}

# le32 NUMBER: four bytes, the lowest first.
le32() {
    rest=$1
    for _ in 1 2 3 4; do
        # shellcheck disable=SC2059 # an escape made here
        printf "\\$(printf %03o $((rest & 255)))"
        rest=$((rest >> 8))
    done
}

# entry ACTIVE TYPE START COUNT: an entry of the partition table, by sectors alone (no cylinders).
entry() {
    # shellcheck disable=SC2059 # escapes made here
    printf "\\$1\\376\\377\\377\\$2\\376\\377\\377"
    le32 "$3"
    le32 "$4"
}

# lay_out: where the partitions begin and end, in sectors.
lay_out() {
    total=$(sectors "$disk")
    [ "$total" -le $MOST_SECTORS ] || total=$MOST_SECTORS
    end=$((total / 2048 * 2048))
    state_start=0 state_count=$((state_bytes / 512))
    if [ "$state_count" -gt 0 ]; then
        # Not behind the system, which may be of another size next time; nor in the last MiB, see unmake.
        end=$((end - 2048 - state_count))
        state_start=$end
    fi
    seed_count=$((SEED_MIB * MIB / 512))
    if [ "$root_bytes" -eq 0 ]; then
        root_count=$((end - HEAD_SECTORS - seed_count))
    else
        root_count=$((root_bytes / 512))
    fi
    seed_start=$((HEAD_SECTORS + root_count))
    rest_start=$((seed_start + seed_count))
    rest_count=$((end - rest_start))
}

# take_head: the image's first piece as $first, with this disk's partition table and mark in it.
take_head() {
    first=$work/first
    unpack 0 "$first"
    partition_table >"$work/table"
    make_mark finished "$work/mark"
    {
        truncate -s 64 "$work/table" && # entries of zeros are unused
            dd if="$work/table" of="$first" bs=1 seek=446 count=64 conv=notrunc &&
            dd if="$work/mark" of="$first" bs=512 seek="$MARK_SECTOR" count=1 conv=notrunc &&
            [ "$(wc -c <"$work/table") $(wc -c <"$work/mark")" = "64 512" ]
    } 2>"$work/dd" || fail "the disk's beginning cannot be made: $(last_of "$work/dd")"
}

# partition_table: its four entries.
partition_table() {
    entry 200 203 "$HEAD_SECTORS" "$root_count" # 80: active, 83: Linux
    entry 000 332 "$seed_start" "$seed_count" # da: no file system that a BIOS knows
    if [ "$rest_count" -gt 0 ]; then
        entry 000 216 "$rest_start" "$rest_count" # 8e: LVM
    else
        head -c 16 /dev/zero
    fi
    if [ "$state_count" -gt 0 ]; then
        entry 000 203 "$state_start" "$state_count"
    fi
}

# take NUMBER: a piece as $packed, shared or fetched, proven to be the one of the manifest.
take() {
    # shellcheck disable=SC2046 # the words of one line
    set -- "$1" $(awk -v number="$1" '$3 == number' "$work/pieces")
    [ $# -eq 8 ] || refuse "the manifest lacks the first piece of the image of $kind"
    piece_sum=$6
    name=$(printf '%s/%05d.gz' "$kind" "$1")
    packed=$shared/$name
    [ -n "$shared" ] && is_file_of "$packed" "$8" && return
    packed=$work/packed
    fetch "$name" "$packed" || fail "$name cannot be had from $source"
    is_file_of "$packed" "$8"
}

# is_file_of FILE SUM: whether it is there and has that SHA-256.
is_file_of() {
    [ -e "$1" ] && [ "$(sum "$1")" = "$2" ]
}

# unpack NUMBER FILE: a piece as FILE, proven packed and unpacked.
unpack() {
    take "$1" || fail "$name is not what the manifest names (SHA-256)"
    gzip -dc "$packed" >"$2" || fail "$name cannot be unpacked"
    [ "$(sum "$2")" = "$piece_sum" ] || fail "$name is not what the manifest names, unpacked (SHA-256)"
}

# try_piece: for each_piece.
try_piece() {
    ! has_piece "$1" || take "$1" || refuse "$name is not what the manifest names (SHA-256)"
}

# has_piece NUMBER: whether a piece is more than zeros.
has_piece() {
    grep -q "^piece $kind $1 " "$work/pieces"
}

# progress WHAT DONE OF: tell every tenth part.
progress() {
    tenth=$(($2 * 10 / $3))
    if [ "$tenth" -ne "$PERCENT" ]; then
        PERCENT=$tenth
        say running "$1 ${tenth}0 % of $((image_bytes / MIB)) MiB"
    fi
}

# unmake: from here on the disk starts nothing.
unmake() {
    make_mark unfinished "$work/mark" || fail "no memory is left"
    put "$work/mark" "$MARK_SECTOR" 0 1 512
    zero 0 1 512
    zero 256 1 "$SUPERBLOCK" # at 1 MiB
    zero 1 $((MARK_SECTOR - 1)) 512
    # What lies in the last MiB would be a table's or a RAID's second copy.
    zero $(($(sectors "$disk") - 2048)) 2048 512
}

# each_piece COMMAND WORDS: COMMAND NUMBER OFFSET-MIB COUNT-MIB for all pieces but the first.
each_piece() {
    pieces=$(((image_bytes / MIB + PIECE_MIB - 1) / PIECE_MIB))
    piece=1
    PERCENT=-1
    while [ "$piece" -lt "$pieces" ]; do
        at=$((piece * PIECE_MIB))
        left=$((image_bytes / MIB - at))
        [ "$left" -le "$PIECE_MIB" ] || left=$PIECE_MIB
        "$1" "$piece" "$at" "$left"
        piece=$((piece + 1))
        progress "$2" "$piece" "$pieces"
    done
}

write_piece() {
    if has_piece "$1"; then
        unpack "$1" "$work/piece"
        put "$work/piece" "$2" 0 "$3" "$MIB"
    elif ! same /dev/zero $(($2 * MIB)) $(($3 * MIB)); then
        # Zeros that are there already need no writing: kinder to solid-state and virtual disks.
        zero "$2" "$3" "$MIB"
    fi
}

check_piece() {
    if has_piece "$1"; then
        wanted=$(awk -v number="$1" '$3 == number { print $5 }' "$work/pieces")
        dd if="$device" bs="$MIB" skip="$2" count="$3" 2>/dev/null >"$work/piece"
        [ "$(sum "$work/piece")" = "$wanted" ] || broken "piece $1"
    else
        same /dev/zero $(($2 * MIB)) $(($3 * MIB)) || broken "piece $1"
    fi
}

# broken WHAT: the disk does not keep what it is given.
broken() {
    fail "$1, read back from $disk, is not what was written: the disk is broken, or larger on paper"
}

# try_image: prove all of it before the first byte of the disk is changed.
try_image() {
    try_pieces
    take_head
}

try_pieces() {
    line piece "$kind" >"$work/pieces"
    share
    try_piece 0
    each_piece try_piece checked
}

# write_image: everything but what makes the disk start.
write_image() {
    unmake
    first_bytes=$(wc -c <"$first")
    put "$first" $((HEAD_SECTORS / 8 + 1)) $((HEAD_SECTORS / 8 + 1)) \
        $(((first_bytes - MIB) / SUPERBLOCK - 1)) "$SUPERBLOCK"
    each_piece write_piece written
    write_seed
    reread
    each_piece check_piece "read back"
    cmp -s -n $((first_bytes - MIB - SUPERBLOCK)) -i $((MIB + SUPERBLOCK)) "$first" "$device" ||
        broken "piece 0"
    same "$work/seed.part" $((seed_start * 512)) $((SEED_MIB * MIB)) || broken "the seed"
}

# write_seed: the seed's partition, and no old beginnings of those behind it, unless they stay.
write_seed() {
    cat "$seed" >"$work/seed.part"
    truncate -s $((SEED_MIB * MIB)) "$work/seed.part"
    put "$work/seed.part" $((seed_start / 2048)) 0 "$SEED_MIB" "$MIB"
    [ "$state" != kept ] || return 0
    [ "$rest_count" -eq 0 ] || zero $((rest_start / 2048)) 1 "$MIB"
    [ "$state_count" -eq 0 ] || zero $((state_start / 2048)) 1 "$MIB"
}

# make_bootable: the few writes after which the disk starts.
make_bootable() {
    put "$first" 1 1 $((HEAD_SECTORS - 1)) 512
    reread
    cmp -s -n $((MIB - 512)) -i 512 "$first" "$device" || broken "the boot loader"
    put "$first" 0 0 1 512
    # The block's other sectors first: the one with magic number and label is the third.
    put "$first" $((HEAD_SECTORS + 3)) $((HEAD_SECTORS + 3)) 5 512
    put "$first" "$HEAD_SECTORS" "$HEAD_SECTORS" 2 512
    put "$first" $((HEAD_SECTORS + 2)) $((HEAD_SECTORS + 2)) 1 512
    reread
    same "$first" 0 $((MIB + SUPERBLOCK)) || broken "the beginning of the disk"
}
