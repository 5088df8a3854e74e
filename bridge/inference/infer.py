"""Inference of synapses from spikes by fitting a logistic neuron to each neuron."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from bridge.inference.connectome import Connectome
from bridge.recordings.data.trains import bin_trains
from bridge.recordings.glm.bases import NoHistory, Steps
from bridge.recordings.glm.population import PopulationGLM
from bridge.recordings.glm.synaptic_kernel import KernelBasis, SynapticKernel
from bridge.utils.checks import as_float, finite
from neurosim import NeurosimError

# Longest spike history (ms).
LONGEST_HISTORY = 1e4
# Edges (ms) of the steps of the time since the last spike.
AGES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64, 80, 100, 130, 160, 200)


def infer_synapses(
    spikes: Any,
    duration: float | None = None,
    *,
    bin_width: float = 1.0,
    kernel: SynapticKernel | None = None,
    history: float = 100.0,
    reset: float | None = None,
    shared: float | None = 200.0,
    baseline: float | None = 2000.0,
    stimulus: ArrayLike | None = None,
    epochs: Any = None,
    presence: Any = None,
    ridge: float | None = None,
    neurons: ArrayLike | None = None,
    tol: float = 0.01,
    threads: int | None = None,
    progress: bool | None = None,
) -> Connectome:
    """Infer connections, their strengths and signs from spikes.

    Each neuron is fitted by a logistic neuron. Its covariates are the filtered spikes of all
    others, its last spike, slow drives and optionally a stimulus. The time courses of synaptic
    effects are learned, or given by a kernel. `PopulationGLM` has more options.

    Shared rate changes resemble synapses. Slow ones are accounted for by shared drives, which are
    estimated from the spikes of all other neurons and have a weight for each neuron, and by a
    smooth baseline of each neuron. Faster shared input must be given as `stimulus`; otherwise it is
    detected in the residuals, with a warning.

    Parameters
    ----------
    spikes : Result, SpikeTrains, list, dict, (times, ids), table, matrix or list of neo.SpikeTrain
        As in `bin_trains`: ms, ascending.
    duration : float, optional
        Length of the recording (ms); not needed for results, Neo objects and matrices.
    bin_width : float
        Bin width (ms). It should be so short that a neuron rarely fires twice in a bin.
    kernel : SynapticKernel, optional
        Time course of synaptic effects. Default: learned from the data, as a sum of raised cosines
        of up to 50 ms.
    history : float
        Duration of the effect of the last spike (ms), in steps from 1 to 40 ms.
    reset : float, optional
        Refractory period (ms), if a spike cancels earlier input and input during the period is
        lost; exact for `LIF` with escape noise. Default: no reset.
    shared : float, optional
        Distance (ms) of the knots of the shared drives, which follow periods of at least about six
        such distances. Their number, up to three, and smoothness are chosen by marginal likelihood.
        None for no shared drives.
    baseline : float, optional
        Distance (ms) of the knots of the baseline of each neuron, a multiple of `shared`. None for
        a constant baseline.
    stimulus : (n_bins,) or (n_bins, n_features) array_like, optional
        Further covariates with one row per bin, such as a stimulus (see `bridge.lagged` for its
        past), the rate of another area, or the phase of a trial.
    epochs : (n_epochs, 2) array_like, optional
        Starts and stops (ms) of the parts of the recording in the likelihood, such as trials.
        Spikes outside are inputs and history only. Default: the whole recording.
    presence : dict or sequence, optional
        Intervals (ms) in which each neuron was observed, by name or in order, shape
        (n_intervals, 2); None or missing for always. Rate and synapses of the neuron refer to this
        time. Its input to others is replaced by the mean while it is absent.
    ridge : float, optional
        1/variance of the prior of the weights. Default: estimated from the data (empirical Bayes by
        moments over all pairs), which has little effect on long recordings.
    neurons : (n_post,) array_like, optional
        Names of the neurons whose input synapses are inferred. Default: all.
    tol : float
        Tolerance of the fit: distance from the optimum in standard errors.
    threads : int, optional
        Number of threads. Default: number of cores. The result does not depend on it.
    progress : bool, optional
        Whether to show progress and the time left on stderr. Default: in a terminal or notebook,
        if the fit takes longer than two seconds.

    Returns
    -------
    Connectome

    Raises
    ------
    NeurosimError
        If the spikes are invalid or parameters are out of range.

    Warns
    -----
    UserWarning
        If neurons have too few spikes, fits do not converge, bins contain two spikes, spikes of
        absent neurons are ignored, residuals after spikes are not flat, or the z of absent synapses
        have a larger standard deviation than expected. In the last two cases the false discovery
        rate can exceed `fdr`.

    Examples
    --------
    A neuron that often fires shortly after another one:

    >>> import numpy as np
    >>> from bridge.inference import infer_synapses
    >>> rng = np.random.default_rng(1)
    >>> first = np.cumsum(rng.uniform(10.0, 200.0, 500))
    >>> second = first[::2] + rng.uniform(1.0, 9.0, 250)
    >>> found = infer_synapses([first, second], duration=first[-1] + 10.0)
    >>> found.called().tolist()
    [[False, True], [False, False]]
    """
    if not 0 <= as_float(history, "history", "ms") <= LONGEST_HISTORY:
        raise NeurosimError(f"history = {history:g} ms is outside 0 to {LONGEST_HISTORY:g} ms")
    trains = bin_trains(spikes, duration, bin_width)
    edges = (*(time for time in AGES if time < history), float(history))
    glm = PopulationGLM(
        None if kernel is None else KernelBasis(kernel),
        history_basis=Steps(edges, last_spike_only=True) if history else NoHistory(),
        strength="auto" if ridge is None else finite(ridge, "ridge", low=0.0),
        shared=shared,
        baseline=baseline,
        reset=reset,
        tol=tol,
        threads=threads,
        progress=progress,
    )
    glm.fit(trains, epochs=epochs, presence=presence, stimulus=stimulus, neurons=neurons)
    return Connectome.of(glm, kernel)
