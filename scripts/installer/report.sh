# shellcheck shell=sh disable=SC2034,SC2154 # names are shared with the other parts
# What the installer says: one line of JSON per change on the console and to the host that it was
# started from, and the same in words on the screen. Sourced by install.sh.

# One name per step, in order; golden/installer/__init__.py tells their meaning to the host.
STEPS="source manifest disk seed image boot installed"
step=source
began=0

# uptime: seconds since the kernel started, as /proc/uptime has it.
uptime() {
    cut -d' ' -f1 "$root/proc/uptime"
}

# begin STEP: what follows belongs to it.
begin() {
    step=$1
    began=$(uptime)
    say running ""
}

# number: the place of $step in STEPS.
number() {
    count=0
    for name in $STEPS; do
        count=$((count + 1))
        if [ "$name" = "$step" ]; then
            echo "$count"
        fi
    done
}

# say STATE DETAIL: tell it everywhere.
say() {
    # One line of plain ASCII without what JSON would have to escape.
    detail=$(printf '%s' "$2" | tr '\n\t"' "  '" | tr '\134' / | tr -cd ' -~' | cut -c1-400)
    now=$(uptime)
    seconds=$(awk -v now="$now" -v began="$began" 'BEGIN { printf "%.1f", now - began }')
    line="{\"detail\": \"$detail\", \"n\": $(number), \"node\": \"$node\", \"of\": 7,"
    line="$line \"seconds\": $seconds, \"state\": \"$1\", \"step\": \"$step\", \"uptime\": $now}"
    printf '\r\n@installer %s\r\n' "$line" >>"$root/dev/console"
    if [ -c "$root/dev/tty0" ]; then
        printf '%s: %s %s\n' "$step" "$1" "$detail" >>"$root/dev/tty0"
    fi
    case $source in
    http*)
        # The host may be gone by now; that is no reason to stop writing.
        curl -s -m 10 -o /dev/null -H "X-Golden-Token: $token" --data-binary "$line" \
            "$source/report/$node" || :
        ;;
    esac
}

# last_of FILE: the last line of what a program said.
last_of() {
    sed -n '$p' "$1"
}

# fail WORDS: something broke on the way; the machine starts over.
fail() {
    say failed "$1"
    exit 1
}

# refuse WORDS: it must not be done; the disk is as it was.
refuse() {
    say refused "$1"
    exit 2
}
