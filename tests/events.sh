#!/usr/bin/env bash
# Whether TensorBoard reads the event files of a run. Skipped where TensorBoard cannot be installed.
# Usage: tests/events.sh [path of the spectra binary] [path of a Python that has TensorBoard]
set -euo pipefail
spectra="$(realpath "${1:-target/release/spectra}")"
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python="${2:-}"
if [ -z "$python" ]; then
  python3 -m venv "$work/venv"
  python="$work/venv/bin/python"
  if ! "$python" -m pip install --quiet --disable-pip-version-check tensorboard 'setuptools<81'; then
    echo "tensorboard: it cannot be installed here; skipped"
    exit 0
  fi
fi
"$spectra" --quiet train toy -o "$work/toy" --set train.epochs=2 --set network.width=16 --set algorithm.steps=2 \
  --set algorithm.walker_updates=1 --set network.walker='[16]'
"$python" "$here/events.py" "$work/toy/cgml"
