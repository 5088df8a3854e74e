"""Inferred synapses and their significance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.evaluation.measures import NORMAL_95
from bridge.recordings.glm.checks import slope_per_mv
from bridge.recordings.glm.pair_tests import PairTests
from bridge.recordings.glm.population import PopulationGLM
from bridge.recordings.glm.synaptic_kernel import SynapticKernel


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Connectome(PairTests):
    """Synapses between neurons: rows are presynaptic, columns postsynaptic neurons.

    For the attributes of the tests see `bridge.recordings.PairTests`. NaN marks pairs that were not
    fitted: from a neuron to itself, to neurons that were not selected or have too few spikes, and
    from silent neurons.

    Attributes
    ----------
    weights : (n, n) ndarray
        Change of the postsynaptic log-odds of a spike in a bin, at the peak of the time course.
    standard_errors : (n, n) ndarray
        Standard errors of the weights.
    courses : (n, n, n_lags) ndarray
        Time course of each pair, 1, 2, … bins after a spike, with a peak of 1.
    intercepts : (n,) ndarray
        Log-odds of a spike in a bin, long after the last spike and without input, averaged over
        baseline and stimulus.
    cross_entropy : (n,) ndarray
        Total cross-entropy of each neuron's spikes (nats). Kernels can be compared by the sum over
        neurons; smaller is better.
    rates : (n,) ndarray
        Firing rates (Hz) in the epochs in which a neuron is present.
    neurons : (n,) ndarray of int or str
        Names of the neurons.
    kernel : SynapticKernel or None
        The given kernel, None if time courses were learned.
    bin_width : float
        ms.
    prior_sd : float
        Standard deviation of the prior of the weights; infinite without a ridge.
    evaluations : (n,) ndarray of int
        Evaluations of the likelihood for each neuron.
    converged : (n,) ndarray of bool
    stimulus_weights : (n_features, n) ndarray
        Change of the log-odds per standard deviation of each feature of the stimulus.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.inference import infer_synapses
    >>> rng = np.random.default_rng(1)
    >>> first = np.cumsum(rng.uniform(10.0, 200.0, 500))
    >>> second = first[::2] + rng.uniform(1.0, 9.0, 250)
    >>> found = infer_synapses([first, second], duration=first[-1] + 10.0)
    >>> bool(found.weights[0, 1] > 0.0), found.called()[0, 1].item()
    (True, True)
    >>> found.interval.shape
    (2, 2, 2)
    """

    weights: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    courses: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    cross_entropy: NDArray[np.float64]
    rates: NDArray[np.float64]
    neurons: NDArray
    kernel: SynapticKernel | None
    bin_width: float
    prior_sd: float
    evaluations: NDArray[np.int64]
    converged: NDArray[np.bool_]
    stimulus_weights: NDArray[np.float64]

    @classmethod
    def of(cls, glm: PopulationGLM, kernel: SynapticKernel | None) -> Connectome:
        """Return the synapses that a fitted population model found."""
        tests = glm.tests_
        arrays = {
            "z": tests.z,
            "flatness": tests.flatness,
            "synchrony": tests.synchrony,
            "distant": tests.distant,
            "weights": glm.amplitudes_,
            "standard_errors": glm.amplitude_errors_,
            "courses": glm.courses_,
            "intercepts": glm.intercept_,
            "cross_entropy": -glm.log_likelihood_,
            "stimulus_weights": glm.stimulus_,
        }
        for array in arrays.values():
            array.flags.writeable = False
        return cls(
            **arrays,
            rates=glm.rates_,
            neurons=glm.neurons_,
            kernel=kernel,
            bin_width=glm.bin_width_,
            prior_sd=1.0 / np.sqrt(glm.strength_) if glm.strength_ > 0 else np.inf,
            evaluations=glm.evaluations_,
            converged=glm.converged_,
        )

    @property
    def areas(self) -> NDArray[np.float64]:
        """Integral of the time course of each pair (ms), shape (n, n)."""
        return self.bin_width * self.courses.sum(axis=2)

    @property
    def signs(self) -> NDArray[np.int8]:
        """+1 for excitatory, −1 for inhibitory, 0 for unknown; shape (n, n)."""
        return np.sign(np.nan_to_num(self.weights)).astype(np.int8)

    @property
    def interval(self) -> NDArray[np.float64]:
        """95 % intervals of the weights, shape (n, n, 2)."""
        half = NORMAL_95 * self.standard_errors
        return np.stack([self.weights - half, self.weights + half], axis=-1)

    def psps(self, beta: ArrayLike) -> NDArray[np.float64]:
        """Return the strengths in mV, shape (n, n).

        Parameters
        ----------
        beta : float, (n,) or (n, n) array_like
            Log-odds per mV of each postsynaptic neuron or pair: 1/Δ for escape noise,
            `membrane_beta` for membrane noise.
        """
        return self.weights / slope_per_mv(beta, len(self.neurons))
