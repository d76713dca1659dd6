"""Sums over scattered points beside ducc0, sphericart and scipy.

python scattered.py BINARY OUT.csv [POINTS LMAX ...]

a_lm = sum_j w_j Y_lm(p_j) for points in random directions, one function, one thread. BINARY is our
bench, as for grids.py. ducc0 gets angles, ours and sphericart get vectors.
"""

import sys
from importlib.metadata import version

from common import best, machine, measure, ours, table, write

import ducc0
import numpy as np
import sphericart


def cloud(points):
    p = np.random.default_rng(1).normal(size=(points, 3))
    return p / np.linalg.norm(p, axis=1, keepdims=True)


def ducc(points, lmax, repeats, kind, error):
    real = np.float64 if kind == "f64" else np.float32
    p = cloud(points)
    loc = np.stack([np.arccos(p[:, 2]), np.arctan2(p[:, 1], p[:, 0]) % (2 * np.pi)], axis=1)
    values = np.full((1, points), 1 / points, real)
    plan = dict(spin=0, lmax=lmax, loc=loc, epsilon=error, nthreads=1)
    alm = ducc0.sht.adjoint_synthesis_general(map=values, **plan)
    down = lambda: ducc0.sht.adjoint_synthesis_general(map=values, **plan)
    up = lambda: ducc0.sht.synthesis_general(alm=alm, **plan)

    def run():
        yield f"ducc0 {kind} {error:g}", "adjoint", best(down, repeats)
        yield f"ducc0 {kind} {error:g}", "evaluate", best(up, repeats)

    return run


def cart(points, lmax, repeats):
    sh, p = sphericart.SphericalHarmonics(lmax), cloud(points)
    weights = np.full(points, 1 / points)

    def run():
        yield "sphericart f64 + matvec", "adjoint", best(lambda: weights @ sh.compute(p), repeats)

    return run


def main():
    binary, out = sys.argv[1:3]
    numbers = [int(word) for word in sys.argv[3:]]
    sizes = [(numbers[0], lmax) for lmax in numbers[1:]] if numbers else [
        (2048, 15), (2048, 31), (2048, 63), (100_000, 31), (100_000, 63)
    ]
    print(machine(), "| ducc0", version("ducc0"), "| sphericart", version("sphericart"))
    for points, lmax in sizes:
        repeats = 40 if points < 10_000 else 3

        def spectra():
            for job, kind, value in ours(binary, "scattered", lmax, points, repeats):
                yield f"spectra {kind}", job, value

        sources = [
            spectra,
            ducc(points, lmax, repeats, "f64", 1e-12),
            ducc(points, lmax, repeats, "f32", 2e-6),
        ]
        if points < 10_000 and lmax <= 63:
            sources.append(cart(points, lmax, max(4, repeats // 10)))
        samples = measure(sources, rounds=5)
        write(out, f"{points} points lmax {lmax}", samples)
        table(f"{points} points, lmax {lmax}", samples, own="spectra f64 auto")


if __name__ == "__main__":
    main()
