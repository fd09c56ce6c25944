#!/bin/sh
# Removes the database cluster that the package has just made. A cluster has an identifier that must
# not be the same in two machines, and its files would be a good part of the image: first boot makes
# one with initdb, below the configuration that was rendered.
set -eu
pg_lsclusters --no-header | while read -r version cluster rest; do
    echo "removing cluster $version/$cluster ($rest)"
    pg_dropcluster --stop "$version" "$cluster"
done
