#!/usr/bin/env bash
# The main job on a part of ModelNet10, as a user runs it: convert, verify, pretrain, eval, export, and NumPy's view of it.
# Python's packages come from the network. Usage: tests/pipeline.sh [path of the spectra binary]
set -euo pipefail
spectra="$(realpath "${1:-target/release/spectra}")"
here="$(cd "$(dirname "$0")" && pwd)"
archive="$(realpath -m "${SPECTRA_SHARED:-$here/../../shared}/data/modelnet10-pcd.tar.xz")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check numpy safetensors

# A store of made clouds, read by Python as docs/store.md says.
for class in flat round; do
  for split in train test; do
    mkdir -p "made/$class/$split"
    for number in 1 2 3; do
      awk -v seed="$number" -v flat="$([ $class = flat ] && echo 0.1 || echo 1)" \
        'BEGIN { srand(seed); for (i = 0; i < 200; i++) print rand(), rand(), flat * rand() }' \
        > "made/$class/$split/${class}_$split$number.xyz"
    done
  done
done
"$spectra" convert made -o made.spectra --order 6
"$spectra" verify made.spectra
venv/bin/python -B "$here/../docs/read_store.py" made.spectra | grep -F "12 rows: {"

if [ ! -f "$archive" ]; then
  echo "pipeline: $archive is absent; nothing more is run"
  exit 0
fi
classes=(bathtub chair monitor toilet)
tar -xf "$archive" "${classes[@]/#/ModelNet10/}"

"$spectra" convert ModelNet10 -o one.spectra --order 16 --jobs 1
"$spectra" convert ModelNet10 -o two.spectra --order 16 --jobs 2
diff -r one.spectra two.spectra
"$spectra" verify one.spectra

small=(--set train.epochs=6 --set network.width=256 --set network.bottleneck=256)
"$spectra" pretrain one.spectra -o run "${small[@]}"
"$spectra" pretrain one.spectra -o again "${small[@]}"
cmp run/model.safetensors again/model.safetensors
"$spectra" eval ModelNet10 --run run --seeds 3 --json eval.json --report eval.html
grep -q '<svg' eval.html
"$spectra" export one.spectra --run run --npz features.npz
"$spectra" info run
venv/bin/python -B "$here/pipeline.py" one.spectra eval.json features.npz
