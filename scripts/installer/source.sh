# shellcheck shell=sh disable=SC2034,SC2154 # names are shared with the other parts
# Where the installer reads from: a stick or an HTTP server. Sourced by install.sh.

ATTEMPTS=5
STICK_LABEL=golden-stick
STICK_SECONDS=60

# read_words: the words of the kernel's command line that are ours.
read_words() {
    source='' node='' site='' token='' reinstall='' force='' wipe=''
    read -r command_line <"$root/proc/cmdline"
    for word in $command_line; do
        value=${word#*=}
        case $word in
        golden.source=*) source=$value ;;
        golden.node=*) node=$value ;;
        golden.site=*) site=$value ;;
        golden.token=*) token=$value ;;
        golden.reinstall=*) reinstall=$value ;;
        golden.force=*) force=$value ;;
        golden.wipe=*) wipe=$value ;;
        esac
    done
}

# open_source: make $source readable by fetch.
open_source() {
    stick_disk=''
    case $source in
    http://* | https://*) return ;;
    stick) ;;
    *) refuse "golden.source on the kernel's command line must be stick or a URL, not '$source'" ;;
    esac
    waited=0
    while ! stick=$(blkid -c /dev/null -l -o device -t "LABEL=$STICK_LABEL"); do
        # A USB stick may take a while to be recognized.
        waited=$((waited + 1))
        [ "$waited" -le "$STICK_SECONDS" ] || fail "no disk labelled $STICK_LABEL was found"
        sleep 1
    done
    stick_disk=$(disk_of "${stick##*/}")
    source=$root/run/stick
    mkdir -p "$source"
    mount -t ext4 -o ro "$stick" "$source" || fail "the stick $stick cannot be mounted"
}

# disk_of NAME: the disk that a partition belongs to (itself for a whole disk).
disk_of() {
    for place in "$root"/sys/block/*/"$1"; do
        if [ -e "$place" ]; then
            place=${place%/*}
            echo "${place##*/}"
            return
        fi
    done
    echo "$1"
}

# fetch NAME FILE: the file NAME of the source as FILE. Fails when it cannot be had.
fetch() {
    case $source in
    http*) ;;
    *)
        cat "$source/$1" >"$2"
        return
        ;;
    esac
    attempt=1
    until curl -fsS --connect-timeout 10 --speed-time 60 --speed-limit 1 \
        -H "X-Golden-Token: $token" -o "$2" "$source/$1"; do
        [ "$attempt" -lt "$ATTEMPTS" ] || return 1
        sleep "$attempt"
        attempt=$((attempt + 1))
    done
}

# sum FILE: its SHA-256.
sum() {
    sha256sum <"$1" | cut -d' ' -f1
}

# read_manifest: fetch it and prove that it is what our key signed, before a word of it is believed.
read_manifest() {
    manifest=$work/manifest
    fetch manifest "$manifest" || fail "the manifest cannot be had from $source"
    fetch manifest.sig "$manifest.sig" || fail "the manifest's signature cannot be had from $source"
    openssl dgst -sha256 -verify "$here/key.pem" -signature "$manifest.sig" "$manifest" >/dev/null ||
        refuse "the manifest's signature does not fit: it was changed, or another checkout signed it"
    [ "$(line golden-installer)" = "golden-installer 2" ] ||
        refuse "the manifest is of another form than this installer reads; serve both from one bundle"
    found_site=$(line site | cut -d' ' -f2)
    [ -z "$site" ] || [ "$site" = "$found_site" ] ||
        refuse "this is the site $found_site, and the command line says golden.site=$site"
    site=$found_site
}

# line FIRST [SECOND]: the lines of the manifest that begin with these words.
line() {
    awk -v first="$1" -v second="${2-}" \
        '$1 == first && (second == "" || $2 == second)' "$manifest"
}

# choose_node: the node that this machine is, by the command line or by a MAC address.
choose_node() {
    if [ -z "$node" ]; then
        macs=$(cat "$root"/sys/class/net/*/address 2>/dev/null)
        for mac in $macs; do
            found=$(awk -v mac="$mac" '$1 == "node" && $3 == mac { print $2 }' "$manifest")
            node=${node:-$found}
        done
        [ -n "$node" ] || refuse "no node of the site $site has a MAC address of this machine \
($(echo "$macs" | tr '\n' ' '))"
    fi
    # shellcheck disable=SC2046 # the words of one line
    set -- $(line node "$node")
    [ $# -eq 11 ] || refuse "the manifest has no node '$node'; it has: $(nodes)"
    kind=$4 seed_sum=$5 rule=$7 rule_value=$8 root_bytes=$9 state_bytes=${10} instance=${11}
    # shellcheck disable=SC2046
    set -- $(line image "$kind")
    [ $# -eq 4 ] || refuse "the manifest has no image of the kind '$kind'"
    image_bytes=$3 image_sum=$4
}

# nodes: the names of the nodes in the manifest.
nodes() {
    line node | awk '{ printf "%s%s", (NR > 1 ? ", " : ""), $2 }'
}

# read_seed: fetch what only this node is told.
read_seed() {
    seed=$work/seed
    fetch "seed/$node" "$seed" || fail "the seed of $node cannot be had from $source"
    [ "$(sum "$seed")" = "$seed_sum" ] ||
        refuse "the seed of $node is not the one that the manifest names (SHA-256)"
}
