"""Grid transforms beside ducc0, SHTns and pyshtools: python grids.py BINARY OUT.csv [LMAX ...]

BINARY is our bench: cargo build --release -p spectra-spectral --benches (target/release/deps/sphere-*).
Gauss-Legendre grid, lmax + 1 rings of 2 lmax + 2, real fields, one thread. Times are the best of a few
repeats in each round; the table shows medians over the rounds.
"""

import sys

from common import best, machine, measure, ours, table, write

import ducc0
import numpy as np
import pyshtools

try:
    import shtns
except ImportError:
    shtns = None
    print("SHTns is not installed: left out", file=sys.stderr)


def ducc(lmax, repeats, kind):
    real, wave = (np.float64, np.complex128) if kind == "f64" else (np.float32, np.complex64)
    rng = np.random.default_rng(1)
    count = (lmax + 1) * (lmax + 2) // 2
    alm = (rng.normal(size=count) + 1j * rng.normal(size=count)).astype(wave)
    alm[: lmax + 1] = alm[: lmax + 1].real
    alm = alm[None]
    field = np.empty((1, lmax + 1, 2 * lmax + 2), real)
    back = np.empty_like(alm)
    plan = dict(spin=0, lmax=lmax, geometry="GL", nthreads=1)
    up = lambda: ducc0.sht.synthesis_2d(alm=alm, map=field, **plan)
    down = lambda: ducc0.sht.analysis_2d(map=field, alm=back, **plan)

    def run():
        yield f"ducc0 {kind}", "synthesis", best(up, repeats)
        yield f"ducc0 {kind}", "analysis", best(down, repeats)

    return run


def shtns_gauss(lmax, repeats):
    sh = shtns.sht(lmax)
    sh.set_grid(lmax + 1, 2 * lmax + 2, flags=shtns.sht_gauss | shtns.SHT_PHI_CONTIGUOUS, polar_opt=0)
    rng = np.random.default_rng(1)
    alm = sh.spec_array()
    alm[:] = rng.normal(size=alm.shape) + 1j * rng.normal(size=alm.shape)
    alm[: lmax + 1] = alm[: lmax + 1].real
    field, back = sh.spat_array(), sh.spec_array()

    def run():
        yield "SHTns", "synthesis", best(lambda: sh.SH_to_spat(alm, field), repeats)
        yield "SHTns", "analysis", best(lambda: sh.spat_to_SH(field.copy(), back), repeats)

    return run


def fortran(lmax, repeats):
    """pyshtools with its Fortran backend, which it leaves aside when ducc0 is installed."""
    from pyshtools import backends

    backends.select_preferred_backend("shtools")
    rng = np.random.default_rng(1)
    cilm = rng.normal(size=(2, lmax + 1, lmax + 1))
    nodes, weights = backends.shtools.SHGLQ(lmax)
    expand, make = backends.shtools.SHExpandGLQ, backends.shtools.MakeGridGLQ
    field = make(cilm, nodes, norm=4)

    def run():
        yield "pyshtools Fortran", "synthesis", best(lambda: make(cilm, nodes, norm=4), repeats)
        yield "pyshtools Fortran", "analysis", best(lambda: expand(field, weights, nodes, norm=4), repeats)

    return run


def main():
    binary, out = sys.argv[1:3]
    sizes = [int(word) for word in sys.argv[3:]] or [63, 255, 1023]
    print(machine(), "| ducc0", ducc0.__version__, "| pyshtools", pyshtools.__version__)
    for lmax in sizes:
        repeats = {63: 100, 255: 20}.get(lmax, 3)

        def spectra():
            for job, kind, value in ours(binary, "grid", lmax, repeats):
                yield f"spectra {kind}", job, value

        sources = [spectra, ducc(lmax, repeats, "f64"), ducc(lmax, repeats, "f32")]
        if shtns:
            sources.append(shtns_gauss(lmax, repeats))
        if lmax < 512:  # beyond, a call takes seconds
            sources.append(fortran(lmax, max(2, repeats // 10)))
        samples = measure(sources, rounds=5)
        write(out, f"lmax {lmax}", samples)
        table(f"lmax {lmax}", samples)


if __name__ == "__main__":
    main()
