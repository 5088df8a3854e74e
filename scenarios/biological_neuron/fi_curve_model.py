"""Neurons under constant currents: their settings, network and rates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

import bridge
import neurosim as ns
from neurosim.analysis import rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

NEURON = ns.LIF()
RHEOBASE = (NEURON.v_threshold - NEURON.v_rest) / NEURON.resistance
"""Current (pA) that lifts the potential to the threshold in the end."""
LIMIT = 1e3 / NEURON.t_ref
"""Highest rate (Hz) that the refractory period allows."""
SHORTEST = 100.0
"""Least time (ms) to measure rates in."""
WIDE, NEAR = (-75.0, -20.0), (-75.0, -50.0)
"""Mean free potentials (mV) over which logistic curves are fitted."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    sigma: float = field(
        default=3.0,
        metadata={"help": "standard deviation of the free potential under noise", "unit": "mV"},
    )
    noise: Literal["membrane", "escape"] = field(
        default="membrane",
        metadata={"help": "noise of the membrane, or a soft threshold of the same slope"},
    )
    strongest: float = field(default=20000.0, metadata={"help": "strongest current", "unit": "pA"})
    repeats: int = field(default=30, metadata={"help": "neurons with noise at each current"})
    warmup: float = field(
        default=200.0, metadata={"help": "time before the first measurement", "unit": "ms"}
    )

    def __post_init__(self) -> None:
        if not 0.1 <= self.sigma <= 50.0:
            raise ns.NeurosimError(f"sigma = {self.sigma:g} mV is outside 0.1 to 50 mV")
        if not 1e3 <= self.strongest <= 1e5:
            raise ns.NeurosimError(
                f"strongest = {self.strongest:g} pA is outside 1000 to 100000 pA: the rheobase is "
                f"{RHEOBASE:g} pA"
            )
        if not 2 <= self.repeats <= 10_000:
            raise ns.NeurosimError(f"repeats = {self.repeats} is outside 2 to 10000")
        if not 0.0 <= self.warmup <= 1e5:
            raise ns.NeurosimError(
                f"warmup = {self.warmup:g} ms is outside 0 to 100000 ms: give a time in ms"
            )

    @property
    def neuron(self) -> ns.LIF:
        """The neuron with noise, but for the noise of its membrane."""
        if self.noise == "membrane":
            return NEURON
        delta = 1.0 / bridge.GaussianNoise(self.sigma).beta
        return replace(NEURON, escape=ns.EscapeRate(delta, NEURON.t_ref))

    def theory(self, mean: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
        """Return the analytic rate (Hz) of the neuron with noise on a grid of steps dt (ms).

        Siegert's with noise of the membrane, that of renewal theory with a soft threshold.
        """
        if self.noise == "membrane":
            return bridge.siegert_rate(mean, self.sigma, NEURON, dt=dt)
        return bridge.escape_rate(mean, self.neuron, dt=dt)

    @property
    def currents(self) -> NDArray[np.float64]:
        """Currents (pA): evenly spaced over `WIDE`, then ever farther apart."""
        even = (np.arange(WIDE[0], WIDE[1] + 0.5, 1.25) - NEURON.v_rest) / NEURON.resistance
        return np.append(even, np.geomspace(even[-1], self.strongest, 16)[1:])


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe neurons that differ in their current, one each without noise, many with."""
    if options.duration - settings.warmup < SHORTEST:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms leaves less than {SHORTEST:g} ms after the "
            f"warm-up of {settings.warmup:g} ms to measure rates in: lengthen it"
        )
    currents = settings.currents
    net = ns.Network()
    noiseless = net.add("noiseless", len(currents), NEURON)
    noisy = net.add("noisy", len(currents) * settings.repeats, settings.neuron)
    net.drive(noiseless, ns.ConstantCurrent(currents))
    net.drive(noisy, ns.ConstantCurrent(np.repeat(currents, settings.repeats)))
    if settings.noise == "membrane":
        net.drive(noisy, ns.MembraneNoise(settings.sigma))
    return net


@dataclass(frozen=True, eq=False)
class Curve:
    """Rates of a run and in theory, by current; all arrays have the shape (n_currents,).

    Attributes
    ----------
    current : ndarray
        pA.
    mean : ndarray
        Mean of the free potential, v_rest + R·I (mV).
    noiseless, deterministic : ndarray
        Rate without noise, simulated and in theory (Hz).
    noisy, error, analytic : ndarray
        Rate with noise, its standard error, and in theory (Hz).
    """

    current: NDArray[np.float64]
    mean: NDArray[np.float64]
    noiseless: NDArray[np.float64]
    deterministic: NDArray[np.float64]
    noisy: NDArray[np.float64]
    error: NDArray[np.float64]
    analytic: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Curve:
        """Return what a run measured."""
        current = settings.currents
        mean = NEURON.v_rest + NEURON.resistance * current
        trains = result.spikes["noiseless"]
        each = rates(result.spikes["noisy"], settings.warmup, result.duration)
        each = each.reshape(len(current), -1)
        return cls(
            current,
            mean,
            np.array([_rate_of_clock(trains.of(k)) for k in range(len(current))]),
            bridge.deterministic_rate(mean, NEURON),
            each.mean(axis=1),
            each.std(axis=1, ddof=1) / np.sqrt(settings.repeats),
            settings.theory(mean, result.dt),
        )


def _rate_of_clock(times: NDArray[np.float64]) -> float:
    """Return the rate (Hz) of regular spikes by their intervals, which counting would round."""
    return 1e3 * (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


def on_grid(rate: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Return the rate (Hz) of a clock whose intervals end with the step in which they would end."""
    period = np.divide(1e3, rate * dt, out=np.full_like(rate, np.inf), where=rate > 0)
    return 1e3 / (dt * np.ceil(period - 1e-9))
