"""Reads a spectral store with safetensors and csv alone: python docs/read_store.py STORE

Prints what it holds, and checks that tables and rows agree. Needs: pip install safetensors numpy
"""

import csv
import json
import sys
from pathlib import Path

from safetensors.numpy import load_file


def read(store):
    """Yields id, class or None, split, coefficients, and points in the unit ball or None of each row."""
    store = Path(store)
    manifest = json.loads((store / "manifest.json").read_text(encoding="utf-8"))
    if (manifest["format"], manifest["version"]) != ("spectra-store", 1) or not manifest["finished"]:
        raise ValueError(f"{store}: not a finished store of format version 1")
    for part in manifest["parts"]:
        rows = load_file(store / f"{part['name']}.safetensors")
        with open(store / f"{part['name']}.csv", newline="", encoding="utf-8") as table:
            items = [item for item in csv.DictReader(table) if item["status"] == "ok"]
        if not len(items) == part["rows"] == len(rows["coefficients"]):
            raise ValueError(f"{part['name']}: the table and the rows differ")
        for i, item in enumerate(items):
            label = rows["label"][i]
            name = manifest["classes"][label] if label >= 0 else None
            if (name or "") != item["class"]:
                raise ValueError(f"{item['id']}: label {label} is not class {item['class']}")
            points = rows["points"][i, : int(item["points"])] if "points" in rows else None
            yield item["id"], name, item["split"], rows["coefficients"][i], points


def main():
    count, splits = 0, {}
    for identifier, name, split, coefficients, points in read(sys.argv[1]):
        if count == 0:
            cloud = "no points" if points is None else f"{len(points)} points"
            print(f"first row: {identifier} ({name}, {split}), {len(coefficients)} coefficients, {cloud}")
        count += 1
        splits[split] = splits.get(split, 0) + 1
    print(f"{count} rows: {splits}")


if __name__ == "__main__":
    main()
