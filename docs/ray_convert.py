"""Converts a data set with Ray: python docs/ray_convert.py SRC STORE SHARDS [CPUS_PER_TASK]

Each task is one `spectra convert --shard I/SHARDS` into a folder of its own beside STORE; what is finished is kept,
so a task that Ray starts again after a lost worker goes on where that one was. Then the shards are merged.
Needs `spectra` on the path, and the folders visible to all nodes.
"""

import subprocess
import sys

import ray

source, store, shards = sys.argv[1], sys.argv[2], int(sys.argv[3])
cpus = float(sys.argv[4]) if len(sys.argv) > 4 else 2
ray.init()


@ray.remote(num_cpus=cpus, max_retries=5)
def convert(index):
    target = f"{store}.shard-{index}"
    jobs = str(max(1, int(cpus)))
    command = ["spectra", "--quiet", "convert", source, "-o", target, "--shard", f"{index}/{shards}", "--jobs", jobs]
    status = subprocess.run(command).returncode
    # 3: done, but some items could not be used; they are named in failures.csv.
    if status not in (0, 3):
        raise RuntimeError(f"shard {index} ended with status {status}")
    return target


targets = ray.get([convert.remote(index) for index in range(shards)])
subprocess.run(["spectra", "store", "merge", *targets, "-o", store], check=True)
