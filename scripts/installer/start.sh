#!/bin/sh
# Runs the installer and decides what comes after it: this is the last that the initramfs does, so it
# never ends. How install.sh ends is told by its exit code (see there).

# shellcheck disable=SC2086 # a word list
restart() {
    sync
    echo "restarting in $1 seconds"
    sleep "$1"
    # The file system of a stick is mounted read-only, and the disk was flushed: nothing can be lost.
    reboot -f
    sleep 1000
}

sh_dir=${0%/*}
dash "$sh_dir/install.sh"
case $? in
0 | 3)
    restart 3
    ;;
2)
    echo "Nothing was changed. Press Enter to start over."
    read -r _ </dev/console
    restart 0
    ;;
*)
    restart 60
    ;;
esac
