"""Five effects that the logistic neuron neglects, and the predictors that represent them.

A logistic neuron predicts spikes from the input of the current window. Each effect adds a potential
that this input does not determine (`extra_potential`), or keeps the neuron from firing at all
(`refractory`). `predictors` are columns from which a logistic neuron can learn the effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import expit

import bridge
import neurosim as ns
from scenarios import _kit as kit

# Its potential decays within a window, and it can fire in each.
NEURON = ns.LIF(tau_m=0.1, t_ref=0.0)
# The current of adaptation.
SLOW = ns.ExpCurrent(tau=100.0)


@dataclass(frozen=True, eq=False)
class Trials:
    """All windows of all neurons of one population.

    Attributes
    ----------
    unit : SpikingUnit
        Neuron with the effect.
    window : float
        Length of a window (ms).
    sent, arrived : (n_windows, n_neurons, n_synapses) ndarray
        Spikes sent for each window, and spikes that arrived in it.
    fired : (n_windows, n_neurons) ndarray of bool
    """

    unit: bridge.SpikingUnit
    window: float
    sent: kit.Floats
    arrived: kit.Floats
    fired: kit.Bools

    @property
    def expected(self) -> kit.Floats:
        """Potential above rest due to the spikes sent (mV), shape (n_windows, n_neurons)."""
        return self.unit.potential(self.sent)


@dataclass(frozen=True)
class Effect:
    """One deviation from the logistic neuron; the base class changes nothing.

    Attributes
    ----------
    strength : float
    key : str
        Name in JSON keys.
    name : str
        Name in titles.
    strengths : tuple of float
        Tested strengths, from none to the strongest.
    axis, unit : str
        Label of an axis of strengths, and their unit.
    summary : str
        Description with a place for the strength.
    predictor_names : str
        Description of `predictors`.
    """

    strength: float

    key: ClassVar[str]
    name: ClassVar[str]
    strengths: ClassVar[tuple[float, ...]]
    axis: ClassVar[str]
    unit: ClassVar[str] = ""
    summary: ClassVar[str]
    predictor_names: ClassVar[str]

    def __str__(self) -> str:
        return f"{self.name.lower()} {self.strength:g} {self.unit}".rstrip()

    def arrivals(self, sent: kit.Bools, deviation: kit.Floats, window: float) -> kit.Floats:
        """Count the spikes that arrive in each window.

        Parameters
        ----------
        sent : (n_windows, n_neurons, n_synapses) ndarray of bool
            Without jitter, the spikes of window k arrive at its end, at (k + 1)·window.
        deviation : (n_windows, n_neurons, n_synapses) ndarray
            Standard normal deviation of the arrival of each spike.
        window : float
            ms.

        Returns
        -------
        (n_windows, n_neurons, n_synapses) ndarray
            Spikes that arrive outside the run are omitted.
        """
        return sent.astype(float)

    def neuron(self, window: float) -> ns.LIF:
        """Return the neuron with the effect, for windows of this length (ms)."""
        return NEURON

    def connect(self, net: ns.Network, cells: ns.Population, window: float) -> None:
        """Add the synapses of the effect."""

    def refractory(self, trials: Trials) -> kit.Bools:
        """Return in which windows neurons cannot fire, shape (n_windows, n_neurons)."""
        return np.zeros(trials.fired.shape, dtype=bool)

    def extra_potential(self, trials: Trials) -> kit.Floats:
        """Return the potential not due to the spikes sent (mV), shape (n_windows, n_neurons)."""
        return np.zeros(trials.fired.shape)

    def predictors(self, trials: Trials) -> kit.Floats:
        """Return further columns for a logistic neuron, shape (n_windows, n_neurons, n)."""
        return np.empty((*trials.fired.shape, 0))

    def probability(self, trials: Trials) -> kit.Floats:
        """Return the true firing probability given the complete past, (n_windows, n_neurons)."""
        logistic, beta = bridge.to_logistic(trials.unit), trials.unit.noise.beta
        score = logistic.score(trials.sent) + beta * self.extra_potential(trials)
        return np.where(self.refractory(trials), 0.0, expit(score))

    def potential(self, trials: Trials) -> kit.Floats:
        """Return the potential at the end of each window, before a spike resets it (mV)."""
        neuron = trials.unit.neuron
        free = neuron.v_rest + trials.expected + self.extra_potential(trials)
        return np.where(self.refractory(trials), neuron.v_reset, free)


class Jitter(Effect):
    """Spikes arrive early or late, and therefore in another window."""

    key, name = "jitter", "Jitter"
    strengths = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0)
    axis = "SD of arrival times (ms)"
    unit = "ms"
    summary = "Jitter: spikes arrive with an SD of {:g} ms, often in another window"
    predictor_names = "spikes as they arrive"

    def arrivals(self, sent: kit.Bools, deviation: kit.Floats, window: float) -> kit.Floats:
        """Count the spikes in the windows at whose end they arrive, or nearly so."""
        k, neuron, synapse = np.nonzero(sent)
        arrived = k + np.rint(self.strength * deviation[sent] / window).astype(int)
        inside = (arrived >= 0) & (arrived < len(sent))
        counts = np.zeros(sent.shape)
        np.add.at(counts, (arrived[inside], neuron[inside], synapse[inside]), 1.0)
        return counts

    def extra_potential(self, trials: Trials) -> kit.Floats:
        """Return the difference between spikes arrived and spikes sent (mV)."""
        return trials.unit.potential(trials.arrived - trials.sent)

    def predictors(self, trials: Trials) -> kit.Floats:
        """Return the spikes that arrived in the window, by synapse."""
        return trials.arrived


class Refractoriness(Effect):
    """A neuron cannot fire for some windows after a spike."""

    key, name = "refractoriness", "Refractoriness"
    strengths = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
    axis = "refractory period (windows)"
    unit = "windows"
    summary = "Refractoriness: a spike prevents others for {:g} windows"
    predictor_names = "past spikes, 8 windows"

    def neuron(self, window: float) -> ns.LIF:
        """Return the neuron with a refractory period."""
        return replace(NEURON, t_ref=self.strength * window)

    def refractory(self, trials: Trials) -> kit.Bools:
        """Return the windows after spikes."""
        return past(trials.fired, 1, 1 + round(self.strength))[..., 0] > 0.0

    def predictors(self, trials: Trials) -> kit.Floats:
        """Return the neuron's spikes in each of the last eight windows."""
        return past(trials.fired, *range(1, 10))


class CarryOver(Effect):
    """The potential has not decayed when the next window ends."""

    key, name = "carry_over", "Carry-over"
    strengths = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
    axis = "fraction of potential carried over"
    summary = "Carry-over: a fraction {:g} of the potential remains in the next window"
    predictor_names = "input and spikes, 8 windows"

    def neuron(self, window: float) -> ns.LIF:
        """Return the neuron with a slower membrane."""
        return replace(NEURON, tau_m=-window / math.log(self.strength)) if self.strength else NEURON

    def extra_potential(self, trials: Trials) -> kit.Floats:
        """Return what remains of the previous potential (mV); a spike resets it to rest."""
        remaining = math.exp(-trials.window / trials.unit.neuron.tau_m)
        extra = np.zeros(trials.fired.shape)
        for k in range(1, len(extra)):
            previous = trials.expected[k - 1] + extra[k - 1]
            extra[k] = remaining * np.where(trials.fired[k - 1], 0.0, previous)
        return extra

    def predictors(self, trials: Trials) -> kit.Floats:
        """Return potential due to input, and spikes, in each of the last eight windows."""
        return np.dstack([past(each, *range(1, 10)) for each in (trials.expected, trials.fired)])


class Feedback(Effect):
    """Two neurons excite each other: a spike returns through the other neuron."""

    key, name = "feedback", "Feedback"
    strengths = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0)
    axis = "PSP between the two neurons (mV)"
    unit = "mV"
    summary = "Feedback: each spike of the other neuron adds {:g} mV"
    predictor_names = "spikes of the other neuron"

    def connect(self, net: ns.Network, cells: ns.Population, window: float) -> None:
        """Connect the neurons of each pair in both directions, with a delay of one window."""
        ids = np.arange(cells.size)
        net.connect(cells, cells, ns.Explicit(ids, ids ^ 1), psp=self.strength, delay=window)

    def extra_potential(self, trials: Trials) -> kit.Floats:
        """Return the PSP of the other neuron's spike in the previous window (mV)."""
        return self.strength * self.predictors(trials)[..., 0]

    def predictors(self, trials: Trials) -> kit.Floats:
        """Return the other neuron's spikes in the previous window."""
        return past(trials.fired[:, np.arange(trials.fired.shape[1]) ^ 1], 1, 2)


class Adaptation(Effect):
    """Each spike starts a slow hyperpolarising current."""

    key, name = "adaptation", "Adaptation"
    strengths = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
    axis = "hyperpolarisation per spike (mV)"
    unit = "mV"
    summary = "Adaptation: each spike hyperpolarises by {:g} mV, decaying over 100 ms"
    predictor_names = "past spikes, 64 windows"

    def connect(self, net: ns.Network, cells: ns.Population, window: float) -> None:
        """Connect each neuron to itself by the slow current, with a delay of one window."""
        net.connect(cells, cells, ns.OneToOne(), synapse=SLOW, psp=-self.strength, delay=window)

    def extra_potential(self, trials: Trials) -> kit.Floats:
        """Return the potential due to the currents of all past spikes (mV)."""
        neuron = trials.unit.neuron
        weight = -self.strength / SLOW.psp_per_weight(neuron)
        decay = math.exp(-trials.window / SLOW.tau)
        # Depolarisation at the end of a window by a current of 1 pA at its start.
        gain = neuron.resistance * decay / (1.0 - neuron.tau_m / SLOW.tau)
        # The current of a spike starts in the window after the next.
        return lfilter([0.0, 0.0, gain * weight], [1.0, -decay], trials.fired.astype(float), axis=0)

    def predictors(self, trials: Trials) -> kit.Floats:
        """Return the numbers of spikes 2, 3–4, 5–8, … 33–64 windows ago."""
        return past(trials.fired, 2, 3, 5, 9, 17, 33, 65)


EFFECTS: tuple[type[Effect], ...] = (Jitter, Refractoriness, CarryOver, Feedback, Adaptation)


def past(values: NDArray, *edges: int) -> kit.Floats:
    """Return sums of earlier values over ranges of lags.

    Parameters
    ----------
    values : (n_windows, n_neurons) ndarray
        0 before the run.
    *edges : int
        Ascending: range k contains the lags from edges[k] to edges[k + 1] − 1.

    Returns
    -------
    (n_windows, n_neurons, n_ranges) ndarray

    Examples
    --------
    >>> past(np.array([[1.0], [2.0], [3.0], [4.0]]), 1, 2, 4)[:, 0].tolist()
    [[0.0, 0.0], [1.0, 0.0], [2.0, 1.0], [3.0, 3.0]]
    """
    before = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    window = np.arange(len(values))
    up_to = [before[np.maximum(window + 1 - edge, 0)] for edge in edges]
    return np.moveaxis(-np.diff(up_to, axis=0), 0, -1)
