"""Covariance of the parameters of one fitted neuron, and correction of the bias of the penalty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm.covariates import upper_root
from bridge.recordings.glm.history_fit import PRECISION
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.scaled_loss import Estimate


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Estimates of one neuron without the bias of the penalty, and their covariance.

    The bias is removed by one Newton step without penalty, w + H⁻¹p, where p is the gradient of the
    penalty (for the lasso see van de Geer et al. 2014, Ann. Stat. 42:1166). The covariance of the
    result is H⁻¹, where H is the Fisher information.

    Attributes
    ----------
    weights : (n, n_functions) ndarray
    covariance : (n, n_functions, n_functions) ndarray
        Covariance of the weights from each neuron.
    dense : (n_dense,) ndarray
        History weights, then weights of the stimulus.
    dense_covariance : (n_dense, n_dense) ndarray
    intercept_error : float
        Standard error of the intercept.
    """

    weights: NDArray[np.float64]
    covariance: NDArray[np.float64]
    dense: NDArray[np.float64]
    dense_covariance: NDArray[np.float64]
    intercept_error: float


# Columns up to which the information on the weights is exact by default.
FEW_COLUMNS = 48
# Operations per neuron up to which it is exact for neurons with fewer spikes than columns.
AFFORDABLE = 1e9
# Smallest information on weights, relative to that of columns that do not depend on it.
LEAST_INFORMATION = 0.1
# Smallest information on history and stimulus that couplings leave, relative to that without them.
LEAST_REST = 1e-3


def uncertainty(
    likelihood: Likelihood,
    estimate: Estimate,
    information: NDArray[np.float64],
    *,
    exact: bool | None = None,
) -> Uncertainty:
    """Return estimates and covariances.

    The information on spike history and stimulus is exact. The information on the weights is exact
    or approximated by T'CT, with the covariance C of the columns and a matrix Tⱼ for each neuron.
    The diagonal blocks of the approximation are exact. Its standard errors differ from exact ones
    by a few per cent and cost a fraction of a fit.

    Parameters
    ----------
    likelihood : Likelihood
    estimate : Estimate
    information : (n_bins,) ndarray
        Fisher information on the score of each bin.
    exact : bool, optional
        Default: for few columns, or fewer spikes than columns if that is not too slow.
    """
    drive = likelihood.drive
    dense = np.append(estimate.history, estimate.drive[drive.n_knots + drive.n_shared :])
    total = float(information.sum())
    sums = likelihood.sums_after(information)[0]
    means = sums @ likelihood.covariates.basis / total
    products, mixed, dense_means = _dense_products(likelihood, information)
    products = products - total * np.outer(dense_means, dense_means)
    mixed = mixed - total * np.outer(means, dense_means)
    exact = _should_be_exact(likelihood) if exact is None else exact
    if exact:
        couplings = _exact(likelihood, information, means)
    else:
        couplings = _scaled(likelihood, information, sums, means)

    prior = np.full(len(dense), 1e-9)
    prior[: likelihood.past.n_weights] = PRECISION
    if drive.stimulus is not None:
        prior[likelihood.past.n_weights :] = drive.stimulus.precision
    explained = couplings.solve(mixed)
    dense_covariance = _inverse_of_rest(products + np.diag(prior), mixed.T @ explained)
    shape = (*likelihood.covariates.shape, -1)
    by_neuron = explained.reshape(shape)
    covariance = couplings.blocks() + by_neuron @ dense_covariance @ by_neuron.transpose(0, 2, 1)

    shrunk = estimate.pull.ravel()
    along = dense_covariance @ (explained.T @ shrunk)
    moved = couplings.solve(shrunk[:, None])[:, 0] + explained @ along
    mean = means.ravel()
    spread = mean @ explained - dense_means
    variance = 1.0 / total + float(mean @ couplings.solve(mean[:, None])[:, 0])
    variance += float(spread @ dense_covariance @ spread)
    return Uncertainty(
        estimate.weights + moved.reshape(estimate.weights.shape),
        covariance,
        dense - along,
        dense_covariance,
        float(np.sqrt(variance)),
    )


@dataclass(frozen=True, eq=False)
class _Inverse:
    """Inverse of the information on the weights, S (P − C F C') S', 0 for the fitted neuron.

    S contains a block `scale` for each neuron. C are the columns of the precision P that belong to
    the fitted neuron, and F is the inverse of their block.
    """

    scale: NDArray[np.float64]
    precision: NDArray[np.float64]
    columns: NDArray[np.float64]
    factor: NDArray[np.float64]

    def solve(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return H⁻¹ · right, shape (n · n_functions, n_columns)."""
        n, k = self.scale.shape[:2]
        turned = self.scale.transpose(0, 2, 1) @ right.reshape(n, k, -1)
        turned = turned.reshape(n * k, -1)
        found = self.precision @ turned - self.columns @ (self.factor @ (self.columns.T @ turned))
        return (self.scale @ found.reshape(n, k, -1)).reshape(turned.shape)

    def blocks(self) -> NDArray[np.float64]:
        """Return the diagonal blocks of H⁻¹, shape (n, n_functions, n_functions)."""
        n, k = self.scale.shape[:2]
        whole = np.einsum("jkjl->jkl", self.precision.reshape(n, k, n, k))
        columns = self.columns.reshape(n, k, -1)
        found = whole - columns @ self.factor @ columns.transpose(0, 2, 1)
        return self.scale @ found @ self.scale.transpose(0, 2, 1)


def _exact(likelihood: Likelihood, information: NDArray, means: NDArray) -> _Inverse:
    """Return the inverse of the information, computed column by column."""
    n, k = likelihood.mean.shape
    found = np.array(
        [likelihood.adjoint(information * row)[1].ravel() for row in likelihood.rows()]
    )
    found -= information.sum() * np.outer(means, means)
    others = np.repeat(np.arange(n) != likelihood.index, k) & (np.diag(found) > 0)
    chosen = np.ix_(others, others)
    inverse = np.zeros_like(found)
    inverse[chosen] = np.linalg.pinv(found[chosen], rcond=1e-12, hermitian=True)
    return _Inverse(np.tile(np.eye(k), (n, 1, 1)), inverse, np.empty((n * k, 0)), np.empty((0, 0)))


def _scaled(
    likelihood: Likelihood, information: NDArray, sums: NDArray, means: NDArray
) -> _Inverse:
    """Return the precision of the columns, scaled to the information on each neuron's weights."""
    covariates, index = likelihood.covariates, likelihood.index
    total = float(information.sum())
    basis, roots = covariates.basis, covariates.roots
    single = np.einsum("lk,jl,lm->jkm", basis, sums, basis, optimize=True)
    # Products of different spikes of a neuron are weighted by the mean information.
    pairs = np.einsum("jkjm->jkm", covariates.products) - covariates.single_products
    blocks = single + total / covariates.n_bins * pairs
    blocks = blocks - total * means[:, :, None] * means[:, None, :]
    relative = roots.transpose(0, 2, 1) @ blocks @ roots / max(total, 1e-300)
    scale = upper_root(_at_least(relative, LEAST_INFORMATION)) * math.sqrt(total)
    inverse = roots @ np.linalg.solve(scale, np.linalg.inv(roots))
    inverse[index] = 0.0
    rows = slice(index * covariates.n_functions, (index + 1) * covariates.n_functions)
    columns = covariates.precision[:, rows]
    factor = np.asarray(np.linalg.inv(columns[rows]), dtype=float)
    return _Inverse(inverse, covariates.precision, columns, factor)


def _inverse_of_rest(
    information: NDArray[np.float64], explained: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the inverse of the information that the couplings do not explain.

    The explained part is approximate, so a smallest part of the information is kept.
    """
    if not len(information):
        return information
    inverse = np.linalg.inv(upper_root(information[None])[0])
    relative = inverse.T @ (information - explained) @ inverse
    rest = _at_least(relative[None], LEAST_REST)[0]
    return np.asarray(inverse @ np.linalg.inv(rest) @ inverse.T, dtype=float)


def _should_be_exact(likelihood: Likelihood) -> bool:
    """Return whether the approximation is too rough, and exact information can be computed.

    The information of a neuron with few spikes can lie in a few bins.
    """
    trains, n_columns = likelihood.covariates.trains, likelihood.mean.size
    cost = n_columns * (trains.n_bins + len(trains.ids) * likelihood.covariates.n_lags)
    rough = likelihood.past.counts.sum() < n_columns and cost <= AFFORDABLE
    return bool(n_columns <= FEW_COLUMNS or rough)


def _at_least(blocks: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return symmetric blocks with eigenvalues raised to at least `least`."""
    values, vectors = np.linalg.eigh(blocks)
    return (vectors * np.maximum(values, least)[:, None, :]) @ vectors.transpose(0, 2, 1)


def _dense_products(
    likelihood: Likelihood, information: NDArray[np.float64]
) -> tuple[NDArray, NDArray, NDArray]:
    """Return weighted products of history and stimulus with themselves and the columns, and means.

    The shapes are (n_dense, n_dense), (n · n_functions, n_dense) and (n_dense,).
    """
    stimulus = likelihood.drive.stimulus
    features = np.empty((len(information), 0)) if stimulus is None else stimulus.values
    products, mixed, sums = [], [], []
    weighted = np.empty_like(information)
    for row in chain(likelihood.history_rows(), features.T):
        np.multiply(information, row, out=weighted)
        by_history, by_weight = likelihood.adjoint(weighted)
        products.append(np.append(by_history, weighted @ features))
        mixed.append(by_weight.ravel())
        sums.append(weighted.sum())
    shape = (len(products), len(products))
    columns = np.array(mixed).reshape(len(products), likelihood.mean.size).T
    return np.array(products).reshape(shape), columns, np.array(sums) / information.sum()
