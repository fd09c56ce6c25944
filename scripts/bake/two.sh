set -eu
cat /file >/copy; rm /file
