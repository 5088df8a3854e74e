"""One spiking neuron with its synapses and its noise, observed for one window."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.neuron.noise import EscapeNoise, GaussianNoise, Noise, OrnsteinUhlenbeckNoise
from bridge.utils.checks import (
    as_floats,
    finite,
    finite_vector,
    positive,
    require_neuron,
    require_type,
)
from bridge.utils.renamed import old_attributes
from neurosim import NeurosimError


@old_attributes(
    gap="threshold_distance",
    lift="current_depolarisation",
    logistic_gap="logistic_threshold_distance",
)
@dataclass(frozen=True, eq=False)
class SpikingUnit:
    """A neuron with synapses in mV and noise, which fires or not within one window.

    Attributes
    ----------
    neuron : LIF
    psps : (n,) ndarray
        Peak of the postsynaptic potential of each synapse (mV). PSPs arrive together and add up.
    noise : GaussianNoise, OrnsteinUhlenbeckNoise or EscapeNoise
    current : float
        Constant current I (pA), on for long enough to depolarise the neuron by R·I.

    Raises
    ------
    NeurosimError
        If PSPs or current are not finite, or Ornstein–Uhlenbeck noise has another membrane time
        constant or threshold distance than the neuron.

    Examples
    --------
    >>> import bridge
    >>> import neurosim as ns
    >>> unit = bridge.SpikingUnit(ns.LIF(), [10.0, 3.0, -6.0], bridge.EscapeNoise(2.0))
    >>> float(unit.firing_probability([1, 1, 0]).round(3))
    0.269
    """

    neuron: ns.LIF
    psps: NDArray[np.float64]
    noise: Noise
    current: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "psps", finite_vector(self.psps, "SpikingUnit.psps", "mV"))
        require_neuron(self.neuron, "SpikingUnit.neuron")
        require_type(self.noise, Noise, "SpikingUnit.noise", "a noise of the bridge")
        finite(self.current, "SpikingUnit.current", "pA")
        if isinstance(self.noise, OrnsteinUhlenbeckNoise):
            for name, expected, unit in (
                ("tau_m", self.neuron.tau_m, "ms"),
                ("threshold_distance", self.threshold_distance - self.current_depolarisation, "mV"),
            ):
                given = getattr(self.noise, name)
                if not math.isclose(given, expected, rel_tol=1e-9):
                    raise NeurosimError(
                        f"OrnsteinUhlenbeckNoise.{name} = {given:g} {unit} does not match the "
                        f"neuron: give {expected:g} {unit}"
                    )

    @property
    def threshold_distance(self) -> float:
        """Threshold − resting potential (mV)."""
        return threshold_distance(self.neuron)

    @property
    def logistic_threshold_distance(self) -> float:
        """Threshold distance of the nearest logistic neuron (mV), for `LogisticNeuron`."""
        return self.threshold_distance + self.noise.bias

    @property
    def current_depolarisation(self) -> float:
        """Depolarisation by the current, R·I (mV)."""
        return self.neuron.resistance * self.current

    def potential(self, activity: ArrayLike) -> NDArray[np.float64]:
        """Return the free potential above rest, activity @ psps + R·I (mV).

        Parameters
        ----------
        activity : (..., n) array_like
            Spike counts of the presynaptic neurons in the window.

        Returns
        -------
        (...) ndarray
        """
        return weighted(activity, self.psps) + self.current_depolarisation

    def firing_probability(self, activity: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of a spike in the window; `activity` as in `potential`."""
        return self.noise.firing_probability(self.potential(activity) - self.threshold_distance)

    def add_to(
        self,
        network: ns.Network,
        name: str,
        size: int = 1,
        *,
        dt: float = 0.1,
        dale: bool | None = None,
    ) -> ns.Population:
        """Add a population of these neurons, with noise and current, to a network.

        With escape noise every step is a window. Ornstein–Uhlenbeck noise is always on. Gaussian
        noise is drawn once, for a window that starts with the simulation.

        Parameters
        ----------
        network : Network
        name : str
        size : int
            Number of neurons, each with independent noise.
        dt : float
            Simulation step (ms).
        dale : bool, optional
            As for `Network.add`.

        Returns
        -------
        Population
        """
        neuron, noise = self.neuron, self.noise
        positive(dt, "dt", "ms")
        rest = neuron.v_rest + self.current_depolarisation
        v_init: float | ns.Normal = rest
        if isinstance(noise, EscapeNoise):
            neuron = replace(neuron, escape=noise.rate(dt))
        elif isinstance(noise, GaussianNoise):
            # The leak reduces the spread to sigma by the time the input arrives.
            v_init = ns.Normal(rest, noise.sigma * math.exp(dt / neuron.tau_m))
        elif isinstance(noise, OrnsteinUhlenbeckNoise):
            v_init = ns.Normal(rest, noise.sigma)
        population = network.add(name, size, neuron, v_init=v_init, dale=dale)
        if isinstance(noise, OrnsteinUhlenbeckNoise):
            network.drive(population, ns.MembraneNoise(noise.sigma))
        if self.current:
            network.drive(population, ns.ConstantCurrent(self.current))
        return population

    def present(
        self,
        network: ns.Network,
        population: ns.Population,
        activity: ArrayLike,
        *,
        at: float = 0.1,
    ) -> None:
        """Present one trial to each neuron of a population.

        Parameters
        ----------
        network : Network
        population : Population
            From `add_to`, with n_trials neurons.
        activity : (n_trials, n) array_like
            Spikes of each synapse. Fractions scale the PSP.
        at : float
            Time of arrival (ms).
        """
        activity = as_floats(activity, "activity")
        if activity.shape != (population.size, len(self.psps)):
            raise NeurosimError(
                f"activity has shape {activity.shape}: population {population.name!r} needs "
                f"{(population.size, len(self.psps))}, one row per neuron"
            )
        for psp, spikes in zip(self.psps, activity.T, strict=True):
            network.drive(population, ns.SpikeTimes([at]), psp=psp * spikes)

    def fire(
        self,
        activity: ArrayLike,
        *,
        seed: int = 1,
        dt: float | None = None,
        threads: int | None = None,
    ) -> NDArray[np.bool_]:
        """Simulate one window per trial and return whether the neuron fired.

        Parameters
        ----------
        activity : (n_trials, n) array_like
            As in `present`.
        seed : int
        dt : float, optional
            Simulation step (ms). Default: 0.1, or the step of Ornstein–Uhlenbeck noise.
        threads : int, optional

        Returns
        -------
        (n_trials,) ndarray of bool
        """
        activity = np.atleast_2d(as_floats(activity, "activity"))
        window = step = 0.1 if dt is None else dt
        if isinstance(self.noise, OrnsteinUhlenbeckNoise):
            window, step = self.noise.window, self.noise.dt
            if dt not in (None, step):
                raise NeurosimError(
                    f"dt = {dt:g} ms differs from the step of the noise, {step:g} ms: omit dt"
                )
        network = ns.Network()
        population = self.add_to(network, "unit", len(activity), dt=step)
        self.present(network, population, activity, at=step)
        result = ns.simulate(network, window, dt=step, seed=seed, threads=threads)
        return result.spikes["unit"].counts() > 0


def threshold_distance(neuron: ns.LIF) -> float:
    """Return v_threshold − v_rest (mV), which is positive for every LIF neuron.

    Examples
    --------
    >>> import neurosim as ns
    >>> from bridge import threshold_distance
    >>> threshold_distance(ns.LIF())
    15.0
    """
    require_neuron(neuron, "neuron")
    return neuron.v_threshold - neuron.v_rest


def weighted(activity: ArrayLike, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return activity @ weights; the last axis of `activity` holds the synapses."""
    activity = as_floats(activity, "activity")
    if activity.ndim == 0 or activity.shape[-1] != len(weights):
        raise NeurosimError(
            f"activity has shape {activity.shape}: its last axis must hold the {len(weights)} "
            "synapses"
        )
    return activity @ weights
