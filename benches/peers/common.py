"""One way to time peers and our bench binary in turns, so that all see the same machine."""

import csv
import os
import platform
import statistics
import subprocess
import sys
import time

# One thread each; set before any numerical library is loaded.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "1"


def best(job, repeats, clock=time.perf_counter_ns):
    """Best time of `repeats` calls, in milliseconds, after one call to warm up: wall time, or processor time by
    `time.process_time_ns` where a call is longer than the turn that a busy machine gives a process.
    """
    job()
    times = []
    for _ in range(repeats):
        start = clock()
        job()
        times.append((clock() - start) / 1e6)
    return min(times)


def ours(binary, *words):
    """Rows (job, type, milliseconds) that our bench binary prints."""
    text = subprocess.run([binary, *map(str, words)], check=True, capture_output=True, text=True).stdout
    rows = [line.split(",") for line in text.splitlines() if line and not line.startswith("#")]
    return [(job, kind, float(value)) for job, kind, value in rows[1:]]


def measure(sources, rounds):
    """Runs each source in turn, `rounds` times; {(library, job): [milliseconds, ...]}.

    A source is a function that returns rows (library, job, milliseconds): the best of a few repeats.
    """
    samples = {}
    for _ in range(rounds):
        for source in sources:
            for library, job, value in source():
                samples.setdefault((library, job), []).append(value)
    return samples


def write(path, size, samples):
    """Appends raw rows to a CSV file: size, library, job, round, milliseconds."""
    new = not os.path.exists(path)
    with open(path, "a", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        if new:
            out.writerow(["size", "library", "job", "round", "milliseconds"])
        for (library, job), values in samples.items():
            for i, value in enumerate(values):
                out.writerow([size, library, job, i, f"{value:.6f}"])


def table(size, samples, own="spectra f64"):
    """Prints medians over the rounds, and each divided by ours."""
    middle = {key: statistics.median(values) for key, values in samples.items()}
    print(f"\n{size}")
    middle = {key: value for key, value in middle.items() if not key[1].startswith("plan")}
    for (library, job), value in sorted(middle.items(), key=lambda item: (item[0][1], item[1])):
        mine = middle.get((own, job))
        ratio = f"{value / mine:8.2f}" if mine else ""
        print(f"  {job:24} {library:28} {value:12.4f} ms {ratio}")
    sys.stdout.flush()


def machine():
    """A line on where this ran."""
    model = platform.processor()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":")[1].strip() for line in file if "model name" in line), model)
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
