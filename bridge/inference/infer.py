"""Inference of synapses from spikes: one logistic neuron per recorded neuron, in parallel."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from bridge.inference.connectome import Connectome
from bridge.inference.covariates import Covariates, OwnPast
from bridge.inference.drive import Drive, SlowDrive
from bridge.inference.drives import Drives
from bridge.inference.kernel import SynapticKernel
from bridge.inference.neuron import Fitted, Likelihood, fit, prior_variance, score_at_rest
from bridge.inference.observation import Observation, count_spikes
from bridge.inference.trains import BinnedTrains, bin_trains
from neurosim import NeurosimError
from neurosim.progress import progress_bar
from neurosim.resources import available_cores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST = 10
"""Spikes below which a neuron's synapses are not fitted."""
SYNCHRONOUS = 5.0
"""z of coincidences over all pairs above which to warn: 3 in ten million by chance."""
WIDE = 1.3
"""Spread of the z of absent synapses above which to warn."""

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
    progress: bool = False,
) -> Connectome:
    """Infer which neurons are connected, how strongly and with which sign, from spikes alone.

    Each neuron is a logistic neuron whose inputs are the spikes of all others, filtered by a
    synaptic kernel, its own last spike, slow drives and, if given, a stimulus: maximum of the
    exact likelihood, with a normal prior on the weights (a generalised linear model of the
    population: Pillow et al. 2008, Nature 454:995). The design matrix is never built, so a step
    costs bins + spikes and not bins × neurons.

    Rate changes that neurons share look like synapses. Two kinds of covariates account for slow
    ones: drives that neurons share, which are estimated from the spikes of all other neurons and
    act on each with a weight of its own, and a smooth baseline of each neuron. Faster shared input
    must be given as `stimulus`; otherwise it shows in the residuals, which are checked.

    Parameters
    ----------
    spikes : Result, SpikeTrains, list, dict, (times, ids), table, matrix or list of neo.SpikeTrain
        As in `bin_trains`: ms, ascending.
    duration : float, optional
        Length of the recording (ms); results, Neo's trains and matrices bring it with them.
    bin_width : float
        ms; narrow enough that a neuron rarely fires twice in a bin.
    kernel : SynapticKernel, optional
        Time course of a synapse's effect; by default 10 ms, after 1 ms.
    history : float
        How long a neuron remembers its last spike (ms), in steps that widen from 1 to 40 ms.
    reset : float, optional
        Refractory period (ms), where a spike erases the input received and input is lost until it
        is over: exact for `LIF` with escape noise. Not done by default.
    shared : float, optional
        Distance (ms) of the knots of the shared drives, up to three, which can follow periods of
        about six such distances and more. Their number and smoothness are chosen by marginal
        likelihood; neurons without shared rate changes get none. None for none in any case.
    baseline : float, optional
        Distance (ms) of the knots of the baseline of each neuron, a multiple of `shared`, whose
        smoothness is chosen likewise. None for a constant baseline.
    stimulus : (n_bins,) or (n_bins, n_features) array_like, optional
        Covariates that act on all neurons, each neuron with weights of its own: a stimulus (see
        `bridge.lagged` for its past), the rate of another area, a trial's phase. One row per bin.
    epochs : (n_epochs, 2) array_like, optional
        Starts and stops (ms) of the parts of the recording that count, such as trials. Spikes
        outside still act as inputs and as own history. By default the whole recording.
    presence : dict or sequence, optional
        For each neuron, by name or in order, the intervals (ms) in which it was observed, shape
        (n_intervals, 2); None or missing for those that always were. Its rate and its synapses are
        those of this time. While it is absent, its input to others is taken to be the mean.
    ridge : float, optional
        1/variance of the prior of the weights. By default chosen from the data (empirical Bayes by
        moments, over all pairs): long recordings are hardly shrunk, and short ones are ranked as by
        cross-correlation through the same kernel.
    neurons : (n_post,) array_like, optional
        Names of the neurons whose input synapses to infer; by default all.
    tol : float
        Distance from the optimum at which to stop, in standard errors.
    threads : int, optional
        By default the number of cores. The result does not depend on it, to the bit.
    progress : bool
        Whether to draw a progress bar with the time left on stderr.

    Returns
    -------
    Connectome

    Raises
    ------
    NeurosimError
        For spikes that `bin_trains` refuses, and parameters out of range.

    Warns
    -----
    UserWarning
        Where neurons have too few spikes, fits did not converge or bins hold two spikes, where
        spikes of absent neurons are left out, where the residuals after the spikes of a neuron are
        not flat, and where the z of absent synapses spread more widely than the model expects. In
        the last two cases the share of false calls can exceed the one asked for.
    """
    _check_parameters(history, reset, shared, baseline, ridge, tol, threads)
    trains = bin_trains(spikes, duration, bin_width)
    observation = Observation.of(trains, epochs, presence)
    if not observation.is_present:
        trains, absent = observation.without_absent(trains)
        _warn_of_absent(absent)
    counted = count_spikes(trains, observation)
    places = _places(trains, counted.spikes, neurons)
    standardised = None if stimulus is None else _standardised(stimulus, trains.n_bins)
    drives = Drives.of(trains, observation, shared, baseline)
    covariates = Covariates(
        trains,
        SynapticKernel() if kernel is None else kernel,
        *(drives.slow_rates, drives.absent, counted.bins),
    )

    slow: dict[int, SlowDrive | None] = {}

    def likelihood(place: int) -> Likelihood:
        past = OwnPast.of(covariates, place, history, reset, observation.counted(place))
        if place not in slow:
            slow[place] = drives.of_neuron(place, past)
        drive = Drive(covariates, past, slow[place], standardised)
        return Likelihood(covariates, place, past, drive)

    bar = progress_bar(len(places), show=progress, unit="neurons", text="fitting")
    # A BLAS that splits its work among threads would take the cores from the neurons.
    with threadpool_limits(limits=1, user_api="blas"), bar as report:
        precision = ridge
        if precision is None:
            rested = _in_parallel(lambda place: score_at_rest(likelihood(place)), places, threads)
            scores, spreads = (np.array(found) for found in zip(*rested, strict=True))
            precision = 1.0 / prior_variance(scores, spreads, places, covariates.covariance)
        _ = covariates.principal  # computed once, before the threads ask for it
        fits = _in_parallel(
            lambda place: fit(likelihood(place), precision, tol=tol), places, threads, report
        )
    found = _connectome(covariates, places, fits, precision)
    _warn_of_misfit(found)
    return found


def _connectome(
    covariates: Covariates, places: NDArray[np.intp], fits: list[Fitted], precision: float
) -> Connectome:
    """Return the fitted neurons side by side."""
    trains, n = covariates.trains, covariates.trains.n_neurons
    weights, errors, z, flatness, synchrony = (np.full((n, n), np.nan) for _ in range(5))
    intercepts, losses = np.full(n, np.nan), np.full(n, np.nan)
    evaluations, converged = np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
    stimulus = np.full((len(fits[0].stimulus), n), np.nan)
    distant = np.full((n, n, fits[0].flatness.distant.shape[1]), np.nan)
    fired = trains.counts > 0
    for place, found in zip(places, fits, strict=True):
        sources = fired.copy()
        sources[place] = False
        weights[sources, place] = found.weights[sources]
        errors[sources, place] = np.sqrt(found.posterior[sources])
        z[sources, place] = found.weights[sources] / np.sqrt(found.sampling[sources])
        flatness[sources, place] = found.flatness.p_values[sources]
        synchrony[sources, place] = found.flatness.z[sources, 0]
        distant[sources, place] = found.flatness.distant[sources]
        stimulus[:, place] = found.stimulus
        intercepts[place], losses[place] = found.intercept, found.loss
        evaluations[place], converged[place] = found.evaluations, found.converged
    _warn_of_unfinished(trains.neurons[places[~converged[places]]])
    for array in (weights, errors, z, flatness, synchrony, distant, stimulus):
        array.flags.writeable = False
    prior_sd = 1.0 / math.sqrt(precision) if precision > 0 else math.inf
    rates = covariates.rates / trains.width * 1e3
    return Connectome(
        *(weights, errors, z, intercepts, losses, rates, trains.neurons),
        *(covariates.kernel, trains.width, prior_sd, evaluations, converged),
        *(stimulus, flatness, synchrony, distant),
    )


def _standardised(stimulus: ArrayLike, n_bins: int) -> NDArray[np.float64]:
    """Return the stimulus with mean 0 and standard deviation 1, shape (n_bins, n_features)."""
    try:
        values = np.asarray(stimulus, dtype=float)
    except (TypeError, ValueError):
        raise NeurosimError("stimulus must be an array of numbers, one row per bin") from None
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != n_bins or values.shape[1] == 0:
        raise NeurosimError(
            f"stimulus of shape {np.shape(stimulus)}: give one row for each of the {n_bins} bins, "
            "and one column per feature"
        )
    if not np.isfinite(values).all():
        raise NeurosimError("stimulus holds values that are not finite: replace or mask them")
    values = values - values.mean(axis=0)
    spread = values.std(axis=0)
    return values / np.where(spread > 0, spread, 1.0)


def _in_parallel(
    work: Callable[[int], T],
    places: Iterable[int],
    threads: int | None,
    report: Callable[[float], None] = lambda done: None,
) -> list[T]:
    """Return the results for all places, in order; Ctrl-C cancels work that has not begun."""
    pool = ThreadPoolExecutor(threads or available_cores())
    try:
        found = []
        for result in pool.map(work, [int(place) for place in places]):
            found.append(result)
            report(len(found))
        return found
    finally:
        pool.shutdown(cancel_futures=True)


def _places(
    trains: BinnedTrains, counts: NDArray[np.int64], neurons: ArrayLike | None
) -> NDArray[np.intp]:
    """Return the indices of the neurons to fit, without those that fired too rarely."""
    places = np.arange(trains.n_neurons)
    if neurons is not None:
        wanted = np.unique(np.asarray(neurons))
        known = np.isin(wanted, trains.neurons)
        if wanted.ndim != 1 or len(wanted) == 0 or not known.all():
            missing = ", ".join(map(str, wanted[~known][:5])) or "none given"
            raise NeurosimError(f"neurons not among the {trains.n_neurons} recorded: {missing}")
        places = np.flatnonzero(np.isin(trains.neurons, wanted))
    enough = counts[places] >= FEWEST
    if not enough.any():
        raise NeurosimError(
            f"no neuron fired {FEWEST} times or more: so few spikes do not suffice for synapses"
        )
    if not enough.all():
        few = trains.neurons[places[~enough]]
        named = ", ".join(map(str, few[:10])) + (", ..." if len(few) > 10 else "")
        warnings.warn(
            f"{len(few)} neurons fired fewer than {FEWEST} times ({named}): the synapses onto them "
            "are left as NaN",
            UserWarning,
            stacklevel=3,
        )
    return places[enough]


def _warn_of_unfinished(neurons: NDArray) -> None:
    if len(neurons):
        named = ", ".join(map(str, neurons[:10])) + (", ..." if len(neurons) > 10 else "")
        warnings.warn(
            f"the fit of {len(neurons)} neurons ({named}) did not come within tol of its optimum: "
            "give a larger tol or a ridge",
            UserWarning,
            stacklevel=4,
        )


def _warn_of_absent(spikes: int) -> None:
    if spikes:
        warnings.warn(
            f"{spikes:,} spikes lie outside the presence of their neurons and are left out",
            UserWarning,
            stacklevel=3,
        )


def _warn_of_misfit(found: Connectome) -> None:
    """Warn where the residuals or the scores show that the model does not hold."""
    uneven, n_scores = found.misfits(), len(found.null_scores)
    # A single pair is a synapse of another time course: its strength is off, but no other call.
    if uneven.sum() > 1:
        worst = np.unravel_index(np.nanargmin(found.flatness), uneven.shape)
        first, second = (found.neurons[k] for k in worst)
        taus = ", ".join(f"{tau:g}" for tau in found.kernel.taus)
        _warn(
            f"the residuals after the spikes of a neuron are not flat for {int(uneven.sum())} of "
            f"{int(np.isfinite(found.flatness).sum())} pairs (most clearly {first} onto {second}): "
            f"the kernel of {taus} ms does not suit the synapses, or neurons share input that "
            "changes faster than the drives; false calls can exceed the fdr: give another kernel, "
            "or the shared input as stimulus"
        )
    if found.shared_input > SYNCHRONOUS:
        _warn(
            "neurons fire in the same bin more often than the model expects (z = "
            f"{found.shared_input:.1f} over all pairs): they share input that changes faster than "
            "the drives; false calls can exceed the fdr: give the shared input as stimulus"
        )
    if n_scores == 0:
        _warn(
            "the spread of z of absent synapses cannot be estimated from so few pairs and spikes: "
            "the p-values take it to be 1, and shared rate changes can make false calls"
        )
    elif found.null_sd > max(WIDE, 1.0 + 6.0 / math.sqrt(n_scores)):
        _warn(
            f"the z of absent synapses spread {found.null_sd:.2f} times as widely as the model "
            "expects, which the p-values take into account: neurons share input that the drives "
            "do not follow: give it as stimulus, or a smaller value of shared"
        )


def _warn(message: str) -> None:
    """Warn from the caller of `infer_synapses`."""
    warnings.warn(message, UserWarning, stacklevel=4)


def _check_parameters(
    history: float,
    reset: float | None,
    shared: float | None,
    baseline: float | None,
    ridge: float | None,
    tol: float,
    threads: int | None,
) -> None:
    for name, value, most in (("history", history, 1e4), ("reset", reset, 1e3)):
        if value is not None and not 0 <= value <= most:
            raise NeurosimError(f"{name} = {value:g} ms is outside 0 to {most:g} ms")
    for name, value in (("shared", shared), ("baseline", baseline)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise NeurosimError(
                f"{name} = {value:g} ms is not a finite time above 0 ms: give the distance of "
                "its knots, or None to leave it out"
            )
    if ridge is not None and not (math.isfinite(ridge) and ridge >= 0):
        raise NeurosimError(f"ridge = {ridge:g} is not a finite number from 0")
    if not (math.isfinite(tol) and tol > 0):
        raise NeurosimError(f"tol = {tol:g} standard errors is not a finite number above 0")
    if threads is not None and threads < 1:
        raise NeurosimError(f"threads = {threads} is below 1: give at least one thread")
