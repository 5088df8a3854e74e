"""Basis functions of filters: how the effect of a spike can depend on the time after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import BSpline
from scipy.special import eval_laguerre

from bridge.utils.checks import as_integer, finite, positive
from neurosim import NeurosimError

# Most bins of a filter.
LONGEST = 20_000


class Basis(ABC):
    """Basis functions of a filter over the time since a spike.

    A filter is Σₖ wₖ Bₖ(lag). Columns are scaled to a largest absolute value of 1, on which the
    meaning of a ridge depends. A custom basis needs a `length` and the method `values`.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.recordings import Basis
    >>> class Decays(Basis):
    ...     length = 30.0
    ...
    ...     def values(self, lags):
    ...         return np.exp(-np.asarray(lags)[:, None] / np.array([3.0, 10.0]))
    >>> Decays().matrix(1.0).shape
    (30, 2)
    """

    length: float
    # Whether only the last spike acts, instead of the sum over spikes.
    last_spike_only: bool = False

    @abstractmethod
    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Return the functions at ascending lags (ms), shape (n_lags, n)."""

    def matrix(self, width: float) -> NDArray[np.float64]:
        """Return the functions 1, 2, … bins of `width` ms after a spike, shape (n_lags, n)."""
        n_lags = round(self.length / width)
        if not 1 <= n_lags <= LONGEST:
            raise NeurosimError(
                f"a filter of {self.length:g} ms has {n_lags:,} bins of {width:g} ms: give a "
                f"length of 1 to {LONGEST:,} bins"
            )
        found = self.values(width * np.arange(1, n_lags + 1))
        if np.linalg.matrix_rank(found) < found.shape[1]:
            raise NeurosimError(
                f"{self!r} has too many functions for {n_lags} bins of {width:g} ms: "
                "give fewer functions, a greater length or smaller bins"
            )
        return np.ascontiguousarray(found)


@dataclass(frozen=True)
class RaisedCosines(Basis):
    """Raised cosines in logarithmic time: fine just after a spike, coarse later.

    Bₖ = ½(1 + cos(π(y − yₖ)/2d)) within 2d of its centre yₖ, with y = ln(lag + offset) and centres
    at distances d (Pillow et al. 2008, Nature 454:995). They sum to a constant between the centres.

    Attributes
    ----------
    n : int
        Number of functions.
    length : float
        Longest lag (ms).
    offset : float
        The larger, the more uniform is their spacing (ms).

    Examples
    --------
    >>> from bridge.recordings import RaisedCosines
    >>> RaisedCosines(3, 8.0).values([1, 2, 3, 4, 5, 6, 7, 8])[:2].round(3)
    array([[1.   , 0.511, 0.   ],
           [0.648, 1.   , 0.359]])
    """

    n: int = 6
    length: float = 50.0
    offset: float = 1.0

    def __post_init__(self) -> None:
        as_integer(self.n, "RaisedCosines.n", 1)
        positive(self.length, "RaisedCosines.length", "ms")
        positive(self.offset, "RaisedCosines.offset", "ms")

    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Return the functions at ascending lags (ms), shape (n_lags, n)."""
        warped = np.log(np.asarray(lags, dtype=float) + self.offset)
        centres = np.linspace(warped[0], np.log(self.length + self.offset), self.n + 1)[: self.n]
        spacing = max((np.log(self.length + self.offset) - warped[0]) / self.n, 1e-12)
        angle = np.clip((warped[:, None] - centres) * (np.pi / (2.0 * spacing)), -np.pi, np.pi)
        return _scaled(0.5 * (1.0 + np.cos(angle)))


@dataclass(frozen=True)
class BSplines(Basis):
    """B-splines that fall to 0 at the longest lag.

    Attributes
    ----------
    n : int
        Number of functions.
    length : float
        Longest lag (ms).
    degree : int
        3 for cubic splines.
    offset : float, optional
        Knots are equidistant in ln(lag + offset), or in time if it is None (ms).

    Examples
    --------
    >>> from bridge.recordings import BSplines
    >>> BSplines(4, 20.0).values([1, 5, 10, 20]).shape
    (4, 4)
    """

    n: int = 6
    length: float = 50.0
    degree: int = 3
    offset: float | None = 1.0

    def __post_init__(self) -> None:
        as_integer(self.degree, "BSplines.degree", 0)
        as_integer(self.n, "BSplines.n", self.degree + 1)
        positive(self.length, "BSplines.length", "ms")
        if self.offset is not None:
            positive(self.offset, "BSplines.offset", "ms")

    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Return the functions at ascending lags (ms), shape (n_lags, n)."""
        times = np.asarray(lags, dtype=float)
        warped, end = times - times[0], self.length - times[0]
        if self.offset is not None:
            warped = np.log(times + self.offset) - np.log(times[0] + self.offset)
            end = np.log((self.length + self.offset) / (times[0] + self.offset))
        end = max(float(end), 1e-12)
        # One function more than n: the last one, which is not 0 at the end, is left out.
        inner = np.linspace(0.0, end * (1.0 + 1e-9), self.n + 2 - self.degree)
        knots = np.pad(inner, self.degree, mode="edge")
        found = BSpline.design_matrix(np.clip(warped, 0.0, end), knots, self.degree).toarray()
        return _scaled(found[:, : self.n])


@dataclass(frozen=True)
class Laguerre(Basis):
    """Laguerre functions e^(−s/2) Lₖ(s) with s = lag/tau, which are orthogonal.

    Attributes
    ----------
    n : int
        Number of functions.
    length : float
        Longest lag (ms).
    tau : float
        Time scale (ms).

    Examples
    --------
    >>> from bridge.recordings import Laguerre
    >>> Laguerre(2, 50.0, tau=5.0).values([5, 10]).round(3).tolist()
    [[1.0, 0.0], [0.607, -1.0]]
    """

    n: int = 5
    length: float = 50.0
    tau: float = 5.0

    def __post_init__(self) -> None:
        as_integer(self.n, "Laguerre.n", 1)
        positive(self.length, "Laguerre.length", "ms")
        positive(self.tau, "Laguerre.tau", "ms")

    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Return the functions at ascending lags (ms), shape (n_lags, n)."""
        scaled = np.asarray(lags, dtype=float)[:, None] / self.tau
        return _scaled(np.exp(-0.5 * scaled) * eval_laguerre(np.arange(self.n), scaled))


@dataclass(frozen=True)
class Steps(Basis):
    """Steps that are constant between edges.

    Attributes
    ----------
    edges : tuple of float
        Ascending edges (ms); a step holds the lags above its first edge up to its second one.
    last_spike_only : bool
        Whether only the last spike acts, so that the effect depends on the time since then.

    Examples
    --------
    >>> from bridge.recordings import Steps
    >>> Steps((0.0, 2.0, 4.0)).values([1, 2, 3, 4]).tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    """

    edges: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
    last_spike_only: bool = False

    def __post_init__(self) -> None:
        edges = np.asarray(self.edges, dtype=float)
        if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all() or edges[0] < 0:
            raise NeurosimError(
                f"Steps.edges = {self.edges}: give two or more ascending times from 0 ms"
            )
        finite(float(edges[-1]), "Steps.edges")

    @property
    def length(self) -> float:  # type: ignore[override]
        """Longest lag (ms)."""
        return float(self.edges[-1])

    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Return the functions at ascending lags (ms), shape (n_lags, n)."""
        times, edges = np.asarray(lags, dtype=float)[:, None], np.array(self.edges)
        tolerance = 1e-9 * edges[-1]
        inside = (times > edges[:-1] + tolerance) & (times <= edges[1:] + tolerance)
        return inside.astype(float)

    def matrix(self, width: float) -> NDArray[np.float64]:
        """Return the steps, with edges rounded to bins; shape (n_lags, n)."""
        edges = np.unique(np.round(np.array(self.edges) / width)) * width
        return Basis.matrix(Steps(tuple(edges.tolist()), self.last_spike_only), width)


@dataclass(frozen=True)
class NoHistory(Basis):
    """No spike history.

    Examples
    --------
    >>> from bridge import PopulationGLM
    >>> from bridge.recordings import NoHistory
    >>> glm = PopulationGLM(history_basis=NoHistory())
    """

    length: float = 0.0

    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Return an array without functions, shape (n_lags, 0)."""
        return np.empty((len(np.asarray(lags)), 0))

    def matrix(self, width: float) -> NDArray[np.float64]:
        """Return an array without lags and functions."""
        return np.empty((0, 0))


def _scaled(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns divided by their largest absolute value."""
    largest = np.abs(columns).max(axis=0)
    return columns / np.where(largest > 0.0, largest, 1.0)


def filters(
    basis: NDArray, history_basis: NDArray, coupling: NDArray, history: NDArray
) -> NDArray[np.float64]:
    """Return the effect of a spike 1, 2, … bins later, shape (n, n, n_lags).

    Parameters
    ----------
    basis : (n_lags, n_functions) ndarray
        Basis functions of the coupling.
    history_basis : (n_history_lags, n_history) ndarray
        Basis functions of the spike history.
    coupling : (n, n, n_functions) ndarray
        Coefficients from neuron to neuron; the diagonal is not used.
    history : (n, n_history) ndarray
        Coefficients of the spike history.
    """
    return _combined(coupling @ basis.T, history @ history_basis.T)


def filter_errors(
    basis: NDArray, history_basis: NDArray, coupling: NDArray, history: NDArray
) -> NDArray[np.float64]:
    """Return the standard errors of `filters`, from the covariances of the coefficients."""
    between = np.einsum("lk,jikm,lm->jil", basis, coupling, basis, optimize=True)
    within = np.einsum("lk,jkm,lm->jl", history_basis, history, history_basis, optimize=True)
    return np.sqrt(np.maximum(_combined(between, within), 0.0))


def _combined(between: NDArray, within: NDArray) -> NDArray[np.float64]:
    """Return values between neurons, with those of the spike history on the diagonal."""
    n, _, n_lags = between.shape
    found = np.zeros((n, n, max(n_lags, within.shape[1])))
    found[:, :, :n_lags] = between
    diagonal = np.arange(n)
    found[diagonal, diagonal] = 0.0
    found[diagonal, diagonal, : within.shape[1]] = within
    return found
