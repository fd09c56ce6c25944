# shellcheck shell=sh disable=SC2034,SC2154 # names are shared with the other parts
# Pieces from machines that install at the same time: BitTorrent, with the server as one more source
# (its web seed). Sourced by install.sh.
#
# It only fills a folder in memory, as nobody: a piece that is missing there afterwards, or is not the
# one of the manifest, comes by HTTP. So nothing here can make an install fail or write anything wrong.

SHARE_SPARE_MIB=192 # of memory, for programs and what is being written
SHARE_STALL=30      # seconds in which nothing comes

# share: $shared is the folder with what could be had, or empty when pieces come by HTTP alone.
share() {
    shared='' sharing=''
    # shellcheck disable=SC2046 # the words of one line
    set -- $(line torrent "$kind")
    case "$# $source" in "3 http"*) ;; *) return 0 ;; esac
    folder=$root/run/shared
    packed_mib=$(awk '{ sum += $6 } END { printf "%d", sum / 1048576 + 1 }' "$work/pieces")
    free_mib=$(($(sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' "$root/proc/meminfo") / 1024))
    if [ "$free_mib" -lt $((packed_mib + SHARE_SPARE_MIB)) ]; then
        alone "of $free_mib MiB of free memory $((packed_mib + SHARE_SPARE_MIB)) MiB would be needed"
    elif ! { mkdir -p "$folder" && mount_shared; }; then
        alone "there is no memory for them"
    elif ! { fetch "$kind.torrent" "$folder/torrent" && is_file_of "$folder/torrent" "$3"; }; then
        alone "$kind.torrent is not what the manifest names (SHA-256)"
    else
        shared=$folder
        join
    fi
}

# alone WHY: tell that pieces come by HTTP alone.
alone() {
    say running "pieces come by HTTP alone: $1"
}

# mount_shared: memory for the pieces that belongs to nobody, as does what reads from the network.
mount_shared() {
    mount -t tmpfs -o "size=$((packed_mib + 16))m,mode=700,uid=65534,gid=65534" shared "$folder"
}

# join: share until all pieces are here or no more come; then go on sharing to the end of install.sh.
join() {
    settings >"$folder/settings.json"
    HOME=$folder setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
        transmission-cli -g "$folder" -w "$folder" "$folder/torrent" >"$work/said" 2>&1 </dev/null &
    sharing=$!
    trap leave EXIT
    had=0 quiet=0 PERCENT=-1
    until has_all; do
        if ! kill -0 "$sharing" 2>/dev/null; then
            give_up "transmission-cli ended: $(last_of "$work/said")"
            return
        elif [ "$quiet" -ge "$SHARE_STALL" ]; then
            give_up "nothing came for $SHARE_STALL seconds"
            return
        fi
        sleep 1
        # The folder comes with the first of them.
        now=$(du -sk "$folder/$kind" 2>/dev/null | cut -f1)
        quiet=$((${now:-0} > had ? 0 : quiet + 1)) had=${now:-0}
        progress shared $((had / 1024)) "$packed_mib"
    done
}

# settings: no DHT, uTP or UPnP: nothing of it is of use on one LAN. Plain connections are cheaper.
settings() {
    cat <<'END'
{"lpd-enabled": true, "pex-enabled": true, "dht-enabled": false, "utp-enabled": false,
"port-forwarding-enabled": false, "rpc-enabled": false, "encryption": 0, "preallocation": 0,
"rename-partial-files": true}
END
}

# has_all: whether every piece is here; until then its name ends in .part.
has_all() {
    while read -r _ _ number _; do
        [ -e "$folder/$(printf '%s/%05d.gz' "$kind" "$number")" ] || return 1
    done <"$work/pieces"
}

# give_up WHY: what is not here comes by HTTP.
give_up() {
    leave
    say running "the other pieces come by HTTP: $1"
}

# leave: stop sharing.
leave() {
    [ -z "$sharing" ] || kill "$sharing" 2>/dev/null || :
    sharing=''
}
