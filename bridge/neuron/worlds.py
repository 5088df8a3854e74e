"""A spiking neuron set beside the logistic neuron trained on its spikes: one comparison for all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.evaluation.coincidence import coincidence_factor
from bridge.evaluation.comparison import Comparison, prediction_measures
from bridge.evaluation.measures import Measure, agreement, reliability_curve
from bridge.evaluation.plot import draw_planes, draw_psps, draw_reliability
from bridge.learning.logistic import LogisticNeuron
from bridge.neuron.mapping import to_spiking
from bridge.utils.checks import as_floats
from neurosim import NeurosimError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from bridge.neuron.unit import SpikingUnit

WINDOW = 100.0
"""ms from one trial to the next where trials are strung together into a spike train."""


@dataclass(frozen=True, eq=False)
class Worlds:
    """Trials of a spiking neuron and what a logistic neuron makes of them.

    Attributes
    ----------
    unit : SpikingUnit
    neuron : LogisticNeuron
        Fitted.
    activity : (n_trials, n) ndarray
    fired : (n_trials,) ndarray of bool
        What the spiking neuron did.
    again : (n_trials,) ndarray of bool
        What it did when given the same input once more, its noise being another.
    imitated : (n_trials,) ndarray of bool
        What the spiking twin of the logistic neuron did.
    """

    unit: SpikingUnit
    neuron: LogisticNeuron
    activity: NDArray[np.float64]
    fired: NDArray[np.bool_]
    again: NDArray[np.bool_]
    imitated: NDArray[np.bool_]

    @property
    def probability(self) -> NDArray[np.float64]:
        """Probability to fire by the logistic neuron, shape (n_trials,)."""
        return self.neuron.predict_proba(self.activity)[:, 1]

    def measures(self) -> dict[str, Measure]:
        """Return the figures of the comparison, by JSON key."""
        told, true = self.probability, self.unit.firing_probability(self.activity)
        same = agreement(true > 0.5, told > 0.5)
        found = {"agreement": replace(same, note=f"{same.note} on the same side of p = 1/2")}
        right = agreement(self.fired, told > 0.5)
        found["foretold"] = replace(right, note="trials that went as the logistic neuron expected")
        found |= prediction_measures(self.fired, told)
        spikes = int(self.fired.sum())
        gain = found["bits_per_spike"].value * np.log(2.0) * spikes
        note = "log-likelihood over that of a constant probability"
        found["log_likelihood_gain"] = Measure(gain, "nats", note=note)
        best = prediction_measures(self.fired, true)["bits_per_spike"]
        note = "what the spiking neuron's own probability reaches"
        found["bits_per_spike_of_truth"] = replace(best, note=note)
        off = float(np.abs(told - true).max())
        note = f"{self.unit.noise.logistic_error:.2g} for the best twin, the rest is training"
        found["largest_error"] = Measure(off, note=note)
        return found | self._coincidences() | self._synapses()

    def _coincidences(self) -> dict[str, Measure]:
        """Return Γ of the trials strung together, with the twin and with the neuron itself."""
        duration = WINDOW * len(self.fired)
        starts = WINDOW * np.arange(len(self.fired))
        data = starts[self.fired]
        found = {}
        for key, other, note in (
            ("coincidence_factor", self.imitated, "spiking twin of the logistic neuron"),
            ("coincidence_factor_repeat", self.again, "the spiking neuron itself, once more"),
        ):
            gamma = coincidence_factor(data, starts[other], duration=duration)
            found[key] = Measure(gamma, note=note)
        return found

    def _synapses(self) -> dict[str, Measure]:
        """Return the postsynaptic potentials read off the logistic neuron."""
        truth, found = self.unit.psps, {}
        psps, interval = self.neuron.psp_, self.neuron.psp_interval_
        for k, (psp, (low, high)) in enumerate(zip(psps, interval, strict=True)):
            note = f"truly {truth[k]:.4g} mV".replace("-", "−")
            found[f"psp_{k + 1}"] = Measure(psp, "mV", low, high, note)
        inside = (interval[:, 0] <= truth) & (truth <= interval[:, 1])
        note = f"{int(inside.sum())} of {len(truth)} true PSPs lie in their 95 % intervals"
        rmse = float(np.sqrt(np.mean((psps - truth) ** 2)))
        return found | {"psp_error": Measure(rmse, "mV", note="root mean square; " + note)}


def compare_worlds(
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
        In which trials the spiking neuron fired; simulated if not given.
    neuron : LogisticNeuron, optional
        Fitted; trained on these trials if not given.
    plane : (int, int)
        Synapses whose plane is drawn, the others at the mean of their activity.
    title : str
    seed : int
        Of the simulations.

    Returns
    -------
    Comparison
        Agreement, cross-entropy, gain in log-likelihood, bits per spike, Brier score, AUC, Γ and
        PSPs in the table; both decision planes, calibration and PSPs in the figure "worlds".

    Raises
    ------
    NeurosimError
        Where the neuron fired in every trial or in none, for a plane of synapses that are not
        there, and for a logistic neuron that fires at rest, which has no PSPs.
    """
    activity = np.atleast_2d(as_floats(activity, "activity"))
    n = len(unit.psps)
    if len(set(plane)) != 2 or not all(0 <= synapse < n for synapse in plane):
        raise NeurosimError(
            f"plane = {plane} is no pair of synapses: give two different ones from 0 to {n - 1}"
        )
    fired = unit.fire(activity, seed=seed) if fired is None else np.asarray(fired, dtype=bool)
    if neuron is None:
        neuron = LogisticNeuron(gap=unit.logistic_gap).fit(activity, fired)
    twin = to_spiking(neuron, neuron=unit.neuron, noise="escape")
    imitated, again = twin.fire(activity, seed=seed + 1), unit.fire(activity, seed=seed + 1)
    worlds = Worlds(unit, neuron, activity, fired, again, imitated)
    return Comparison(title, worlds.measures(), {"worlds": partial(_draw, worlds, plane, seed)})


def _planes(
    worlds: Worlds, plane: tuple[int, int], seed: int
) -> tuple[NDArray, NDArray, dict[str, NDArray]]:
    """Return the inputs and both worlds' probabilities there, the spiking one measured."""
    axes = [_values(worlds.activity[:, synapse]) for synapse in plane]
    points = np.tile(worlds.activity.mean(axis=0), (len(axes[0]) * len(axes[1]), 1))
    grid = np.meshgrid(*axes)
    for synapse, values in zip(plane, grid, strict=True):
        points[:, synapse] = values.ravel()
    repeats = max(50, 40_000 // len(points))
    fired = worlds.unit.fire(np.repeat(points, repeats, axis=0), seed=seed + 2)
    told = worlds.neuron.predict_proba(points)[:, 1]
    share = fired.reshape(len(points), -1).mean(axis=1)
    shape = grid[0].shape
    return (
        axes[0],
        axes[1],
        {
            f"spiking, {repeats} trials a point": share.reshape(shape),
            "logistic, trained on spikes": told.reshape(shape),
        },
    )


def _values(activity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of one input to draw: those that occur, if they fill a picture."""
    values = np.unique(activity)
    low, high = float(values[0]), float(values[-1])
    return values if 6 <= len(values) <= 25 else np.linspace(low, max(high, low + 1.0), 21)


def _draw(worlds: Worlds, plane: tuple[int, int], seed: int) -> Figure:
    from neurosim import plot

    fig = plot.figure(9.0, 7.4)
    rows: Any = fig.subfigures(2, 1, height_ratios=(1.0, 1.1))
    x, y, planes = _planes(worlds, plane, seed)
    first, second = (f"activity of synapse {synapse + 1} (spikes)" for synapse in plane)
    draw_planes(
        rows[0], plot.panels(rows[0], 1, 2, sharex=True, sharey=True), x, y, planes, (first, second)
    )
    left, right = rows[1].subfigures(1, 2)
    upper, lower = plot.panels(left, 2, 1, sharex=True, height_ratios=(3.0, 1.0))
    curve = reliability_curve(worlds.fired, worlds.probability)
    draw_reliability(upper, lower, {"logistic, trained": curve})
    neuron, truth = worlds.neuron, worlds.unit.psps
    (axes,) = plot.panels(right)
    with plot.style():
        draw_psps(axes, neuron.psp_, neuron.psp_interval_, truth)
        axes.set_xticks(np.arange(len(truth)), [str(k + 1) for k in range(len(truth))])
        handles, texts = axes.get_legend_handles_labels()
        right.legend(handles, texts, loc="outside lower center", ncols=min(2, len(texts)))
    return fig
