"""Spiking neurons that do what sigmoid, tanh, ReLU and step say: settings, network, responses."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

NEURON = ns.LIF()
INTEGRATOR = ns.LIF(tau_m=1000.0, t_ref=0.0)
"""A neuron that hardly leaks and knows no refractory period."""
UNIT_RATE = 20.0
"""Rate (Hz) of the integrator that stands for a ReLU of 1."""
SCORES = np.linspace(-6.0, 6.0, 25)
"""Scores at which the neurons are measured."""
KINDS = ("sigmoid", "tanh", "relu", "step")
CELL = bridge.SpikingUnit(NEURON, np.array([3.0, -2.0]), bridge.EscapeNoise(2.0))
"""The spiking neuron whose trials are to be learned with each activation."""
COUNTS = np.arange(11.0)
"""Spikes that each of its inputs may give."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    delta: float = field(
        default=2.0, metadata={"help": "potential that a score of 1 is worth", "unit": "mV"}
    )
    repeats: int = field(default=1000, metadata={"help": "neurons of each kind at each score"})
    trials: int = field(
        default=2000, metadata={"help": "trials of a spiking neuron to learn from, and to foretell"}
    )

    def __post_init__(self) -> None:
        if not 0.5 <= self.delta <= 10.0:
            raise ns.NeurosimError(f"delta = {self.delta:g} mV is outside 0.5 to 10 mV")
        if not 20 <= self.repeats <= 20_000:
            raise ns.NeurosimError(f"repeats = {self.repeats} is outside 20 to 20000")
        if not 100 <= self.trials <= 100_000:
            raise ns.NeurosimError(f"trials = {self.trials} is outside 100 to 100000")


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe neurons of every kind under constant currents, one current for each score.

    A score s holds the potential at v_threshold + s·delta. Where the threshold is soft the escape
    rate is ln(1 + e^s) per run, so that the run is one trial with probability σ(s) of a spike.
    """
    net = ns.Network()
    score = np.tile(SCORES, settings.repeats)
    soft = ns.LIF(escape=ns.EscapeRate(settings.delta, tau=options.duration))
    for name, driven in (("sigmoid", score), ("plus", 2.0 * score), ("minus", -2.0 * score)):
        potential = soft.v_threshold + settings.delta * driven
        cells = net.add(name, len(score), soft, v_init=potential)
        net.drive(cells, ns.ConstantCurrent((potential - soft.v_rest) / soft.resistance))
    # Wherever in its cycle a neuron is met, the count of a window is right in the mean.
    phase = ns.Uniform(INTEGRATOR.v_reset, INTEGRATOR.v_threshold)
    cells = net.add("relu", len(score), INTEGRATOR, v_init=phase)
    gap = INTEGRATOR.v_threshold - INTEGRATOR.v_reset
    net.drive(cells, ns.ConstantCurrent(1e-3 * UNIT_RATE * score * INTEGRATOR.c_m * gap))
    cells = net.add("step", len(SCORES), NEURON)
    above = NEURON.v_threshold - NEURON.v_rest + settings.delta * SCORES
    net.drive(cells, ns.ConstantCurrent(above / NEURON.resistance))
    return net


@dataclass(frozen=True, eq=False)
class Response:
    """Mean output of the neurons of each kind, by name and score.

    Attributes
    ----------
    mean, error, variance : dict of str to (25,) ndarray
        Of single neurons' outputs, at each of `SCORES`; `error` is the mean's standard error.
    """

    mean: dict[str, NDArray[np.float64]]
    error: dict[str, NDArray[np.float64]]
    variance: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, result: ns.Result) -> Response:
        """Return what the neurons of a run did.

        The output is 1 for a neuron that fired and 0 for a silent one; that of tanh is the
        difference of two neurons' outputs, that of ReLU a rate over `UNIT_RATE`.
        """

        def counts(name: str) -> NDArray[np.float64]:
            return result.spikes[name].counts().reshape(-1, len(SCORES)).astype(float)

        fired = {name: (counts(name) > 0).astype(float) for name in ("sigmoid", "plus", "minus")}
        outputs = {
            "sigmoid": fired["sigmoid"],
            "tanh": fired["plus"] - fired["minus"],
            "relu": counts("relu") / (1e-3 * result.duration * UNIT_RATE),
            "step": (counts("step") > 0).astype(float),
        }
        variance = {name: output.var(axis=0) for name, output in outputs.items()}
        return cls(
            {name: output.mean(axis=0) for name, output in outputs.items()},
            {name: np.sqrt(variance[name] / len(output)) for name, output in outputs.items()},
            variance,
        )

    def slope(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the slope of the mean output between a score's neighbours, and its error.

        At all scores but the first and the last, shape (23,).
        """
        apart = SCORES[2:] - SCORES[:-2]
        slope = (self.mean[name][2:] - self.mean[name][:-2]) / apart
        return slope, np.hypot(self.error[name][2:], self.error[name][:-2]) / apart


@dataclass(frozen=True, eq=False)
class Lesson:
    """The same task learned with each activation.

    Attributes
    ----------
    inputs : (n_trials, 2) ndarray
        Spikes of both inputs in the trials to be foretold.
    fired : (n_trials,) ndarray of bool
    neurons : dict of str to LogisticNeuron
        By activation, trained on as many other trials.
    """

    inputs: NDArray[np.float64]
    fired: NDArray[np.bool_]
    neurons: dict[str, bridge.LogisticNeuron]

    @classmethod
    def of(cls, settings: Settings, seed: int) -> Lesson:
        """Return neurons trained on the spikes of `CELL`, one step of a network for each trial."""
        inputs = np.random.default_rng(seed).choice(COUNTS, (2 * settings.trials, 2))
        fired = CELL.fire(inputs, seed=seed)
        seen, unseen = slice(None, settings.trials), slice(settings.trials, None)
        neurons = {
            "sigmoid": bridge.LogisticNeuron(activation="sigmoid", solver="gradient"),
            "tanh": bridge.LogisticNeuron(activation="tanh", solver="gradient"),
            "relu": bridge.LogisticNeuron(loss="squared", activation="relu", solver="gradient"),
            "step": bridge.LogisticNeuron(
                loss="perceptron", activation="step", solver="stochastic", max_iter=100
            ),
        }
        with warnings.catch_warnings():
            # Stochastic trials are not separable, so the perceptron rule does not converge.
            warnings.filterwarnings("ignore", message=".* trials are misclassified")
            for neuron in neurons.values():
                neuron.fit(inputs[seen], fired[seen])
        return cls(inputs[unseen], fired[unseen], neurons)
