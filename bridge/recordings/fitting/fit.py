"""Fit the parameters of a spiking neuron to a current-clamp recording."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.evaluation.measures import Measure, bits_per_spike
from bridge.recordings.fitting.forced import can_couple, link_of
from bridge.recordings.fitting.objective import RESOLUTION, Objective
from bridge.recordings.fitting.prediction import (
    best_threshold,
    coincidence,
    free_spikes,
    is_random,
)
from bridge.recordings.fitting.recording import CurrentClamp
from bridge.recordings.fitting.result import NeuronFit, with_values
from bridge.recordings.fitting.search import Found, search
from bridge.recordings.fitting.space import has_upstroke, space_of
from bridge.recordings.fitting.uncertainty import Uncertainty, correlation_time, uncertainty
from bridge.utils.checks import as_integer, finite, positive
from bridge.utils.warn import warn
from neurosim import NeurosimError
from neurosim.utils.checks import show
from neurosim.utils.progress import progress_bar
from neurosim.utils.resources import available_cores

FEWEST_SPIKES = 5
"""Smallest number of spikes that thresholds are fitted to."""
PRECISE = 1e-8
"""Decrease of the loss, relative to it, at which the last search ends."""
STARTS = 48
"""Number of random starting points."""
COUPLINGS = (0.5, 0.1)
"""Rates of coupling to the recorded potential in the first searches (1/ms)."""
BEGINNING = 5000.0
"""Length of the recording that is used while the model is coupled to it (ms)."""
SETTLING = 200.0
"""Time at the start in which the potential is not compared, as initial states are unknown (ms)."""
TRIALS = 20
"""Number of predictions of a neuron that fires at random."""
BLOCK = 500.0
"""Length of the blocks of time for the interval of bits per spike (ms)."""


def fit_neuron(
    model: Any,
    current: ArrayLike | ns.Trace,
    *,
    dt: float | None = None,
    times: ArrayLike | None = None,
    voltage: ArrayLike | ns.Trace | None = None,
    spikes: ArrayLike | None = None,
    free: Iterable[str] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    held_out: float = 0.2,
    mask: tuple[float, float] = (2.0, 3.0),
    spike_level: float = -10.0,
    window: float = 4.0,
    seed: int = 0,
    threads: int | None = None,
    progress: bool | None = None,
) -> NeuronFit:
    """Fit the parameters of a neuron model to a current-clamp recording.

    The model is simulated with the recorded current and is reset where the recorded neuron spiked.
    Its potential between the spikes is fitted by least squares. Parameters of its threshold are
    fitted by maximum likelihood of the spike train, together with those that the potential depends
    on. Models without random firing receive a soft threshold for this purpose.

    Parameters
    ----------
    model : neuron model or class of neuron models
        `LIF` or any `NeuronModel`, also a custom one. Parameters that are not free keep its values;
        the search starts around the others.
    current : (n_steps,) array_like, Series, AnalogSignal or Trace
        Injected current (pA). Sample k is injected from time k·dt on.
    dt : float, optional
        Sampling interval (ms). Required without `times` and traces.
    times : (n_steps,) array_like, optional
        Times of the samples (ms), instead of `dt`.
    voltage : (n_steps,) array_like, Series, AnalogSignal or Trace, optional
        Membrane potential (mV). Sample k is at time k·dt; traces have their own times. NaN is
        ignored.
    spikes : (n_spikes,) array_like, optional
        Spike times (ms) after the first sample. Default: where the voltage rises above
        `spike_level`.
    free : sequence of str, optional
        Names of the parameters to fit, also ``"escape.delta"`` and ``"escape.tau"``. Default: all
        except `t_ref`, `v_peak`, `lambda_0`, those of `escape` and the time constants of `GIF`.
    bounds : dict of str to (float, float), optional
        Bounds of free parameters. Default: their declared range.
    held_out : float
        Fraction of the recording, at its end, on which the fit is tested instead; 0 to 0.9.
    mask : (float, float)
        Time before and after spikes in which the potential is not compared (ms). At least the
        refractory period of the model is left out.
    spike_level : float
        Potential whose crossing is a spike (mV).
    window : float
        Largest distance of coinciding spikes (ms).
    seed : int
        Seed of starting points and predictions; the same seed gives the same bits.
    threads : int, optional
        Number of threads. Default: number of cores. The result does not depend on it.
    progress : bool, optional
        Whether to show progress on stderr. Default: in a terminal or notebook, if the fit takes
        longer than two seconds.

    Returns
    -------
    NeuronFit

    Raises
    ------
    NeurosimError
        If the recording or an argument is invalid.

    Warns
    -----
    UserWarning
        If the data do not determine a parameter, a parameter is at a bound, or the search does not
        converge.

    Notes
    -----
    Intervals allow for errors that are correlated in time, such as those of a model that is only
    approximately right. They do not include the uncertainty of parameters that are not free.
    The threshold of a model without random firing is then moved where the model, run freely, has a
    clearly larger coincidence factor.

    References
    ----------
    C. Pozzorini et al., *Automated high-throughput characterization of single neurons by means of
    simplified spiking models*, PLoS Comput. Biol. 11:e1004275 (2015).
    S. Mensi et al., J. Neurophysiol. 107:1756 (2012).

    Examples
    --------
    >>> import numpy as np
    >>> import bridge
    >>> import neurosim as ns
    >>> current = np.repeat(np.random.default_rng(1).normal(200.0, 150.0, 200), 50)
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF(tau_m=15.0, c_m=200.0))
    >>> drive = net.drive(cell, ns.CurrentWaveform(current, interval=0.1))
    >>> recording = net.record(cell, "v")
    >>> result = ns.simulate(net, 1000.0)
    >>> fit = bridge.fit_neuron(ns.LIF, current, voltage=result.traces["cell", "v"],
    ...                         spikes=result.spikes["cell"].times, free=["tau_m", "c_m"])
    >>> fit
    <NeuronFit: LIF(tau_m = 15 ms, c_m = 200 pF), Γ = 1.00>
    """
    neuron = _neuron(model)
    held_out = finite(held_out, "held_out", "", 0.0)
    if held_out > 0.9:
        raise NeurosimError(f"held_out = {held_out:g} is above 0.9: leave more for the fit")
    before, after = _mask(mask)
    after = max(after, float(getattr(neuron, "t_ref", 0.0)))
    window = positive(window, "window", "ms")
    seed = as_integer(seed, "seed", 0)
    data = CurrentClamp.of(current, dt, times, voltage, spikes, spike_level)
    space = space_of(neuron, free, bounds)
    _check_refractory(neuron, data)
    n_train = data.n_steps - round(held_out * data.n_steps)
    training = data.first(n_train)
    kept = training.between_spikes(before, after)
    kept[: round(min(SETTLING, 0.05 * training.duration) / training.dt)] = False
    objective = Objective(
        *(neuron, space, training, kept),
        uses_voltage=data.voltage is not None,
        uses_spikes=link_of(neuron) is not None,
        threads=as_integer(threads, "threads", 1) if threads else available_cores(),
    )
    _check_spikes(objective)
    with progress_bar(show=progress, text="fitting the neuron"):
        fitted = _fit(objective, seed)
        return _result(fitted, data, (before, after), held_out, window, seed)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A minimum with its objective and uncertainty."""

    objective: Objective
    found: Found
    uncertainty: Uncertainty
    of: NDArray[np.bool_]


def _fit(objective: Objective, seed: int) -> _Fitted:
    """Fit the potential, then the threshold, then both."""
    space = objective.space
    starts = space.starts(STARTS, seed)
    of, rest, tau = np.ones(len(space.free), bool), np.ones(len(space.free), bool), 0.5
    final, found = objective, Found(space.start, math.inf, True)
    if objective.uses_voltage:
        found, tau, final = _fit_potential(objective, starts)
        rest = np.diag(final.derivatives(found.point[None])[0].curvature) <= 0.0
    # An upstroke is part of the potential: spikes contain no more about the parameters.
    joint = objective.uses_spikes and not (
        objective.uses_voltage and has_upstroke(objective.neuron)
    )
    if objective.uses_spikes and rest.any():
        firing = replace(objective, uses_voltage=False)
        starts = np.where(rest, starts, found.point)
        soft = search(firing, starts, free=rest, tol=1e-6)
        found = replace(found, point=soft.point) if objective.uses_voltage else soft
    if objective.uses_voltage and joint:
        final = replace(final, uses_spikes=True)
        found = search(final, found.point[None], tol=PRECISE)
    elif objective.uses_voltage:
        of = ~rest
    derivatives = final.derivatives(found.point[None], of)[0]
    return _Fitted(final, found, uncertainty(final, derivatives, of, tau), of)


def _fit_potential(
    objective: Objective, starts: NDArray[np.float64]
) -> tuple[Found, float, Objective]:
    """Fit the potential between spikes.

    Returns
    -------
    found : Found
    tau : float
        Correlation time of the errors (steps).
    objective : Objective
        Its loss is the likelihood of the potential.
    """
    potential = replace(objective, uses_spikes=False)
    data = objective.data
    n_steps = min(data.n_steps, round(BEGINNING / data.dt))
    short = replace(potential, data=data.first(n_steps), kept=objective.kept[:n_steps])
    for coupling in COUPLINGS if can_couple(objective.neuron) else ():
        coupled = replace(short, coupling=coupling)
        starts = search(coupled, starts, tol=1e-3).point[None]
    found = search(potential, starts, tol=1e-3)
    _, weight = _noise(potential, found.point)
    found = search(replace(potential, weight=weight), found.point[None], tol=PRECISE)
    tau, weight = _noise(potential, found.point)
    return found, tau, replace(potential, weight=weight)


def _noise(objective: Objective, point: NDArray[np.float64]) -> tuple[float, float]:
    """Return the correlation time of the errors of the potential (steps), and their weight."""
    error = objective.course(point).error[0]
    tau = correlation_time(error)
    return tau, 1.0 / ((float(np.mean(error**2)) + RESOLUTION**2) * 2.0 * tau)


def _result(
    fitted: _Fitted,
    data: CurrentClamp,
    mask: tuple[float, float],
    held_out: float,
    window: float,
    seed: int,
) -> NeuronFit:
    """Test the fit on the rest of the recording."""
    objective, space, point = fitted.objective, fitted.objective.space, fitted.found.point
    values = dict(zip(space.names, space.values(point), strict=True))
    labelled = {  # without rounding errors beyond the bounds
        one.label: float(np.clip(values[one.name], one.low, one.high))
        for one in space.free
        if one.label
    }
    neuron = with_values(objective.neuron, labelled)
    moved = best_threshold(neuron, objective, labelled, window)
    labelled |= moved
    neuron = with_values(neuron, moved)
    stop = objective.data.n_steps
    tested = np.arange(data.n_steps) >= (stop if held_out else 0)
    kept = data.between_spikes(*mask)
    whole = replace(objective, data=data, kept=kept, uses_spikes=link_of(neuron) is not None)
    course = whole.course(point)
    error = course.error[0][tested[kept]] if objective.uses_voltage else np.empty(0)
    trains = free_spikes(neuron, data, TRIALS if is_random(neuron) else 1, seed)
    first = stop * data.dt if held_out else 0.0
    factor, reliability = coincidence(trains, data, first, window)
    probability, bits = None, None
    if whole.uses_spikes:
        probability = -np.expm1(-course.mean[0])
        bits = _bits(probability, data, tested)
    _warn(fitted)
    measures, errors = _precision(fitted, labelled)
    return NeuronFit(
        neuron=neuron,
        parameters=measures,
        standard_errors=errors,
        coincidence=factor,
        reliability=reliability,
        voltage_error=float(np.sqrt(np.mean(error**2))) if len(error) else math.nan,
        bits_per_spike=bits,
        probability=probability,
        spikes=data.spike_times,
        tested_from=first,
        converged=fitted.found.converged,
        recording=data,
    )


def _bits(
    probability: NDArray[np.float64], data: CurrentClamp, tested: NDArray[np.bool_]
) -> Measure | None:
    """Return the bits per spike in the tested part."""
    fired = np.zeros(data.n_steps)
    fired[data.steps] = 1.0
    if not fired[tested].any():
        return None
    blocks = (np.arange(data.n_steps) * data.dt // BLOCK)[tested]
    return bits_per_spike(fired[tested], np.clip(probability[tested], 1e-12, 1.0), blocks)


def _precision(
    fitted: _Fitted, values: Mapping[str, float]
) -> tuple[dict[str, Measure], dict[str, float]]:
    """Return the parameters with their intervals, and their standard errors."""
    space, point, found = fitted.objective.space, fitted.found.point, fitted.uncertainty
    deviations = np.sqrt(np.diag(found.covariance))
    centre = space.values(point)
    errors = np.where(space.logs, centre, 1.0) * deviations
    with np.errstate(over="ignore"):
        ends = [space.values(point + sign * found.quantile * deviations) for sign in (-1.0, 1.0)]
    measures = {}
    for k, one in enumerate(space.free):
        if one.label:
            shift = values[one.label] - centre[k]
            low, high = (float(end[k] + shift) for end in ends)
            measures[one.label] = Measure(values[one.label], one.unit, low, high)
    labelled = zip(space.free, errors.tolist(), strict=True)
    return measures, {one.label: error for one, error in labelled if one.label}


def _warn(fitted: _Fitted) -> None:
    """Warn of parameters that the data do not determine, and of bounds that were reached."""
    space = fitted.objective.space
    values = space.values(fitted.found.point)
    free = [(k, one) for k, one in enumerate(space.free) if one.label]
    unknown = [o.label for k, o in free if fitted.uncertainty.undetermined[k] or not fitted.of[k]]
    at_bound = [
        one.label
        for k, one in free
        if fitted.of[k] and np.isclose(values[k], (one.low, one.high), rtol=1e-9, atol=0.0).any()
    ]
    if unknown:
        warn(f"the recording does not determine {', '.join(unknown)}: leave them out of free")
    if at_bound:
        warn(
            f"{', '.join(at_bound)}: the fit is at a bound of the parameter, so intervals are not "
            "valid; give wider bounds, or another model"
        )
    if not fitted.found.converged:
        warn("the search did not converge: fit fewer parameters, or narrow their bounds")


def _neuron(model: Any) -> Any:
    """Return the checked neuron."""
    if inspect.isclass(model) and issubclass(model, (ns.LIF, ns.NeuronModel)):
        model = model()
    if not isinstance(model, (ns.LIF, ns.NeuronModel)):
        raise NeurosimError(
            f"model = {show(model)} is not a neuron model: give one such as ns.AdEx()"
        )
    if not model.is_uniform:
        raise NeurosimError(
            f"the parameters of model = {show(model)} differ between neurons: give numbers"
        )
    return model


def _mask(mask: Any) -> tuple[float, float]:
    """Return the checked times before and after spikes."""
    try:
        before, after = mask
    except (TypeError, ValueError):
        raise NeurosimError(
            f"mask = {show(mask)}: give the times before and after spikes in ms, such as (1.0, 3.0)"
        ) from None
    return finite(before, "mask", "ms", 0.0), finite(after, "mask", "ms", 0.0)


def _check_refractory(neuron: Any, data: CurrentClamp) -> None:
    """Raise an error if spikes follow each other within the refractory period."""
    t_ref = float(getattr(neuron, "t_ref", 0.0))
    shortest = float(np.diff(data.steps).min()) * data.dt if len(data.steps) > 1 else math.inf
    if shortest <= t_ref - 0.5 * data.dt:
        raise NeurosimError(
            f"two spikes are {shortest:.4g} ms apart, within the refractory period t_ref = "
            f"{t_ref:g} ms of the model: set a shorter one, such as t_ref={0.9 * shortest:.2g}"
        )


def _check_spikes(objective: Objective) -> None:
    """Raise an error if there are too few spikes for the free parameters."""
    n, name = len(objective.data.steps), type(objective.neuron).__name__
    if not objective.uses_voltage and not objective.uses_spikes:
        raise NeurosimError(
            f"{name} has no threshold parameter that could be fitted to spikes: give the voltage"
        )
    if n < FEWEST_SPIKES:
        raise NeurosimError(
            f"{n} spikes before the held-out part: at least {FEWEST_SPIKES} are needed; give a "
            "longer recording, or a smaller held_out"
        )
