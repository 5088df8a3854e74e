"""Filtered spike trains as covariates, without a design matrix.

Column (j, k) is xⱼₖ(t) = Σₗ Bₖ(l) nⱼ(t − l): the spikes of neuron j filtered by basis function k.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm import kernels
from bridge.recordings.glm.grouped_spikes import GroupedSpikes
from bridge.recordings.slow.smoothing import segment_sums

# Eigenvalues of the covariance below this fraction of the largest one count as 0.
FLAT = 1e-10
# Fraction of common spikes, beyond chance, above which two neurons are copies of each other.
COPIED = 0.9
# Elements of the largest temporary array for the products of columns.
CHUNK = 2**21


@dataclass(frozen=True, eq=False)
class SlowRates:
    """Slow time course of the firing rates of all neurons, by segment.

    Attributes
    ----------
    spacing : int
        Bins per segment.
    rates : (n_segments, n) ndarray
        Expected spikes per bin.
    """

    spacing: int
    rates: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Covariates:
    """Filtered spikes of all neurons, in terms of sums over bins.

    Attributes
    ----------
    trains : BinnedTrains
    basis : (n_lags, n_functions) ndarray
        Basis functions 1, 2, … bins after a spike.
    pieces : (n_pieces, 2) ndarray of int, optional
        First and last + 1 bin of the parts between gaps, which filters do not cross. Default: all.
    slow : SlowRates, optional
        Slow rates to subtract for the covariance. Default: constant rates.
    absent : (n_segments, n) ndarray, optional
        Fraction of each segment in which a neuron is not observed. Default: 0.
    observed : (n,) ndarray, optional
        Number of bins in which each neuron is observed. Default: all.
    """

    trains: BinnedTrains
    basis: NDArray[np.float64]
    pieces: NDArray[np.int64] | None = None
    slow: SlowRates | None = None
    absent: NDArray[np.float64] | None = None
    observed: NDArray[np.float64] | None = None

    @property
    def n_lags(self) -> int:
        """Longest lag in bins."""
        return self.basis.shape[0]

    @property
    def n_functions(self) -> int:
        """Number of basis functions."""
        return self.basis.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """Neurons and basis functions: the shape of weights."""
        return self.trains.n_neurons, self.n_functions

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """First and last + 1 bin of the parts between gaps, shape (n_pieces, 2)."""
        whole = np.array([[0, self.trains.n_bins]])
        return whole if self.pieces is None else self.pieces

    @cached_property
    def n_bins(self) -> int:
        """Bins outside of gaps."""
        return int(np.diff(self.bounds, axis=1).sum())

    def reach_of(self, bins: NDArray, n_lags: int) -> NDArray[np.int32]:
        """Return the longest lag at which spikes in these bins act, limited by gaps."""
        ends = self.bounds[np.searchsorted(self.bounds[:, 0], bins, side="right") - 1, 1]
        return np.clip(ends - 1 - bins, 0, n_lags).astype(np.int32)

    @cached_property
    def reach(self) -> NDArray[np.int32]:
        """Longest lag at which each spike acts."""
        if self.pieces is None:  # filters can extend beyond the end
            return np.full(len(self.trains.ids), self.n_lags, dtype=np.int32)
        return self.reach_of(self.trains.bins, self.n_lags)

    @cached_property
    def spikes(self) -> GroupedSpikes:
        """The spikes in the form in which filters are added."""
        return GroupedSpikes.of(self.trains, self.reach, self.n_lags)

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """Mean spikes per observed bin, shape (n,)."""
        bins = self.n_bins if self.observed is None else np.maximum(self.observed, 1.0)
        return self.trains.counts / bins

    @cached_property
    def area(self) -> NDArray[np.float64]:
        """Sums of the basis functions over lags, shape (n_functions,)."""
        return self.basis.sum(axis=0)

    @cached_property
    def mean(self) -> NDArray[np.float64]:
        """Mean of the columns, shape (n, n_functions)."""
        return self._sums / self.n_bins

    @cached_property
    def products(self) -> NDArray[np.float64]:
        """Sums of products of the columns, exact; shape (n, n_functions, n, n_functions).

        They are sums over the correlograms: two spikes contribute the product of their filters,
        shifted by the lag between them. Parts beyond the end of a piece are subtracted.
        """
        trains, (n, n_functions) = self.trains, self.shape
        # Lag of the second neuron's spike after the first one's, from −n_lags + 1.
        counts = np.zeros((n, n, self.n_lags), dtype=np.int32)
        for first, last in self.bounds.tolist():
            starts = trains.starts[first : last + 1]
            kernels.count_lags(trains.ids, starts, 0, self.n_lags - 1, counts)
        lags = range(1 - self.n_lags, self.n_lags)
        overlaps = np.array([_overlap(self.basis, lag).ravel() for lag in lags])
        found = np.empty((n, n_functions, n, n_functions))
        rows = max(1, CHUNK // (n * len(overlaps)))
        for first in range(0, n, rows):
            part = slice(first, first + rows)
            later, earlier = counts[part], counts[:, part, :0:-1].transpose(1, 0, 2)
            both = np.concatenate([earlier, later], axis=2, dtype=float)
            block = (both.reshape(-1, len(overlaps)) @ overlaps).reshape(
                both.shape[0], n, n_functions, n_functions
            )
            found[part] = block.transpose(0, 2, 1, 3)
        for neurons, late in self._beyond_ends():
            columns = late.reshape(len(late), -1)
            shape = (len(neurons), n_functions) * 2
            found[neurons[:, None], :, neurons] -= (
                (columns.T @ columns).reshape(shape).transpose(0, 2, 1, 3)
            )
        return found

    @cached_property
    def single_products(self) -> NDArray[np.float64]:
        """Sums of products of the columns by single spikes, shape (n, n_functions, n_functions).

        Products of different spikes of a neuron are the rest of its block of `products`.
        """
        trains, n_lags = self.trains, self.n_lags
        reach = self.reach_of(trains.bins, n_lags)
        index = trains.ids.astype(np.int64) * (n_lags + 1) + reach
        counts = np.bincount(index, minlength=trains.n_neurons * (n_lags + 1))
        # Spikes of each neuron that are followed by at least 1, 2, … bins.
        followed = np.cumsum(counts.reshape(-1, n_lags + 1)[:, :0:-1], axis=1)[:, ::-1]
        return np.einsum("lk,jl,lm->jkm", self.basis, followed, self.basis, optimize=True)

    def _beyond_ends(self) -> Iterator[tuple[NDArray, NDArray[np.float64]]]:
        """Yield neurons, and the values of their columns after the end of each piece.

        The values have the shape (n_lags, n_neurons, n_functions).
        """
        trains, n_lags = self.trains, self.n_lags
        for first, end in self.bounds.tolist():
            spikes = slice(trains.starts[max(first, end - n_lags)], trains.starts[end])
            neurons, index = np.unique(trains.ids[spikes], return_inverse=True)
            found = np.zeros((n_lags, len(neurons), self.n_functions))
            for neuron, inside in zip(index, end - 1 - trains.bins[spikes], strict=True):
                found[: n_lags - inside, neuron] += self.basis[inside:]
            yield neurons, found

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        """Sums of the columns, shape (n, n_functions)."""
        found = np.outer(self.trains.counts, self.area)
        for neurons, late in self._beyond_ends():
            found[neurons] -= late.sum(axis=0)
        return found

    @cached_property
    def copies(self) -> NDArray[np.intp]:
        """Pairs of neurons that fire almost only in the same bins, shape (n_pairs, 2)."""
        trains, n = self.trains, self.trains.n_neurons
        together = np.zeros((n, n, 1), dtype=np.int32)
        kernels.count_lags(trains.ids, trains.starts, 0, 0, together)
        counts = trains.counts
        most, chance = np.maximum.outer(counts, counts), np.outer(counts, counts) / self.n_bins
        same = together[:, :, 0] - chance > COPIED * (most - chance)
        return np.argwhere(np.triu(same & (counts > 0), 1))

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the columns around slow rates, shape (n · n_functions, n · n_functions)."""
        size, total = self.mean.size, self.products.reshape(self.mean.size, -1) / self.n_bins
        if self.slow is None:
            return total - np.outer(self.mean, self.mean)
        slow = np.einsum("jm,k,l->jkml", self._slow_products, self.area, self.area)
        return total - slow.reshape(size, size)

    @property
    def _slow_products(self) -> NDArray[np.float64]:
        """Mean products of slow rates, which centring subtracts, shape (n, n)."""
        trains, slow = self.trains, self.slow
        assert slow is not None
        n_segments, n = slow.rates.shape
        segments = trains.bins // slow.spacing * np.int64(n) + trains.ids
        sums = np.bincount(segments, minlength=n_segments * n).reshape(n_segments, n)
        sizes = segment_sums(np.ones(trains.n_bins), slow.spacing)
        cross = sums.T @ slow.rates
        squares = (slow.rates * sizes[:, None]).T @ slow.rates
        return (cross + cross.T - squares) / self.n_bins

    @cached_property
    def principal(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Eigenvalues, clipped at 0, and eigenvectors (columns) of the covariance."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.maximum(values, 0.0), vectors

    @cached_property
    def precision(self) -> NDArray[np.float64]:
        """Inverse of the covariance; directions without variance have a very large one."""
        values, vectors = self.principal
        values = np.maximum(values, FLAT * values[-1])
        return (vectors / values) @ vectors.T

    def prepare(self) -> None:
        """Compute everything that fits need, before threads use it."""
        _ = self.principal, self.precision, self.roots, self.spikes, self.rates, self.area

    @cached_property
    def roots(self) -> NDArray[np.float64]:
        """Inverse of Rⱼ with Rⱼ'Rⱼ = block j of the covariance around the mean."""
        blocks = np.einsum("jkjl->jkl", self.products) / self.n_bins
        blocks = blocks - self.mean[:, :, None] * self.mean[:, None, :]
        return np.asarray(np.linalg.inv(upper_root(blocks)), dtype=float)


def upper_root(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return R with R'R = block for positive semi-definite blocks, shape (n, k, k)."""
    scale = np.maximum(np.trace(blocks, axis1=1, axis2=2) / blocks.shape[1], 1e-12)
    jittered = blocks + (FLAT * scale)[:, None, None] * np.eye(blocks.shape[1])
    try:
        return np.asarray(np.linalg.cholesky(jittered), dtype=float).transpose(0, 2, 1)
    except np.linalg.LinAlgError:  # rounding errors: blocks of a fit that diverges
        values, vectors = np.linalg.eigh(jittered)
        values = np.maximum(values, FLAT * values[:, -1:])
        return np.linalg.qr((vectors * np.sqrt(values)[:, None, :]).transpose(0, 2, 1))[1]


def _overlap(basis: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """Return Σ B(l + lag)' B(l): products of filters of spikes `lag` bins apart."""
    n_lags = len(basis)
    first = basis[max(0, lag) : n_lags + min(0, lag)]
    return first.T @ basis[max(0, -lag) : n_lags - max(0, lag)]
