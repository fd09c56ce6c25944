#!/bin/sh
# Puts the site's first machine image, and its metadata, where first boot uploads it from, and where
# snf-image finds it by its name (guide G184, G210). The guide fetches it on the running nodes: a host
# that does not answer would then stop them half set up.
set -eu
tab=$(printf '\t')
grep '^base-image' /run/bake/input/downloads.tsv | while IFS=$tab read -r name source file; do
    if [ -n "$file" ]; then
        target=/srv/images/${source##*/}
        mkdir -p /srv/images /var/lib/snf-image
        cp "/run/bake/pool/$file" "$target"
        chmod 644 "$target"
        if [ "$name" = base-image ]; then
            ln -sf "$target" "/var/lib/snf-image/${source##*/}"
        fi
    fi
done
