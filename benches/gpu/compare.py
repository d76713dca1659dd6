"""Losses of the same run on two devices: rows of CSV, and exit status 1 where any differs by more than 1e-3.

    python benches/gpu/compare.py CARD PRESET RUN_CPU RUN_GPU
"""

import json
import pathlib
import sys

STEPS = 100
LIMIT = 1e-3


def losses(run):
    lines = (json.loads(line) for line in (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines())
    steps = [line for line in lines if "walker" in line]
    return steps[:STEPS]


def main():
    card, preset, cpu, gpu = sys.argv[1:]
    cpu, gpu = losses(cpu), losses(gpu)
    if min(len(cpu), len(gpu)) < STEPS:
        sys.exit(f"expected {STEPS} logged steps, found {len(cpu)} and {len(gpu)}")
    worst = {}
    print("card,preset,step,loss,cpu,gpu,relative")
    for one, other in zip(cpu, gpu):
        for loss in ("error", "error_at_start", "walker"):
            relative = abs(one[loss] - other[loss]) / abs(one[loss])
            worst[loss] = max(worst.get(loss, 0.0), relative)
            print(f"{card},{preset},{one['step']},{loss},{one[loss]:.8f},{other[loss]:.8f},{relative:.2e}")
    for loss, relative in worst.items():
        verdict = "within" if relative <= LIMIT else "NOT within"
        print(f"{preset}: {loss} differs by {relative:.1e} at most, {verdict} {LIMIT}", file=sys.stderr)
    sys.exit(max(worst.values()) > LIMIT)


if __name__ == "__main__":
    main()
