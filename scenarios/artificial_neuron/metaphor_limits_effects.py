"""What the logistic neuron leaves out: jitter, refractoriness, carry-over, feedback, adaptation.

Each effect knows what it changes in the spiking neuron, what it puts into the potential that the
spikes counted in a window do not tell, and which further columns would tell a logistic neuron.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import expit

import bridge
import neurosim as ns
from scenarios.artificial_neuron.metaphor_limits_trials import Trials, ago, each_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Effect(ABC):
    """What the five have in common; by itself it changes nothing.

    Attributes
    ----------
    key : str
        Name of the setting that holds its strengths.
    axis : str
        Label of its strength, with the unit.
    words : str
        What it does, with a place for its strength.
    told : str
        What `columns` tell a logistic neuron.
    highest : float
        Strongest allowed.
    unit : str
        Of its strength.
    """

    key: ClassVar[str]
    axis: ClassVar[str]
    words: ClassVar[str]
    told: ClassVar[str]
    highest: ClassVar[float]
    unit: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """In words."""
        return self.key.replace("_", "-")

    def at(self, strength: float) -> str:
        """Return a strength with its unit."""
        return f"{strength:g} {self.unit}".rstrip()

    def population(self, strength: float) -> str:
        """Return the name of the population at one strength."""
        return f"{self.name} {self.at(strength)}"

    def check(self, strengths: Sequence[float]) -> None:
        """Raise an error if strengths do not increase from 0 or are too large."""
        rising = all(weaker < stronger for weaker, stronger in pairwise(strengths))
        if len(strengths) < 2 or strengths[0] != 0.0 or not rising or strengths[-1] > self.highest:
            raise ns.NeurosimError(
                f"{self.key} = {', '.join(f'{strength:g}' for strength in strengths)}: give two "
                f"values or more that rise from 0 to at most {self.at(self.highest)}"
            )

    def jitter(self, strength: float) -> float:
        """Return the standard deviation of arrival times (ms)."""
        return 0.0

    def neuron(self, neuron: ns.LIF, strength: float, window: float) -> ns.LIF:
        """Return the neuron with the effect, for windows of so many ms."""
        return neuron

    def wire(  # noqa: B027  (most take none)
        self, net: ns.Network, population: ns.Population, strength: float, window: float
    ) -> None:
        """Add the synapses that the effect takes."""

    def refractory(self, trials: Trials) -> NDArray[np.bool_]:
        """Return in which windows neurons cannot fire, shape (n_windows, n_neurons)."""
        return np.zeros(trials.fired.shape, dtype=bool)

    def unseen(self, trials: Trials) -> NDArray[np.float64]:
        """Return the potential (mV) that the spikes sent do not tell, (n_windows, n_neurons)."""
        return np.zeros(trials.fired.shape)

    @abstractmethod
    def columns(self, trials: Trials) -> NDArray[np.float64]:
        """Return what a logistic neuron may be told besides, (n_windows, n_neurons, n)."""

    def probability(self, trials: Trials) -> NDArray[np.float64]:
        """Return the probability to fire given all that went before: the neuron's own law.

        Shape (n_windows, n_neurons). Where nothing is unseen it is that of the logistic twin, to
        the last bit.
        """
        twin = bridge.to_logistic(trials.unit)
        score = twin.score(trials.sent) + trials.unit.noise.beta * self.unseen(trials)
        return np.where(self.refractory(trials), 0.0, expit(score))

    def potential(self, trials: Trials) -> NDArray[np.float64]:
        """Return the potential at the end of each window, before any spike (mV)."""
        neuron = trials.unit.neuron
        free = neuron.v_rest + trials.supposed + self.unseen(trials)
        return np.where(self.refractory(trials), neuron.v_reset, free)


class Jitter(Effect):
    """Spikes arrive early or late, and so in another window."""

    key = "jitter"
    axis = "s.d. of arrival times (ms)"
    words = "spikes arrive with a standard deviation of {:g} ms"
    told = "spikes counted as they arrive"
    highest = 1000.0
    unit = "ms"

    def jitter(self, strength: float) -> float:
        """Return the strength."""
        return strength

    def unseen(self, trials: Trials) -> NDArray[np.float64]:
        """Return what arrived less what was sent (mV)."""
        return trials.unit.potential(trials.arrived - trials.sent)

    def columns(self, trials: Trials) -> NDArray[np.float64]:
        """Return the spikes at each synapse that arrived in the window."""
        return trials.arrived


class Refractoriness(Effect):
    """A spike silences the neuron for some windows."""

    key = "refractoriness"
    axis = "refractory period (windows)"
    words = "a spike silences the neuron for {:g} windows"
    told = "own spikes, 8 windows"
    highest = 100.0
    unit = "windows"

    def check(self, strengths: Sequence[float]) -> None:
        """Raise an error also if a strength is not a whole number of windows."""
        super().check(strengths)
        for strength in strengths:
            if strength != round(strength):
                raise ns.NeurosimError(
                    f"refractoriness = {strength:g} windows: give whole numbers of windows"
                )

    def neuron(self, neuron: ns.LIF, strength: float, window: float) -> ns.LIF:
        """Return the neuron with a refractory period."""
        return replace(neuron, t_ref=strength * window)

    def refractory(self, trials: Trials) -> NDArray[np.bool_]:
        """Return the windows after spikes."""
        return ago(trials.fired, [range(1, 1 + round(trials.strength))])[..., 0] > 0.0

    def columns(self, trials: Trials) -> NDArray[np.float64]:
        """Return whether the neuron fired in each of eight windows before."""
        return ago(trials.fired, each_of(range(1, 9)))


class CarryOver(Effect):
    """The membrane has not forgotten the last window when the next one ends."""

    key = "carry_over"
    axis = "share of potential left by a window"
    words = "{:g} of the potential is left when the next window ends"
    told = "input and own spikes, 8 windows"
    highest = 0.99

    def neuron(self, neuron: ns.LIF, strength: float, window: float) -> ns.LIF:
        """Return the neuron with a slower membrane."""
        return replace(neuron, tau_m=-window / math.log(strength)) if strength else neuron

    def unseen(self, trials: Trials) -> NDArray[np.float64]:
        """Return what is left of the potential before (mV); a spike has reset it, here to rest."""
        left = math.exp(-trials.window / trials.unit.neuron.tau_m)
        carried, before = np.zeros(trials.fired.shape), np.zeros(trials.fired.shape[1])
        for k, (supposed, fired) in enumerate(zip(trials.supposed, trials.fired, strict=True)):
            carried[k] = left * before
            before = np.where(fired, 0.0, supposed + carried[k])
        return carried

    def columns(self, trials: Trials) -> NDArray[np.float64]:
        """Return the potential that the input made, and the spikes, in eight windows before."""
        lags = each_of(range(1, 9))
        return np.concatenate([ago(trials.supposed, lags), ago(trials.fired, lags)], axis=-1)


class Feedback(Effect):
    """Two neurons excite each other: what each of them fires comes back through the other."""

    key = "feedback"
    axis = "PSP of the other neuron's spike (mV)"
    words = "each spike of the other neuron of a pair adds {:g} mV"
    told = "spikes of the other neuron"
    highest = 50.0
    unit = "mV"

    def wire(
        self, net: ns.Network, population: ns.Population, strength: float, window: float
    ) -> None:
        """Connect the neurons of each pair, a window's delay apart."""
        each = np.arange(population.size)
        net.connect(population, population, ns.Explicit(each, each ^ 1), psp=strength, delay=window)

    def unseen(self, trials: Trials) -> NDArray[np.float64]:
        """Return the potential that the other neuron's spike of the window before makes (mV)."""
        return trials.strength * self.columns(trials)[..., 0]

    def columns(self, trials: Trials) -> NDArray[np.float64]:
        """Return whether the other neuron fired in the window before."""
        others = np.arange(trials.fired.shape[1]) ^ 1
        return ago(trials.fired[:, others], [range(1, 2)])


class Adaptation(Effect):
    """Every spike starts a slow current that hyperpolarises the neuron."""

    key = "adaptation"
    axis = "potential lost by each own spike (mV)"
    words = "each own spike takes {:g} mV away, for about 100 ms"
    told = "own spikes, 64 windows"
    highest = 50.0
    unit = "mV"

    current: ClassVar[ns.ExpCurrent] = ns.ExpCurrent(tau=100.0)

    def wire(
        self, net: ns.Network, population: ns.Population, strength: float, window: float
    ) -> None:
        """Connect every neuron to itself, by a slow current that arrives after a window."""
        own: dict[str, object] = {"synapse": self.current, "psp": -strength, "delay": window}
        net.connect(population, population, ns.OneToOne(), **own)  # type: ignore[arg-type]

    def unseen(self, trials: Trials) -> NDArray[np.float64]:
        """Return the potential that the slow current of all own spikes makes (mV)."""
        neuron, slow = trials.unit.neuron, self.current
        weight = -trials.strength / slow.psp_per_weight(neuron)
        kept = math.exp(-trials.window / slow.tau)
        # Of a current that begins a window with 1 pA; the membrane forgets all that was before.
        gain = neuron.resistance * kept / (1.0 - neuron.tau_m / slow.tau)
        unseen, current = np.zeros(trials.fired.shape), np.zeros(trials.fired.shape[1])
        for k in range(1, len(unseen)):
            unseen[k] = gain * current
            current = kept * current + weight * trials.fired[k - 1]
        return unseen

    def columns(self, trials: Trials) -> NDArray[np.float64]:
        """Return the spikes of the windows 2, 3–4, 5–8 … 33–64 ago: the first comes too soon."""
        return ago(trials.fired, (range(2**k // 2 + 1, 2**k + 1) for k in range(1, 7)))


EFFECTS: tuple[Effect, ...] = (
    Jitter(),
    Refractoriness(),
    CarryOver(),
    Feedback(),
    Adaptation(),
)
"""In the order in which they are shown."""
