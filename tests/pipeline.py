"""Checks what tests/pipeline.sh made with NumPy, safetensors and csv alone."""
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "docs"))
from read_store import read

store, evaluation, features = sys.argv[1:]
_ids, labels, splits, coefficients, _points = zip(*read(store))
coefficients = np.stack(coefficients)
splits, labels = np.array(splits), np.array(labels)
# Weights sum to one, so the first moment is Z_000 = sqrt(3 / (4 pi)) for every object.
assert np.allclose(coefficients[:, 0], np.sqrt(3 / (4 * np.pi)), rtol=1e-6)

npz = np.load(features)
assert npz["features"].shape[0] == len(labels) and np.isfinite(npz["features"]).all()
train, test = splits == "train", splits == "test"
counts = {name: (int((labels[train] == name).sum()), int((labels[test] == name).sum())) for name in sorted(set(labels))}
assert counts == {"bathtub": (106, 50), "chair": (889, 100), "monitor": (465, 100), "toilet": (344, 100)}, counts

report = json.load(open(evaluation))
assert report["skipped"] == 0
rows = {(row["features"], row["classifier"]): row for row in report["rows"]}
for name in ["cGML bottleneck", "raw map", "PCA of the raw map", "random encoder", "rotation invariants"]:
    row = rows[name, "svm"]
    assert row["accuracy_mean"] > 0.75, (name, row["accuracy_mean"])

# The 1-NN row again, with nothing but NumPy: standardise by the training rows, nearest by cosine.
x = npz["features"].astype(np.float64)
mean, std = x[train].mean(0), x[train].std(0)
x = np.where(std > 1e-6 * np.abs(mean) + 1e-30, (x - mean) / np.where(std == 0, 1, std), 0)
x /= np.linalg.norm(x, axis=1, keepdims=True)
nearest = (x[test] @ x[train].T).argmax(1)
accuracy = (labels[train][nearest] == labels[test]).mean()
printed = rows["cGML bottleneck", "1-nn"]["accuracy_mean"]
assert abs(accuracy - printed) < 0.01, (accuracy, printed)
print(f"pipeline: {len(labels)} objects, 1-NN {accuracy:.4f} here and {printed:.4f} in eval.json")
