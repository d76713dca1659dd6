#!/bin/sh
# Makes the Python environment of the peers: sh benches/peers/setup.sh [FOLDER]
#
# FOLDER (default target/peers) gets a virtual environment with the packages of requirements.txt, from
# the Python package index. SHTns is built from source: it wants a C compiler and the headers of FFTW
# (Debian: libfftw3-dev). Without them the bench runs without SHTns and says so.
set -eu
here=$(dirname "$0")
folder=${1:-target/peers}
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --requirement "$here/requirements.txt"
"$folder/bin/pip" install --quiet --no-cache-dir shtns || echo "SHTns did not build: left out" >&2
"$folder/bin/pip" list --format=freeze | grep -i -E '^(ducc0|pyshtools|healpy|sphericart|numpy|scipy|shtns)='
