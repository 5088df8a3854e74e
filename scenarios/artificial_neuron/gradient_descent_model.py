"""A number to guess, and trials of a spiking neuron to learn from: settings, network, descents."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import fired_at
from scenarios._kit.trials import add_trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

PASSIVE = ns.LIF(v_threshold=200.0, v_peak=200.0)
"""A neuron that never fires, for the guesses."""
UNIT = bridge.SpikingUnit(ns.LIF(), np.array([3.0]), bridge.EscapeNoise(2.0))
"""The neuron to learn from: one synapse of 3 mV and a soft threshold 2 mV wide."""
MOST = 10
"""Most spikes of its input."""
GUESSES = 15
"""Guesses made at each rate, the first included."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    number: float = field(
        default=10.0, metadata={"help": "number to guess: a synapse's strength", "unit": "mV"}
    )
    rates: tuple[float, ...] = field(
        default=(0.05, 0.4, 1.05),
        metadata={"help": "steps per unit of the derivative: too small, right, too large"},
    )
    trials: int = field(default=2000, metadata={"help": "trials of the neuron to learn from"})
    batch: int = field(default=32, metadata={"help": "trials in a mini-batch"})
    passes: int = field(default=50, metadata={"help": "passes through all trials"})

    def __post_init__(self) -> None:
        if not -10.0 <= self.number <= 30.0:
            raise ns.NeurosimError(f"number = {self.number:g} mV is outside -10 to 30 mV")
        if abs(self.number) < 0.1:
            raise ns.NeurosimError(
                f"number = {self.number:g} mV is next to the first guess, 0 mV: give another"
            )
        if not (1 <= len(self.rates) <= 3 and all(0.0 < rate <= 1.1 for rate in self.rates)):
            given = ", ".join(f"{rate:g}" for rate in self.rates)
            raise ns.NeurosimError(f"rates = {given}: give one to three from above 0 to 1.1")
        if not 200 <= self.trials <= 100_000:
            raise ns.NeurosimError(f"trials = {self.trials} is outside 200 to 100000")
        if not 1 <= self.batch < self.trials:
            raise ns.NeurosimError(
                f"batch = {self.batch} is not from 1 to below trials = {self.trials}"
            )
        if not 2 <= self.passes <= 1000:
            raise ns.NeurosimError(f"passes = {self.passes} is outside 2 to 1000")

    @property
    def batch_sizes(self) -> dict[str, int]:
        """Trials that a step looks at, by the name of the descent."""
        return {"full batch": self.trials, "mini-batch": self.batch, "stochastic": 1}

    def guesses(self) -> NDArray[np.float64]:
        """Return the guesses (mV), shape (n_rates, 15): each a step against the derivative.

        The first is 0; the squared error (guess − number)² has the derivative 2 (guess − number).
        """
        paths = np.zeros((len(self.rates), GUESSES))
        for path, rate in zip(paths, self.rates, strict=True):
            for k in range(1, GUESSES):
                path[k] = path[k - 1] - rate * 2.0 * (path[k - 1] - self.number)
        return paths

    def parabola(self) -> NDArray[np.float64]:
        """Return guesses (mV) evenly spaced to both sides of the number, shape (n_rates, 61)."""
        reach = 1.3 * np.abs(self.guesses() - self.number).max(axis=1, keepdims=True)
        return self.number + reach * np.linspace(-1.0, 1.0, 61)

    def counts(self, seed: int) -> NDArray[np.float64]:
        """Return the spikes of the neuron's input in each trial, shape (n_trials, 1)."""
        drawn = np.random.default_rng(seed).integers(0, MOST + 1, (self.trials, 1))
        return drawn.astype(float)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe one step of a neuron for each guess, and of one for each trial."""
    net = ns.Network()
    strengths = np.concatenate([settings.parabola(), settings.guesses()], axis=1).ravel()
    guess = net.add("guess", len(strengths), PASSIVE)
    net.drive(guess, ns.SpikeTimes([options.dt]), psp=strengths)
    net.record(guess, "v")
    add_trials(net, "neuron", UNIT, settings.counts(options.seed), options.dt)
    return net


@dataclass(frozen=True, eq=False)
class Guessing:
    """Guesses as potentials that one spike reaches (mV above rest).

    Attributes
    ----------
    parabola : (n_rates, 61) ndarray
        For the guesses of `Settings.parabola`.
    paths : (n_rates, 15) ndarray
        For those of `Settings.guesses`.
    """

    parabola: NDArray[np.float64]
    paths: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Guessing:
        """Return what the potentials of a run were when the spike had arrived."""
        trace = result.traces["guess", "v"]
        when = np.argmin(np.abs(trace.times - result.dt))
        lifted = (trace.values[when] - PASSIVE.v_rest).reshape(len(settings.rates), -1)
        return cls(lifted[:, :-GUESSES], lifted[:, -GUESSES:])


@dataclass(frozen=True, eq=False)
class Lesson:
    """Trials of the neuron, and the ways that descents took on their mean loss.

    Attributes
    ----------
    counts : (n_trials, 1) ndarray
        Spikes of the input.
    fired : (n_trials,) ndarray of bool
    best : LogisticNeuron
        At the lowest loss, by Newton's method.
    taught : dict of str to LogisticNeuron
        By "full batch", "mini-batch" and "stochastic" descent, in `Settings.passes` passes.
    begun : dict of str to OptimizeResult
        The same, but that the latter two end after one pass.
    """

    counts: NDArray[np.float64]
    fired: NDArray[np.bool_]
    best: bridge.LogisticNeuron
    taught: dict[str, bridge.LogisticNeuron]
    begun: dict[str, bridge.OptimizeResult]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Lesson:
        """Return what descents make of the neuron's spikes."""
        counts, fired = settings.counts(result.seed), fired_at(result, "neuron")
        best = bridge.LogisticNeuron(solver="newton", tol=1e-10).fit(counts, fired)

        def taught(size: int, passes: int) -> bridge.LogisticNeuron:
            kind: Any = "gradient" if size == settings.trials else "stochastic"
            neuron = bridge.LogisticNeuron(
                solver=kind, batch_size=size, max_iter=passes, tol=1e-9, random_state=result.seed
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it has not converged: it is not to
                return neuron.fit(counts, fired)

        sizes, n = settings.batch_sizes, settings.passes
        begun = {
            name: taught(size, 1 if size < settings.trials else n).history_
            for name, size in sizes.items()
        }
        return cls(
            counts, fired, best, {name: taught(size, n) for name, size in sizes.items()}, begun
        )

    def loss(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean cross-entropy (nats) at (..., 2) parameters; shape (...)."""
        activity = np.arange(MOST + 1.0)
        place = self.counts[:, 0].astype(np.intp)
        trials = np.bincount(place, minlength=len(activity))
        spikes = np.bincount(place, self.fired, minlength=len(activity))
        score = theta[..., :1] + theta[..., 1:] * activity
        return (np.logaddexp(0.0, score) @ trials - score @ spikes) / len(self.fired)

    @property
    def lowest(self) -> float:
        """The lowest loss (nats)."""
        return float(self.loss(np.append(self.best.intercept_, self.best.coef_)))

    def trials_until(self, name: str, excess: float) -> float:
        """Return after how many trials a descent first came within `excess` of the lowest loss.

        NaN where it never does.
        """
        for way in (self.begun[name], self.taught[name].history_):  # the first keeps more points
            arrived = np.flatnonzero(self.loss(way.trajectory) <= self.lowest + excess)
            if len(arrived):
                return float(way.trajectory_rows[arrived[0]])
        return np.nan
