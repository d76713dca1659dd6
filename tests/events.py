"""Reads a run's event files with TensorBoard and compares them to metrics.jsonl."""

import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = Path(sys.argv[1])
events = EventAccumulator(str(run / "events"), size_guidance={"scalars": 0, "images": 0})
events.Reload()
lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]

tags = {"train/error": "error", "train/error_at_start": "error_at_start", "train/walker": "walker", "train/rate": "rate"}
for tag, key in tags.items():
    expected = [(line["step"], line[key]) for line in lines if key in line]
    found = [(event.step, event.value) for event in events.Scalars(tag)]
    assert [step for step, _ in found] == [step for step, _ in expected], tag
    assert all(abs(a - b) <= 1e-6 * max(1, abs(b)) for (_, a), (_, b) in zip(found, expected)), tag
evaluations = [line for line in lines if "evaluation" in line]
assert len(events.Scalars("completion/error")) == len(evaluations) > 0
assert events.Scalars("diagnostics/lipschitz_walker")[-1].value > 0
for tag in events.Tags()["images"]:
    assert events.Images(tag)[0].encoded_image_string.startswith(b"\x89PNG")
print(f"TensorBoard reads {len(events.Tags()['scalars'])} curves of {len(found)} logged steps")
