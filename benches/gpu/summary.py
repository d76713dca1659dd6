"""Steps per second from the rows of `run.sh time` on standard input: the median over the blocks of all rounds.

    python benches/gpu/summary.py < target/gpu/results/time.csv
"""

import collections
import csv
import statistics
import sys


def main():
    seconds = collections.defaultdict(list)
    for row in csv.DictReader(sys.stdin):
        key = tuple(row[name] for name in ("card", "preset", "map", "batch", "precision", "program"))
        seconds[key].append(float(row["wall_s"]))
    print("card,preset,map,batch,precision,program,steps_per_s,of_torch_compiled")
    for key, times in seconds.items():
        rate = 1 / statistics.median(times)
        peer = seconds.get((*key[:-1], "torch-compiled"))
        share = f"{rate * statistics.median(peer):.2f}" if peer else ""
        print(f"{','.join(key)},{rate:.2f},{share}")


if __name__ == "__main__":
    main()
