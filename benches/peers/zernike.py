"""Zernike moments of clouds beside numpy and sphericart: python zernike.py BINARY OUT.csv [ORDER ...]

BINARY is our bench: cargo build --release -p spectra-spectral --bench zernike (target/release/deps/zernike-*). Our times are wall times; those
of the peers, which are longer than a process's turn on a busy machine, are processor times.
One cloud of 2,048 points in the unit ball, equal weights, one thread. No package on the Python index computes these moments from points,
so the peers are programs such as a user of numpy writes: the radial functions by their three-term recurrence, the harmonics by
numpy or by sphericart, and one matrix product (BLAS) for each degree. Their results are compared with sums of scipy's functions
before anything is timed. Freed memory stays with the process: otherwise page faults take nearly all of their time from order 20 on.
"""

import ctypes
import sys
import time
from importlib.metadata import version

from common import best, machine, measure, ours, table, write

import numpy as np
import scipy.special
import sphericart


def keep_memory():
    """Blocks of any size from the heap, and the heap never trimmed (glibc's M_MMAP_THRESHOLD and M_TRIM_THRESHOLD)."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        for parameter in (-3, -1):
            libc.mallopt(parameter, 1 << 30)


def cloud(real):
    p = np.random.default_rng(1).normal(size=(2048, 3))
    radius = np.random.default_rng(2).uniform(0.05, 1.0, size=(2048, 1))
    return (p / np.linalg.norm(p, axis=1, keepdims=True) * radius).astype(real)


def radial(order, l, r):
    """[shells, points]: R_nl, n = l, l + 2, ..., by the recurrence of the Jacobi polynomials P^(0, l + 1/2)."""
    shells, b, t = (order - l) // 2 + 1, l + 0.5, 2 * r * r - 1
    out = np.empty((shells, len(r)), r.dtype)
    out[0] = r**l
    if shells > 1:
        out[1] = out[0] * ((b + 2) * t - b) / 2
    for k in range(2, shells):
        c = 2 * k + b
        slope = (c - 1) * c * (c - 2)
        shift = -(c - 1) * b * b
        back = 2 * (k - 1) * (k + b - 1) * c
        out[k] = ((slope * t + shift) * out[k - 1] - back * out[k - 2]) / (2 * k * (k + b) * (c - 2))
    out *= np.sqrt(2 * np.arange(l, order + 1, 2) + 3.0).astype(r.dtype)[:, None]
    return out


def harmonics(lmax, p, r):
    """[points, (lmax + 1)^2] by recurrences over vectors of points, no Condon-Shortley phase."""
    x, y, z = (p / r[:, None]).T
    out = np.empty(((lmax + 1) ** 2, len(r)), p.dtype)
    norm, cosine, sine = np.sqrt(0.25 / np.pi), np.ones_like(x), np.zeros_like(x)
    for m in range(lmax + 1):
        if m > 0:
            cosine, sine = x * cosine - y * sine, x * sine + y * cosine
            norm *= np.sqrt((2 * m + 1) / (2 * m))
        before, here = np.zeros_like(x), np.full_like(x, norm * (np.sqrt(2) if m else 1))
        last = 0.0
        for l in range(m, lmax + 1):
            out[l * l + l + m] = here * cosine
            if m:
                out[l * l + l - m] = here * sine
            step = np.sqrt((4 * (l + 1) ** 2 - 1) / ((l + 1) ** 2 - m * m))
            before, here = here, step * (z * here - last * before)
            last = 1 / step
    return out.T


def moments(order, p, weight, basis):
    """One array [shells, 2 l + 1] for each degree."""
    r = np.linalg.norm(p, axis=1)
    y = basis(p, r)
    return [radial(order, l, r) * weight @ y[:, l * l : (l + 1) ** 2] for l in range(order + 1)]


def check(order, p, weight, found):
    """A few moments by scipy, whose complex harmonics have the Condon-Shortley phase."""
    r = np.linalg.norm(p, axis=1)
    theta, phi = np.arccos(p[:, 2] / r), np.arctan2(p[:, 1], p[:, 0])
    for l, m, k in [(0, 0, 1), (3, 2, 0), (order // 2, -1, 2), (order, order, 0)]:
        n = l + 2 * k
        jacobi = scipy.special.eval_jacobi(k, 0, l + 0.5, 2 * r * r - 1)
        y = scipy.special.sph_harm_y(l, abs(m), theta, phi)
        y = y.real if m == 0 else np.sqrt(2) * (-1) ** m * (y.real if m > 0 else y.imag)
        expected = weight * np.sum(np.sqrt(2 * n + 3) * r**l * jacobi * y)
        assert abs(found[l][k, l + m] - expected) < 1e-12, (l, m, k, found[l][k, l + m], expected)


def main():
    keep_memory()
    binary, out = sys.argv[1:3]
    orders = [int(word) for word in sys.argv[3:]] or [16, 20, 31]
    print(machine(), "| numpy", np.__version__, "| sphericart", version("sphericart"))
    for order in orders:
        cart = sphericart.SphericalHarmonics(order)
        bases = {
            "numpy + BLAS": lambda p, r: harmonics(order, p, r),
            "sphericart + BLAS": lambda p, r: cart.compute(p),
        }

        def spectra():
            for job, kind, value in ours(binary, "moments", order, 100):
                yield f"spectra {kind}", f"{job} {kind}", value

        def peer(name, basis, kind, real):
            p, weight = cloud(real), real(1 / 2048)
            if kind == "f64":
                check(order, p, weight, moments(order, p, weight, basis))

            def run():
                job = lambda: moments(order, p, weight, basis)
                yield f"{name} {kind}", f"moments {kind}", best(job, 8, time.process_time_ns)

            return run

        sources = [spectra]
        for name, basis in bases.items():
            for kind, real in [("f64", np.float64), ("f32", np.float32)]:
                sources.append(peer(name, basis, kind, real))
        samples = measure(sources, rounds=7)
        write(out, f"order {order}", samples)
        table(f"order {order}", samples)


if __name__ == "__main__":
    main()
