#!/bin/sh
# Last script of an image: lists all that it holds, so that a check of the booted node can name what was
# changed, removed or added since (scripts/check/drift.py). By lines: type, mode, uid, gid, path and a
# link's target; then the files' hashes. openssl is several times quicker at that than sha256sum.
set -eu
umask 022
export LC_ALL=C
cd /

list() {
    # What lies elsewhere at run time is no part of the image.
    find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp \) -prune \
        -o -path ./etc/golden/inventory.gz -prune -o "$@"
}

{
    list \( -type f -o -type d -o -type l \) -printf '%y\t%m\t%U\t%G\t%p\t%l\n' | sort
    list -type f -print0 | sort -z | xargs -0 openssl dgst -sha256 -r
} | gzip -9n >/etc/golden/inventory.gz
