"""The pieces of the engine one by one."""

from __future__ import annotations

import gc
import threading

import numba
import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import poisson

from neurosim.builder.streams import stream_key, uniform
from neurosim.kernels import barrier, normal, poisson_tables, random, without_collection

# Parts of kernels can be called by compiled code alone.


@numba.njit
def _bits(n, key):
    bits = np.empty(n, np.uint64)
    for i in range(n):
        bits[i] = random.squares(random.counter(3, i), key)
    return bits


@numba.njit
def _open_unit(bits):
    return random.open_unit(bits)


@numba.njit
def _below(bits, n):
    return random.below(bits, n)


@numba.njit
def _normal_quantiles(p):
    found = np.empty(p.size)
    for i in range(p.size):
        found[i] = normal.normal_quantile(p[i])
    return found


@numba.njit
def _normal_quantiles_at_once(p):
    found = p.copy()
    normal.normal_quantiles(found, np.empty(p.size, np.int64), np.empty(p.size))
    return found


@numba.njit(nogil=True)
def _cross(arrivals, n_threads, crossing):
    barrier.arrive(arrivals)
    barrier.wait(arrivals, n_threads, crossing)


def test_normal_quantile_agrees_with_scipy_to_rounding() -> None:
    p = np.concatenate([10.0 ** -np.arange(1, 300.0, 7.0), np.linspace(0.001, 0.999, 500)])
    p = np.concatenate([p, 1.0 - p[p > 1e-15]])
    assert _normal_quantiles(p) == pytest.approx(ndtri(p), rel=2e-15, abs=2e-16)


@pytest.mark.parametrize("smallest", [1e-300, 1e-9])  # with and without far tails
def test_normal_quantiles_at_once_have_the_bits_of_each_alone(
    smallest: float, rng: np.random.Generator
) -> None:
    p = np.concatenate([np.geomspace(smallest, 0.1, 300), rng.random(700)])
    p = rng.permutation(np.concatenate([p, 1.0 - p[p > 1e-15]]))
    assert np.array_equal(_normal_quantiles_at_once(p), _normal_quantiles(p))


def test_squares_matches_its_definition_in_exact_arithmetic() -> None:
    def reference(count: int, key: int) -> int:
        mask = 2**64 - 1

        def swap(x: int) -> int:
            return ((x >> 32) | (x << 32)) & mask

        x = y = count * key & mask
        z = (y + key) & mask
        for add in (y, z, y):
            x = swap((x * x + add) & mask)
        t = (x * x + z) & mask
        x = swap(t)
        return t ^ (((x * x + y) & mask) >> 32)

    key = stream_key(7, "test", 0)
    expected = [reference((3 << 32) | i, int(key)) for i in range(50)]
    assert _bits(50, key).tolist() == expected


def test_streams_of_neighbouring_keys_and_counters_share_no_numbers() -> None:
    bits = np.concatenate([_bits(500, stream_key(1, "test", k)) for k in range(4)])
    assert len(np.unique(bits)) == len(bits)


def test_open_unit_never_reaches_its_ends() -> None:
    assert 0.0 < _open_unit(np.uint64(0)) < _open_unit(np.uint64(2**64 - 1)) < 1.0


def test_below_covers_its_range() -> None:
    assert _below(np.uint64(0), 7) == 0
    assert _below(np.uint64(2**64 - 1), 7) == 6


@pytest.mark.parametrize("mean", [0.0, 1e-4, 1.6, 40.0, 500.0])
def test_cells_and_rest_add_up_to_the_poisson_table(mean: float) -> None:
    rows, bounds, rest = poisson_tables(np.array([mean]))
    least = rows[0, 0]
    assert len(bounds) % 4 == 0
    found = np.zeros(900)
    cells = np.diff(bounds, prepend=np.uint16(0))
    found[least : least + len(bounds)] += cells / 2.0**16
    beyond = np.diff(np.append(rest / 2.0**64, 1.0), prepend=0.0)
    found[: len(rest) + 1] += beyond * (2.0**16 - bounds[-1]) / 2.0**16
    assert found == pytest.approx(poisson.pmf(np.arange(900), mean), rel=1e-9, abs=1e-13)


def test_a_stream_depends_on_seed_purpose_and_index() -> None:
    keys = {stream_key(s, p, k) for s in (1, 2) for p in ("a", "b") for k in (0, 1)}
    assert len(keys) == 8
    assert all(int(key) % 2 for key in keys)
    assert np.array_equal(uniform(1, "a", 0, 5), uniform(1, "a", 0, 9)[:5])


def test_no_thread_passes_the_barrier_before_all_have_reached_it() -> None:
    n_threads, crossings = 5, 50
    arrivals, reached = np.zeros(1, np.int64), np.zeros(n_threads, np.int64)
    early = []

    def walk(me: int) -> None:
        for k in range(1, crossings + 1):
            reached[me] = k
            _cross(arrivals, n_threads, k)
            if reached.min() < k:
                early.append((me, k))

    threads = [threading.Thread(target=walk, args=(k,)) for k in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60.0)
    assert not early
    assert reached.tolist() == [crossings] * n_threads


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_is_collected_afterwards_as_before(collecting: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with without_collection():
            assert not gc.isenabled()
        assert gc.isenabled() == collecting
    finally:
        (gc.enable if before else gc.disable)()
