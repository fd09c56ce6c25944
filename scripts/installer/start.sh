#!/bin/sh
# Runs the installer and decides what comes after it: this is the last that the initramfs does, so it
# never ends. How install.sh ends is told by its exit code (see there).

sh_dir=${0%/*}
root=${GOLDEN_ROOT-}

# The kernel's consoles: a person may be at any of them, and /dev/console is the last one only.
consoles=$(cat "$root/sys/class/tty/console/active")

# tell WORDS: on every console.
tell() {
    for console in $consoles; do
        printf '%s\r\n' "$1" >>"$root/dev/$console"
    done
}

restart() {
    sync
    tell "restarting in $1 seconds"
    sleep "$1"
    # The file system of a stick is mounted read-only, and the disk was flushed: nothing can be lost.
    reboot -f
    sleep 1000
}

# wait_for_enter: on whichever console.
wait_for_enter() {
    for console in $consoles; do
        { ! read -r _ <"$root/dev/$console" || : >"$root/tmp/enter"; } &
    done
    until [ -e "$root/tmp/enter" ]; do
        sleep 1
    done
}

dash "$sh_dir/install.sh"
case $? in
0 | 3)
    restart 3
    ;;
2)
    tell "Nothing was changed. Press Enter to start over."
    wait_for_enter
    restart 0
    ;;
*)
    restart 60
    ;;
esac
