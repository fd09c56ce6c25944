#!/bin/sh
# Answers what snf-image will ask when it is installed, in a later layer: no, it must not download its
# helper now. A bake has no network, and which helper it is to be is the site's choice (guide G177).
set -eu
echo 'snf-image snf-image/update-helper boolean false' | debconf-set-selections
