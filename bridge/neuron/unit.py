"""One spiking neuron with its synapses and its noise: what fires, or does not, in one window."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge.neuron.noise import EscapeNoise, GaussianNoise, OrnsteinUhlenbeckNoise
from bridge.utils.checks import as_float, as_floats, require_kind, require_neuron
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.neuron.noise import Noise


@dataclass(frozen=True, eq=False)
class SpikingUnit:
    """A neuron, its synapses in mV, its noise: what fires or does not in one window.

    Attributes
    ----------
    neuron : LIF
    psps : (n,) ndarray
        Peak of the postsynaptic potential of each synapse (mV); they arrive together and add.
    noise : GaussianNoise, OrnsteinUhlenbeckNoise or EscapeNoise
    current : float
        Constant current I (pA), in force long enough to lift the potential by R·I.

    Raises
    ------
    NeurosimError
        For PSPs or a current that are not finite, and Ornstein–Uhlenbeck noise of another membrane.

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
        object.__setattr__(self, "psps", finite_vector("SpikingUnit.psps", self.psps, "mV"))
        require_neuron(self.neuron, "SpikingUnit.neuron")
        kinds = (GaussianNoise, OrnsteinUhlenbeckNoise, EscapeNoise)
        require_kind(self.noise, kinds, "SpikingUnit.noise", "noise of the bridge")
        if not math.isfinite(as_float(self.current, "SpikingUnit.current")):
            raise NeurosimError(f"SpikingUnit.current = {self.current} pA is not a finite number")
        if isinstance(self.noise, OrnsteinUhlenbeckNoise):
            for name, own, unit in (
                ("tau_m", self.neuron.tau_m, "ms"),
                ("gap", self.gap - self.lift, "mV"),
            ):
                given = getattr(self.noise, name)
                if not math.isclose(given, own, rel_tol=1e-9):
                    raise NeurosimError(
                        f"OrnsteinUhlenbeckNoise.{name} = {given:g} {unit} is not the neuron's "
                        f"{own:g} {unit}: give that"
                    )

    @property
    def gap(self) -> float:
        """From rest to threshold (mV)."""
        return threshold_gap(self.neuron)

    @property
    def logistic_gap(self) -> float:
        """The gap (mV) as its spikes show it: what LogisticNeuron wants to be told."""
        return self.gap + self.noise.shift

    @property
    def lift(self) -> float:
        """What the current adds to the potential, R·I (mV)."""
        return self.neuron.resistance * self.current

    def potential(self, activity: ArrayLike) -> NDArray[np.float64]:
        """Free potential above rest, u = activity @ psps + R·I (mV).

        Parameters
        ----------
        activity : (..., n) array_like
            Spikes (or spike counts) of each presynaptic neuron in the window.

        Returns
        -------
        (...) ndarray
        """
        return weighted(activity, self.psps) + self.lift

    def firing_probability(self, activity: ArrayLike) -> NDArray[np.float64]:
        """Probability to fire in the window, for `activity` as in `potential`; shape (...)."""
        return self.noise.firing_probability(self.potential(activity) - self.gap)

    def add_to(
        self,
        network: ns.Network,
        name: str,
        size: int = 1,
        *,
        dt: float = 0.1,
        dale: bool | None = None,
    ) -> ns.Population:
        """Add a population of such neurons to a network, with their noise and their current.

        Escape noise decides once a step: every step is a window. Ornstein–Uhlenbeck noise goes on
        all the time. Gaussian noise is drawn once, for a window that begins with the simulation.

        Parameters
        ----------
        network : Network
        name : str
        size : int
            Neurons, each with noise of its own: so many trials in one run.
        dt : float
            Step (ms) with which the network is going to be simulated.
        dale : bool, optional
            As for `Network.add`.

        Returns
        -------
        Population
        """
        neuron, noise = self.neuron, self.noise
        rest = neuron.v_rest + self.lift
        v_init: float | ns.Normal = rest
        if isinstance(noise, EscapeNoise):
            neuron = replace(neuron, escape=noise.rate(dt))
        elif isinstance(noise, GaussianNoise):
            # Which the leak shrinks to sigma until the input arrives.
            v_init = ns.Normal(rest, noise.sigma * math.exp(dt / neuron.tau_m))
        elif isinstance(noise, OrnsteinUhlenbeckNoise):
            v_init = ns.Normal(rest, noise.sigma)
        else:
            raise NeurosimError(
                f"{type(noise).__name__} cannot be simulated: give GaussianNoise, EscapeNoise or "
                "OrnsteinUhlenbeckNoise"
            )
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
        """Let input arrive at a population of such neurons, one trial at each.

        Parameters
        ----------
        network : Network
        population : Population
            From `add_to`, of n_trials neurons.
        activity : (n_trials, n) array_like
            Spikes of each synapse; what is no whole number is a spike of that strength.
        at : float
            When all of them arrive (ms).
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
        """Simulate one window for each trial and return in which the neuron fired.

        Parameters
        ----------
        activity : (n_trials, n) array_like
            As in `present`.
        seed : int
        dt : float, optional
            Step of the simulation (ms); 0.1, or that of Ornstein–Uhlenbeck noise, if not given.
        threads : int, optional

        Returns
        -------
        (n_trials,) ndarray of bool
        """
        activity = np.atleast_2d(as_floats(activity, "activity"))
        window = step = 0.1 if dt is None else dt
        if isinstance(self.noise, OrnsteinUhlenbeckNoise):
            window = self.noise.window
            step = self.noise.dt if dt is None else dt
            if step != self.noise.dt:
                raise NeurosimError(
                    f"dt = {step:g} ms is not the step of the noise, {self.noise.dt:g} ms: leave "
                    "it out"
                )
        network = ns.Network()
        population = self.add_to(network, "unit", len(activity), dt=step)
        self.present(network, population, activity, at=step)
        result = ns.simulate(network, window, dt=step, seed=seed, threads=threads)
        return result.spikes["unit"].counts() > 0


def threshold_gap(neuron: ns.LIF) -> float:
    """Return v_threshold − v_rest (mV), which LIF keeps above 0."""
    require_neuron(neuron, "neuron")
    return neuron.v_threshold - neuron.v_rest


def weighted(activity: ArrayLike, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return activity @ weights, the last axis of `activity` holding the synapses."""
    activity = as_floats(activity, "activity")
    if activity.ndim == 0 or activity.shape[-1] != len(weights):
        raise NeurosimError(
            f"activity has shape {activity.shape}: its last axis must hold the {len(weights)} "
            "synapses"
        )
    return activity @ weights


def finite_vector(name: str, values: ArrayLike, unit: str = "") -> NDArray[np.float64]:
    """Return a read-only copy of a vector; refuse what is not one of finite numbers."""
    try:
        vector = np.array(as_floats(values, name))
    except NeurosimError:
        vector = np.empty(())
    if vector.ndim != 1 or not np.isfinite(vector).all():
        in_unit = f" in {unit}" if unit else ""
        raise NeurosimError(f"{name} must be a 1-D array of finite numbers{in_unit}")
    vector.flags.writeable = False
    return vector
