set -eu
echo "${HOST_SECRET-none}" >/env
