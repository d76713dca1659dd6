"""Rotations of spherical coefficients beside ducc0 and SHTns: python rotation.py BINARY OUT.csv [LMAX ...]

BINARY is our bench: cargo build --release -p spectra-spectral --bench rotation (target/release/deps/rotation-*).
One set of real-field coefficients, all degrees, one rotation by three angles, f64, one thread. Times are the best of a few
repeats in each round, processor time for the peers, wall time for ours; the table shows medians over the rounds.
"""

import sys
import time

from common import best, machine, measure, ours, table, write

import ducc0
import numpy as np

try:
    import shtns
except ImportError:
    shtns = None
    print("SHTns is not installed: left out", file=sys.stderr)

ANGLES = (0.3, 1.1, -2.0)


def coefficients(lmax):
    """Of orders m >= 0, as both peers keep them: m = 0 first."""
    rng = np.random.default_rng(1)
    count = (lmax + 1) * (lmax + 2) // 2
    alm = rng.normal(size=count) + 1j * rng.normal(size=count)
    alm[: lmax + 1] = alm[: lmax + 1].real
    return alm


def ducc(lmax, repeats):
    alm = coefficients(lmax)

    def run():
        job = lambda: ducc0.sht.rotate_alm(alm, lmax, *ANGLES, nthreads=1)
        yield "ducc0", "rotation", best(job, repeats, time.process_time_ns)

    return run


def shtns_plan(lmax, repeats):
    alm = coefficients(lmax)
    rotation = shtns.rotation(lmax)
    rotation.set_angles_ZYZ(*ANGLES)

    def run():
        yield "SHTns", "rotation", best(lambda: rotation.apply_real(alm), repeats, time.process_time_ns)

    return run


def main():
    binary, out = sys.argv[1:3]
    sizes = [int(word) for word in sys.argv[3:]] or [20, 31, 63, 255]
    print(machine(), "| ducc0", ducc0.__version__, "| SHTns", shtns and shtns.__version__)
    for lmax in sizes:
        repeats = 40 if lmax > 100 else 400

        def spectra():
            for job, kind, value in ours(binary, "spherical", lmax, repeats):
                yield f"spectra {kind}", job, value

        sources = [spectra, ducc(lmax, repeats)]
        if shtns:
            sources.append(shtns_plan(lmax, repeats))
        samples = measure(sources, rounds=9)
        write(out, f"lmax {lmax}", samples)
        table(f"lmax {lmax}", samples)


if __name__ == "__main__":
    main()
