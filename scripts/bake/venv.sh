#!/bin/sh
# Makes the virtual environment of the image golden-builder, as ./inv makes that of a checkout, but
# from wheels that the host has fetched (golden/packages/wheels.py): a bake has no network.
set -eu
venv=/opt/golden
# Compiled modules name their source by its hash, not by its time, which is the bake's (py_compile).
export SOURCE_DATE_EPOCH=0 PYTHONHASHSEED=0
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-index \
    --find-links /run/bake/input --require-hashes --requirement "$venv/requirements.lock"
