"""Checks of the options of `infer_synapses`, and its warnings."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.inference.connectome import Connectome
from bridge.utils.checks import as_floats, as_integer, finite, positive
from neurosim import NeurosimError

# z of coincidences over all pairs above which to warn (p = 3e-7).
SYNCHRONOUS = 5.0
# Standard deviation of z of absent synapses above which to warn.
WIDE = 1.3


def standardised(stimulus: ArrayLike, n_bins: int) -> NDArray[np.float64]:
    """Return the standardised stimulus, shape (n_bins, n_features)."""
    values = as_floats(stimulus, "stimulus")
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != n_bins or values.shape[1] == 0:
        raise NeurosimError(
            f"stimulus of shape {np.shape(stimulus)}: give one row for each of the {n_bins} bins, "
            "and one column per feature"
        )
    if not np.isfinite(values).all():
        raise NeurosimError("stimulus holds values that are not finite: replace or mask them")
    mean, spread = values.mean(axis=0), values.std(axis=0)
    varies = spread > 1e-12 * np.abs(mean)
    return np.where(varies, values - mean, 0.0) / np.where(varies, spread, 1.0)


def warn_of_unfinished(neurons: NDArray) -> None:
    """Warn of neurons whose fit did not converge."""
    if len(neurons):
        named = ", ".join(map(str, neurons[:10])) + (", ..." if len(neurons) > 10 else "")
        warnings.warn(
            f"the fit of {len(neurons)} neurons ({named}) did not converge within tol: "
            "give a larger tol or a ridge",
            UserWarning,
            stacklevel=4,
        )


def warn_of_absent(spikes: int) -> None:
    """Warn of spikes outside the presence of their neurons."""
    if spikes:
        warnings.warn(
            f"{spikes:,} spikes lie outside the presence of their neurons and are ignored",
            UserWarning,
            stacklevel=3,
        )


def warn_of_misfit(found: Connectome) -> None:
    """Warn if residuals or scores show that the model is incorrect."""
    uneven, n_scores = found.misfits(), len(found.null_scores)
    # A single pair is a synapse with another time course, which affects only its strength.
    if uneven.sum() > 1:
        worst = np.unravel_index(np.nanargmin(found.flatness), uneven.shape)
        first, second = (found.neurons[k] for k in worst)
        taus = ", ".join(f"{tau:g}" for tau in found.kernel.taus)
        _warn(
            f"the residuals after the spikes of a neuron are not flat for {int(uneven.sum())} of "
            f"{int(np.isfinite(found.flatness).sum())} pairs (most clearly {first} onto {second}): "
            f"the kernel of {taus} ms does not fit the synapses, or neurons share input that is "
            "faster than the drives, so that false calls can exceed the fdr: give another kernel, "
            "or the shared input as stimulus"
        )
    if found.shared_input > SYNCHRONOUS:
        _warn(
            "neurons fire in the same bin more often than the model expects (z = "
            f"{found.shared_input:.1f} over all pairs): they share input that is faster than the "
            "drives, so that false calls can exceed the fdr: give the shared input as stimulus"
        )
    if n_scores == 0:
        _warn(
            "the standard deviation of z of absent synapses cannot be estimated from so few pairs "
            "and spikes: p-values assume 1, and shared rate changes can cause false calls"
        )
    elif found.null_sd > max(WIDE, 1.0 + 6.0 / math.sqrt(n_scores)):
        _warn(
            f"the z of absent synapses have {found.null_sd:.2f} times the expected standard "
            "deviation, which the p-values account for: neurons share input that the drives do not "
            "follow; give it as stimulus, or a smaller value of shared"
        )


def _warn(message: str) -> None:
    """Warn at the caller of `infer_synapses`."""
    warnings.warn(message, UserWarning, stacklevel=4)


def check_parameters(
    history: float,
    reset: float | None,
    shared: float | None,
    baseline: float | None,
    ridge: float | None,
    tol: float,
    threads: int | None,
) -> None:
    """Raise an error for options out of range."""
    for name, value, most in (("history", history, 1e4), ("reset", reset, 1e3)):
        if value is not None and not 0 <= value <= most:
            raise NeurosimError(f"{name} = {value:g} ms is outside 0 to {most:g} ms")
    for name, value in (("shared", shared), ("baseline", baseline)):
        if value is not None:
            positive(value, name, "ms")
    if ridge is not None:
        finite(ridge, "ridge", low=0.0)
    positive(tol, "tol", "standard errors")
    if threads is not None:
        as_integer(threads, "threads", 1)
