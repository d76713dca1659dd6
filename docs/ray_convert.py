"""Converts a data set with Ray: python docs/ray_convert.py SRC STORE SHARDS [CPUS_PER_TASK [OPTIONS OF CONVERT...]]

Each task is one `spectra convert --shard I/SHARDS` into a folder of its own beside STORE; what is finished is kept,
so a task that Ray starts again after a lost worker goes on where that one was. Then the shards are merged.
Needs `spectra` on the path, Linux, and the folders visible to all nodes.
"""

import ctypes
import signal
import subprocess
import sys

import ray

source, store, shards = sys.argv[1], sys.argv[2], int(sys.argv[3])
cpus = float(sys.argv[4]) if len(sys.argv) > 4 else 2
options = sys.argv[5:]
ray.init()


def die_with_worker():
    # A conversion that outlived its worker would hold the lock of its shard against the next one (PR_SET_PDEATHSIG).
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@ray.remote(num_cpus=cpus, max_retries=5)
def convert(index):
    target = f"{store}.shard-{index}"
    command = ["spectra", "--quiet", "convert", source, "-o", target, "--shard", f"{index}/{shards}"]
    command += ["--jobs", str(max(1, int(cpus))), *options]
    status = subprocess.run(command, preexec_fn=die_with_worker).returncode
    # 3: done, but some items could not be used; they are named in failures.csv.
    if status not in (0, 3):
        raise RuntimeError(f"shard {index} ended with status {status}")
    return target


targets = ray.get([convert.remote(index) for index in range(shards)])
subprocess.run(["spectra", "store", "merge", *targets, "-o", store], check=True)
