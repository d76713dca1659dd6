#!/usr/bin/env bash
# The main job on a part of ModelNet10, as a user runs it: convert, verify, pretrain, eval, export, and NumPy's view of it.
# Usage: tests/pipeline.sh [path of the spectra binary]
set -euo pipefail
spectra="$(realpath "${1:-target/release/spectra}")"
here="$(cd "$(dirname "$0")" && pwd)"
archive="${SPECTRA_SHARED:-$(realpath -m "$here/../../shared")}/data/modelnet10-pcd.tar.xz"
if [ ! -f "$archive" ]; then
  echo "pipeline: $archive is absent; nothing is run on real data"
  exit 0
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
classes=(bathtub chair monitor toilet)
tar -xf "$archive" -C "$work" "${classes[@]/#/ModelNet10/}"
cd "$work"

"$spectra" convert ModelNet10 -o one.spectra --order 16 --jobs 1
"$spectra" convert ModelNet10 -o two.spectra --order 16 --jobs 2
diff -r one.spectra two.spectra
"$spectra" verify one.spectra

small=(--set train.epochs=6 --set network.width=256 --set network.bottleneck=256)
"$spectra" pretrain one.spectra -o run "${small[@]}"
"$spectra" pretrain one.spectra -o again "${small[@]}"
cmp run/model.safetensors again/model.safetensors
"$spectra" eval ModelNet10 --run run --seeds 3 --json eval.json --report eval.html
"$spectra" export one.spectra --run run --npz features.npz
"$spectra" info run

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check numpy safetensors
venv/bin/python -B "$here/pipeline.py" one.spectra eval.json features.npz
