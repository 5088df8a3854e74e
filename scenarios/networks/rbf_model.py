"""Round regions of the plane fitted by radial units and by sigmoids, and both as neurons."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

import bridge
import neurosim as ns
from bridge.classics import RadialUnit, radial_network, with_square
from bridge.spiking import fired_at
from scenarios._kit.trials import add_trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

NEURON = ns.LIF()
MOST = 20
"""Most spikes of each input: it gives from 0 to so many."""
COUNTS = np.arange(MOST + 1.0)
POINTS = np.stack(np.meshgrid(COUNTS, COUNTS), axis=-1).reshape(-1, 2)
"""All pairs of spike counts, the first running fastest; shape (441, 2)."""
SOFT = 25.0
"""Steepness of the regions' edges, in the scaled plane."""
TARGETS = {
    "one disc": (((0.0, 0.0), 0.6),),
    "three discs": (((-0.5, -0.4), 0.35), ((0.45, -0.35), 0.3), ((0.1, 0.5), 0.4)),
}
"""Centres and radii of the discs, in a plane from −1 to 1."""
UNITS = (1, 2, 3, 4, 6, 12)
KINDS = ("radial", "sigmoid")
SHOWN = {"radial": 3, "sigmoid": 12}
"""Units of the networks for three discs that are made of neurons."""
BETA, SCALE = 1.0, 10.0
"""Score that a millivolt is worth in hidden neurons (per mV), and what a sum of 1 is (mV)."""
RESTARTS = 3
"""Fits of which the best is kept."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    repeats: int = field(default=10, metadata={"help": "trials at each of 441 inputs"})
    size: int = field(default=4, metadata={"help": "neurons that stand for one unit of a sum"})
    steps: int = field(default=200, metadata={"help": "most steps of each fit"})

    def __post_init__(self) -> None:
        for name, low, high in (("repeats", 2, 200), ("size", 1, 50), ("steps", 10, 5000)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value} is outside {low} to {high}")
        if self.repeats * self.size > 200:
            raise ns.NeurosimError(
                f"repeats = {self.repeats} times size = {self.size} is above 200: lower one"
            )


def scaled(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return spike counts scaled to −1 … 1."""
    return points / (0.5 * MOST) - 1.0


def target(name: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much a region holds of (n, 2) points of the scaled plane, 0 to 1."""
    return np.max(
        [RadialUnit(np.array(centre), r, SOFT)(points) for centre, r in TARGETS[name]], axis=0
    )


@dataclass(frozen=True, eq=False)
class Fit:
    """A sum of units fitted to a region.

    Attributes
    ----------
    kind : {"radial", "sigmoid"}
    network : LayeredNetwork
        Of scaled inputs, with their square for radial units.
    error : float
        Root mean square over a grid four times as fine as the one that was fitted.
    """

    kind: str
    network: bridge.LayeredNetwork
    error: float

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of the units at (n, 2) points of the scaled plane; shape (n,)."""
        return self.network(features(self.kind, points))[:, 0]

    def noise(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviation of the sum if each unit fires by chance, √Σ w² p (1 − p)."""
        p = self.network.outputs(features(self.kind, points))[0]
        return np.sqrt((p * (1.0 - p)) @ self.network.layers[1].weights[0] ** 2)

    @property
    def units(self) -> list[bridge.LogisticUnit]:
        """The units as functions of spike counts, and of their squares for radial ones."""
        hidden, half = self.network.layers[0], 0.5 * MOST
        units = []
        for theta, bias in zip(hidden.weights, hidden.bias, strict=True):
            line, square = theta[:2], theta[2:].sum()
            # |x/h − 1|² = |x|²/h² − 2 Σ x/h + 2 with h the half of MOST.
            coef = (line - 2.0 * square) / half
            if self.kind == "radial":
                coef = np.append(coef, square / half**2)
            units.append(bridge.LogisticUnit(float(bias - line.sum() + 2.0 * square), coef))
        return units


def features(kind: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a kind of unit hears of (n, 2) points."""
    return with_square(points) if kind == "radial" else points


@lru_cache(maxsize=4)
def fits_of(steps: int, seed: int) -> dict[tuple[str, str, int], Fit]:
    """Return the best of some fits by target, kind and number of units; the same every time."""
    fine = scaled(np.stack(np.meshgrid(*2 * [np.arange(0.0, MOST + 0.1, 0.25)]), -1).reshape(-1, 2))
    inputs, found = scaled(POINTS), {}
    for name in TARGETS:
        wanted = target(name, inputs)
        for kind in KINDS:
            given = features(kind, inputs)
            for n_units in UNITS:
                inside, seeds = inputs[wanted > 0.5], range(seed, seed + RESTARTS)
                starts = [_start(kind, n_units, inside, k) for k in seeds]
                with threadpool_limits(1):  # the same sums, and so the same fits, anywhere
                    fitted = [_descend(start, given, wanted, steps) for start in starts]
                _, network = min(fitted, key=lambda pair: pair[0])
                off = network(features(kind, fine))[:, 0] - target(name, fine)
                error = float(np.sqrt(np.mean(off**2)))
                found[name, kind, n_units] = Fit(kind, network, error)
    return found


def _start(
    kind: str, n_units: int, inside: NDArray[np.float64], seed: int
) -> bridge.LayeredNetwork:
    """Return a sum of units to begin with: radial ones within the region, sigmoids anywhere."""
    if kind == "radial":
        return radial_network(inside, n_units, seed=seed)
    network = bridge.LayeredNetwork.random([2, n_units, 1], ["sigmoid", "linear"], seed)
    return network.with_parameters(4.0 * network.parameters)


def _descend(
    network: bridge.LayeredNetwork,
    inputs: NDArray[np.float64],
    wanted: NDArray[np.float64],
    steps: int,
) -> tuple[float, bridge.LayeredNetwork]:
    """Return the loss after quasi-Newton descent (gradients by backpropagation), and the fit."""

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        return network.with_parameters(theta).loss_and_gradient(inputs, wanted, "squared")

    found = minimize(
        loss, network.parameters, jac=True, method="L-BFGS-B", options={"maxiter": steps}
    )
    return float(found.fun), network.with_parameters(found.x)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe one radial unit, and both sums for three discs, each trial by its own neurons."""
    if options.duration < 1.5 * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is one step of {options.dt:g} ms: a sum of units "
            "needs two"
        )
    fits = fits_of(settings.steps, options.seed)
    trials = np.tile(POINTS, (settings.repeats, 1))
    net = ns.Network()
    (unit,) = fits["one disc", "radial", 1].units
    spiking = bridge.to_spiking(unit, neuron=NEURON, noise="escape", beta=BETA)
    add_trials(net, "one unit", spiking, with_square(trials), options.dt)
    for kind in KINDS:
        add_sum(net, fits["three discs", kind, SHOWN[kind]], trials, settings.size, options.dt)
    return net


def add_sum(net: ns.Network, fit: Fit, trials: NDArray[np.float64], size: int, dt: float) -> None:
    """Add a sum of units, `size` neurons to each; the output neuron fires where it exceeds 1/2.

    Hidden neurons fire or not at the end of the first step, the output neuron at that of the
    second; it has no noise of its own.
    """
    last = fit.network.layers[1]
    output = net.add(output_name(fit.kind), len(trials), NEURON)
    constant = bridge.threshold_distance(NEURON) + SCALE * (last.bias[0] - 0.5)
    net.drive(output, ns.SpikeTimes([2.0 * dt]), psp=constant)
    to_output = ns.Explicit(np.arange(len(trials) * size), np.tile(np.arange(len(trials)), size))
    given = features(fit.kind, np.tile(trials, (size, 1)))
    for k, unit in enumerate(fit.units):
        spiking = bridge.to_spiking(unit, neuron=NEURON, noise="escape", beta=BETA)
        cells = add_trials(net, f"{fit.kind} unit {k + 1}", spiking, given, dt)
        psp = SCALE * last.weights[0, k] / size
        net.connect(cells, output, to_output, psp=psp, delay=dt)


def output_name(kind: str) -> str:
    """Return the name of the population that sums the units of a kind."""
    return f"sum of {kind} units"


@dataclass(frozen=True, eq=False)
class Outcome:
    """How often the neurons fired at each of the 441 inputs.

    Attributes
    ----------
    fits : dict of (str, str, int) to Fit
    unit : (441,) ndarray
        Share of trials in which the one radial unit fired.
    inside : dict of str to (441,) ndarray
        Share in which the output neuron said inside, by kind of unit.
    """

    fits: dict[tuple[str, str, int], Fit]
    unit: NDArray[np.float64]
    inside: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Outcome:
        """Return what a run shows."""

        def share(name: str, step: int) -> NDArray[np.float64]:
            return fired_at(result, name, step).reshape(-1, len(POINTS)).mean(axis=0)

        inside = {kind: share(output_name(kind), 2) for kind in KINDS}
        return cls(fits_of(settings.steps, result.seed), share("one unit", 1), inside)
