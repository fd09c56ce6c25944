# shellcheck shell=sh disable=SC2034,SC2154 # names are shared with the other parts
# The partition of what must outlive the system (`state:` of the disk in the site's file), which a new
# install of the same node leaves as it is, and the one behind the system beside it, where the volume
# group of the node's machines may lie. Sourced by install.sh.
#
# Our mark tells where both lie, also while a disk without a partition table waits for the rest of an
# image. The node makes the file system at its first boot, as the mke2fs of here may not be able to
# (docs/wheezy.md W5.10), and writes into it whose it is (scripts/firstboot/engine/state_disk.py).

STATE_LABEL=golden-state

# judge_state: $state is "kept", "wiped" (on purpose) or "none". Refuses a disk with any other state.
judge_state() {
    state=wiped
    ! is_among "$wipe" || return 0
    loose=$(loose_state)
    [ -z "$loose" ] || refuse "$loose is a partition of state, and nothing on $disk says whose install \
it is of; $(how_to_wipe)"
    state=none
    [ "$mark_state_start" -gt 0 ] && has_label $((mark_state_start * 512)) $STATE_LABEL || return 0
    found=$(instance_on "$device?offset=$((mark_state_start * 512))")
    [ "$found" = "$instance" ] || refuse "$disk has the state of ${found:-nobody that it names}, and \
this is $instance; $(how_to_wipe)"
    [ "$mark_rest_start $mark_state_start $mark_state_count" = \
        "$rest_start $state_start $state_count" ] || refuse "$disk has $((mark_state_count / 2048)) MiB \
of state from MiB $((mark_state_start / 2048)) on, and would not with the root and state of the site's \
file; give them their former sizes, or $(how_to_wipe)"
    state=kept
    say running "the state of $instance stays"
}

# instance_on FILE-SYSTEM: the instance whose state it says it is, read without its journal: a mount
# would replay that, and a disk that is refused stays as it is.
instance_on() {
    debugfs -c -R "cat /$STATE_LABEL.json" "$1" 2>/dev/null |
        sed -n -E 's/.*"instance": *"([^"]*)".*/\1/p' | head -n 1
}

# loose_state: a file system with the label that lies where our mark does not tell of one.
loose_state() {
    for part in $(parts "$disk"); do
        if [ "$(told "$disk" "$part/start")" != "$mark_state_start" ] &&
            blkid -p -o export "$root$(node_of "$part")" 2>/dev/null | grep -q -x "LABEL=$STATE_LABEL"; then
            echo "$part"
            return
        fi
    done
}

# how_to_wipe: what to do about state that nobody needs.
how_to_wipe() {
    wiped=$(name_of_disk)
    echo "if it is not needed, $(how_to "golden.wipe=$wiped" "--wipe-state $wiped")"
}

# other_contents: what lies on the disk that is neither kept nor wiped on purpose.
other_contents() {
    case $state in
    kept) known="${disk}p?(3 LVM2_member|4 ext4)" ;;
    wiped) known="${disk}p?4 ext4" ;;
    none) known='' ;;
    esac
    contents "$disk" | grep -v -x -E "$known"
}

# is_untouched PART: whether this install writes nothing there.
is_untouched() {
    [ "$state" = kept ] && echo "$1" | grep -q -x -E "${disk}p?3"
}
