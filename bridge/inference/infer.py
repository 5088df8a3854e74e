"""Inference of synapses from spikes by fitting a logistic neuron to each neuron."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from bridge.inference.checks import (
    check_parameters,
    standardised,
    warn_of_absent,
    warn_of_misfit,
    warn_of_unfinished,
)
from bridge.inference.connectome import Connectome
from bridge.recordings.data.observation import Observation, count_spikes
from bridge.recordings.data.trains import BinnedTrains, bin_trains
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.likelihood import Fitted, Likelihood, fit, prior_variance, score_at_rest
from bridge.recordings.glm.spike_history import SpikeHistory
from bridge.recordings.glm.synaptic_kernel import SynapticKernel
from bridge.recordings.slow.drives import Drive, Drives, SlowDrive
from neurosim import NeurosimError
from neurosim.utils.progress import no_report, progress_bar
from neurosim.utils.resources import available_cores

# Smallest number of spikes of a neuron whose synapses are fitted.
FEWEST = 10

T = TypeVar("T")


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

    Each neuron is fitted by a logistic neuron whose covariates are the spikes of all others,
    filtered by a synaptic kernel, its own last spike, slow drives and optionally a stimulus. The
    fit maximises the exact likelihood with a normal prior on the weights (a generalised linear
    model of the population: Pillow et al. 2008, Nature 454:995). Without a design matrix, a step
    costs bins + spikes instead of bins × neurons.

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
        Time course of synaptic effects. Default: exponential with a time constant of 10 ms after
        a delay of 1 ms.
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
    check_parameters(history, reset, shared, baseline, ridge, tol, threads)
    trains = bin_trains(spikes, duration, bin_width)
    observation = Observation.of(trains, epochs, presence)
    if not observation.is_present:
        trains, absent = observation.without_absent(trains)
        warn_of_absent(absent)
    counted, present = count_spikes(trains, observation)
    indices = _selected(trains, counted, neurons)
    features = None if stimulus is None else standardised(stimulus, trains.n_bins)
    drives = Drives.of(trains, observation, shared, baseline)
    covariates = Covariates(
        trains,
        SynapticKernel() if kernel is None else kernel,
        *(drives.slow_rates, drives.absent, present),
    )

    slow: dict[int, SlowDrive | None] = {}

    def likelihood(index: int) -> Likelihood:
        past = SpikeHistory.of(covariates, index, history, reset, observation.counted(index))
        if index not in slow:
            slow[index] = drives.of_neuron(index, past)
        drive = Drive(covariates, past, slow[index], features)
        return Likelihood(covariates, index, past, drive)

    bar = progress_bar(len(indices), show=progress, unit="neurons", text="fitting")
    # Neurons are fitted in parallel, so BLAS uses one thread.
    with threadpool_limits(limits=1, user_api="blas"), bar as report:
        precision = ridge
        if precision is None:
            at_rest = _in_parallel(lambda index: score_at_rest(likelihood(index)), indices, threads)
            scores, spreads = (np.array(found) for found in zip(*at_rest, strict=True))
            precision = 1.0 / prior_variance(scores, spreads, indices, covariates.covariance)
        _ = covariates.principal  # cached before threads use it
        fits = _in_parallel(
            lambda index: fit(likelihood(index), precision, tol=tol), indices, threads, report
        )
    found = _connectome(covariates, indices, fits, precision)
    warn_of_misfit(found)
    return found


def _connectome(
    covariates: Covariates, indices: NDArray[np.intp], fits: list[Fitted], precision: float
) -> Connectome:
    """Collect the fits of all neurons."""
    trains, n = covariates.trains, covariates.trains.n_neurons
    weights, errors, z, flatness, synchrony = (np.full((n, n), np.nan) for _ in range(5))
    intercepts, losses = np.full(n, np.nan), np.full(n, np.nan)
    evaluations, converged = np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
    stimulus = np.full((len(fits[0].stimulus), n), np.nan)
    distant = np.full((n, n, fits[0].flatness.distant.shape[1]), np.nan)
    fired = trains.counts > 0
    for index, found in zip(indices, fits, strict=True):
        sources = fired.copy()
        sources[index] = False
        weights[sources, index] = found.weights[sources]
        errors[sources, index] = np.sqrt(found.posterior[sources])
        z[sources, index] = found.weights[sources] / np.sqrt(found.sampling[sources])
        flatness[sources, index] = found.flatness.p_values[sources]
        synchrony[sources, index] = found.flatness.z[sources, 0]
        distant[sources, index] = found.flatness.distant[sources]
        stimulus[:, index] = found.stimulus
        intercepts[index], losses[index] = found.intercept, found.loss
        evaluations[index], converged[index] = found.evaluations, found.converged
    warn_of_unfinished(trains.neurons[indices[~converged[indices]]])
    for array in (weights, errors, z, flatness, synchrony, distant, stimulus):
        array.flags.writeable = False
    prior_sd = 1.0 / math.sqrt(precision) if precision > 0 else math.inf
    rates = covariates.rates / trains.width * 1e3
    return Connectome(
        *(weights, errors, z, intercepts, losses, rates, trains.neurons),
        *(covariates.kernel, trains.width, prior_sd, evaluations, converged),
        *(stimulus, flatness, synchrony, distant),
    )


def _in_parallel(
    work: Callable[[int], T],
    indices: Iterable[int],
    threads: int | None,
    report: Callable[[float], object] = no_report,
) -> list[T]:
    """Return the results for all indices in order; Ctrl-C cancels pending work."""
    pool = ThreadPoolExecutor(threads or available_cores())
    try:
        found = []
        for result in pool.map(work, [int(index) for index in indices]):
            found.append(result)
            report(len(found))
        return found
    finally:
        pool.shutdown(cancel_futures=True)


def _selected(
    trains: BinnedTrains, counts: NDArray[np.int64], neurons: ArrayLike | None
) -> NDArray[np.intp]:
    """Return the indices of the selected neurons with enough spikes."""
    indices = np.arange(trains.n_neurons)
    if neurons is not None:
        wanted = np.unique(np.asarray(neurons))
        known = np.isin(wanted, trains.neurons)
        if wanted.ndim != 1 or len(wanted) == 0 or not known.all():
            missing = ", ".join(map(str, wanted[~known][:5])) or "none given"
            raise NeurosimError(f"neurons not among the {trains.n_neurons} recorded: {missing}")
        indices = np.flatnonzero(np.isin(trains.neurons, wanted))
    enough = counts[indices] >= FEWEST
    if not enough.any():
        raise NeurosimError(f"no neuron fired at least {FEWEST} times: give a longer recording")
    if not enough.all():
        few = trains.neurons[indices[~enough]]
        named = ", ".join(map(str, few[:10])) + (", ..." if len(few) > 10 else "")
        warnings.warn(
            f"{len(few)} neurons fired fewer than {FEWEST} times ({named}): synapses onto them are "
            "NaN",
            UserWarning,
            stacklevel=3,
        )
    return indices[enough]
