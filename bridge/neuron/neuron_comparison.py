"""Comparison of a spiking neuron with the logistic neuron trained on its spikes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.evaluation.comparison import Comparison, prediction_measures
from bridge.evaluation.measures import Measure, agreement, coincidence_factor, reliability_curve
from bridge.evaluation.plot import draw_planes, draw_psps, draw_reliability
from bridge.learning.logistic import LogisticNeuron
from bridge.neuron.mapping import to_spiking
from bridge.neuron.unit import SpikingUnit
from bridge.utils.checks import as_floats, require_type
from neurosim import NeurosimError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Interval between trials (ms) when they are concatenated to a spike train.
WINDOW = 100.0


@dataclass(frozen=True, eq=False)
class NeuronComparison:
    """Trials of a spiking neuron and the predictions of a logistic neuron.

    Attributes
    ----------
    unit : SpikingUnit
    neuron : LogisticNeuron
        Fitted.
    activity : (n_trials, n) ndarray
    fired : (n_trials,) ndarray of bool
        Spikes of the spiking neuron.
    repeated : (n_trials,) ndarray of bool
        Its spikes for the same input and different noise.
    counterpart_fired : (n_trials,) ndarray of bool
        Spikes of the spiking neuron equivalent to the logistic neuron.
    """

    unit: SpikingUnit
    neuron: LogisticNeuron
    activity: NDArray[np.float64]
    fired: NDArray[np.bool_]
    repeated: NDArray[np.bool_]
    counterpart_fired: NDArray[np.bool_]

    @property
    def predicted(self) -> NDArray[np.float64]:
        """Firing probability predicted by the logistic neuron, shape (n_trials,)."""
        return self.neuron.predict_proba(self.activity)[:, 1]

    def measures(self) -> dict[str, Measure]:
        """Return the measures of the comparison by JSON key."""
        predicted, true = self.predicted, self.unit.firing_probability(self.activity)
        same = agreement(true > 0.5, predicted > 0.5)
        correct = agreement(self.fired, predicted > 0.5)
        found = {
            "agreement": replace(same, note=f"{same.note} on the same side of p = 1/2"),
            "predicted": replace(correct, note="trials predicted correctly"),
            **prediction_measures(self.fired, predicted),
        }
        spikes = int(self.fired.sum())
        gain = found["bits_per_spike"].value * np.log(2.0) * spikes
        note = "log-likelihood relative to a constant probability"
        found["log_likelihood_gain"] = Measure(gain, "nats", note=note)
        best = prediction_measures(self.fired, true)["bits_per_spike"]
        note = "with the true firing probability"
        found["bits_per_spike_of_truth"] = replace(best, note=note)
        error = float(np.abs(predicted - true).max())
        note = f"{self.unit.noise.logistic_error:.2g} is due to the link, the rest to training"
        found["largest_error"] = Measure(error, note=note)
        return found | self._coincidences() | self._synapses()

    def _coincidences(self) -> dict[str, Measure]:
        """Return Γ of the concatenated trials for the counterpart and for a repetition."""
        duration = WINDOW * len(self.fired)
        starts = WINDOW * np.arange(len(self.fired))
        found = {}
        for key, other, note in (
            ("coincidence_factor", self.counterpart_fired, "equivalent spiking neuron"),
            ("coincidence_factor_repeat", self.repeated, "repeated simulation of the neuron"),
        ):
            gamma = coincidence_factor(starts[self.fired], starts[other], duration=duration)
            found[key] = Measure(gamma, note=note)
        return found

    def _synapses(self) -> dict[str, Measure]:
        """Return the postsynaptic potentials estimated by the logistic neuron."""
        truth, found = self.unit.psps, {}
        psps, interval = self.neuron.psp_, self.neuron.psp_interval_
        for k, (psp, (low, high)) in enumerate(zip(psps, interval, strict=True)):
            note = f"true: {truth[k]:.4g} mV".replace("-", "−")
            found[f"psp_{k + 1}"] = Measure(psp, "mV", low, high, note)
        inside = (interval[:, 0] <= truth) & (truth <= interval[:, 1])
        note = f"{int(inside.sum())} of {len(truth)} true PSPs lie in their 95 % intervals"
        rmse = float(np.sqrt(np.mean((psps - truth) ** 2)))
        return found | {"psp_error": Measure(rmse, "mV", note="root mean square; " + note)}


def compare_neurons(
    unit: SpikingUnit,
    activity: ArrayLike,
    *,
    fired: ArrayLike | None = None,
    neuron: LogisticNeuron | None = None,
    plane: tuple[int, int] = (0, 1),
    title: str = "A spiking neuron and the logistic neuron trained on its spikes",
    seed: int = 1,
) -> Comparison:
    """Compare a spiking neuron with a logistic one, trial by trial.

    Parameters
    ----------
    unit : SpikingUnit
    activity : (n_trials, n) array_like
        Spikes of each synapse in each trial.
    fired : (n_trials,) array_like of bool, optional
        Trials in which the spiking neuron fired; simulated by default.
    neuron : LogisticNeuron, optional
        Fitted neuron; trained on these trials by default.
    plane : (int, int)
        Synapses whose plane is drawn; all others have their mean activity.
    title : str
    seed : int
        Seed of the simulations.

    Returns
    -------
    Comparison
        Table with agreement, cross-entropy, gain in log-likelihood, bits per spike, Brier score,
        AUC, Γ and PSPs; figure "comparison" with decision planes, calibration and PSPs.

    Raises
    ------
    NeurosimError
        If the neuron fired in every trial or in none, if `plane` is invalid, or if the logistic
        neuron fires at rest, so that it has no PSPs in mV.

    Examples
    --------
    >>> import numpy as np
    >>> import neurosim as ns
    >>> from bridge import GaussianNoise, SpikingUnit, compare_neurons
    >>> unit = SpikingUnit(ns.LIF(), [10.0, 12.0], GaussianNoise(3.0))
    >>> activity = np.random.default_rng(1).integers(0, 2, (2000, 2))
    >>> comparison = compare_neurons(unit, activity)
    >>> comparison.measures["agreement"].text
    '1.00000 (0.99808 to 1.00000)'
    """
    activity = np.atleast_2d(as_floats(activity, "activity"))
    require_type(unit, SpikingUnit, "unit", "a SpikingUnit")
    n = len(unit.psps)
    if len(set(plane)) != 2 or not all(0 <= synapse < n for synapse in plane):
        raise NeurosimError(f"plane = {plane} must hold two different synapses from 0 to {n - 1}")
    fired = unit.fire(activity, seed=seed) if fired is None else np.asarray(fired, dtype=bool)
    if neuron is None:
        distance = unit.logistic_threshold_distance
        neuron = LogisticNeuron(threshold_distance=distance).fit(activity, fired)
    counterpart = to_spiking(neuron, neuron=unit.neuron, noise="escape")
    repeated, imitated = (one.fire(activity, seed=seed + 1) for one in (unit, counterpart))
    found = NeuronComparison(unit, neuron, activity, fired, repeated, imitated)
    return Comparison(title, found.measures(), {"comparison": partial(_draw, found, plane, seed)})


def _planes(
    comparison: NeuronComparison, plane: tuple[int, int], seed: int
) -> tuple[NDArray, NDArray, dict[str, NDArray]]:
    """Return two inputs, and the simulated and predicted firing probabilities."""
    x, y = (_values(comparison.activity[:, synapse]) for synapse in plane)
    points = np.tile(comparison.activity.mean(axis=0), (len(x) * len(y), 1))
    grid = np.meshgrid(x, y)
    for synapse, values in zip(plane, grid, strict=True):
        points[:, synapse] = values.ravel()
    repeats = max(50, 40_000 // len(points))
    fired = comparison.unit.fire(np.repeat(points, repeats, axis=0), seed=seed + 2)
    planes = {
        f"spiking, {repeats} trials per point": fired.reshape(len(points), -1).mean(axis=1),
        "logistic, trained on spikes": comparison.neuron.predict_proba(points)[:, 1],
    }
    return x, y, {name: values.reshape(grid[0].shape) for name, values in planes.items()}


def _values(activity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of one input to draw: those that occur if there are 6 to 25."""
    values = np.unique(activity)
    low, high = float(values[0]), float(values[-1])
    return values if 6 <= len(values) <= 25 else np.linspace(low, max(high, low + 1.0), 21)


def _draw(comparison: NeuronComparison, plane: tuple[int, int], seed: int) -> Figure:
    """Draw decision planes, calibration and PSPs."""
    from neurosim import plot

    fig = plot.figure(9.0, 7.8)
    plot.set_title(fig, "A spiking neuron, and the logistic neuron trained on its spikes")
    rows: Any = fig.subfigures(2, 1, height_ratios=(1.0, 1.1))
    x, y, planes = _planes(comparison, plane, seed)
    first, second = (f"activity of synapse {synapse + 1} (spikes)" for synapse in plane)
    grid = plot.panels(rows[0], 1, 2, sharex=True, sharey=True)
    draw_planes(rows[0], grid, x, y, planes, (first, second))
    left, right = rows[1].subfigures(1, 2)
    upper, lower = plot.panels(left, 2, 1, sharex=True, height_ratios=(3.0, 1.0))
    curve = reliability_curve(comparison.fired, comparison.predicted)
    draw_reliability(upper, lower, {"logistic, trained": curve})
    neuron, truth = comparison.neuron, comparison.unit.psps
    (axes,) = plot.panels(right)
    with plot.style():
        draw_psps(axes, neuron.psp_, neuron.psp_interval_, truth)
        axes.set_xticks(np.arange(len(truth)), [str(k + 1) for k in range(len(truth))])
        handles, texts = axes.get_legend_handles_labels()
        right.legend(handles, texts, loc="outside lower center", ncols=min(2, len(texts)))
    return fig
