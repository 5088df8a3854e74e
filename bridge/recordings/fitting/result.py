"""A fitted neuron, its precision and its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.evaluation.measures import Measure
from bridge.recordings.fitting.plot import fit_plot
from bridge.recordings.fitting.prediction import driven
from bridge.recordings.fitting.recording import CurrentClamp, checked_current
from bridge.utils.checks import as_integer

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def with_values(neuron: Any, values: Mapping[str, float]) -> Any:
    """Return a neuron with other parameters, such as "tau_m" or "escape.delta"."""
    own = {name: value for name, value in values.items() if "." not in name}
    escape = {name.partition(".")[2]: value for name, value in values.items() if "." in name}
    if escape:
        own["escape"] = replace(neuron.escape, **escape)
    return replace(neuron, **own)


@dataclass(frozen=True, eq=False, repr=False)
class NeuronFit:
    """A neuron model fitted to a current-clamp recording.

    "Tested" refers to the part of the recording that was held out of the fit; to all of it if none
    was.

    Attributes
    ----------
    neuron : neuron model
        The model with the fitted parameters.
    parameters : dict of str to Measure
        Fitted value, unit and 95 % interval of each free parameter.
    standard_errors : dict of str to float
    coincidence : float
        Coincidence factor Γ of the freely running neuron with the recorded spikes, when tested; the
        mean over trials if it fires at random.
    reliability : float
        Γ between trials of the fitted neuron, 1 if it does not fire at random. No model can be
        expected to exceed it if the recorded neuron is equally reliable.
    voltage_error : float
        Root mean square error of the potential between spikes, when tested, given the recorded
        spikes (mV); NaN without voltage.
    bits_per_spike : Measure or None
        Information about the tested spikes, given the earlier recorded ones, over a constant rate.
        None for models without threshold. Models without random firing have a soft threshold here.
    probability : (n_steps,) ndarray or None
        Predicted probability of a spike in each time step, given the earlier recorded spikes.
    spikes : (n_spikes,) ndarray
        Recorded spike times (ms).
    tested_from : float
        Start of the tested part (ms).
    converged : bool
    recording : CurrentClamp

    Examples
    --------
    >>> import numpy as np
    >>> import bridge
    >>> import neurosim as ns
    >>> current = np.repeat(np.random.default_rng(1).normal(200.0, 150.0, 200), 50)
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF(tau_m=15.0))
    >>> drive = net.drive(cell, ns.CurrentWaveform(current, interval=0.1))
    >>> recording = net.record(cell, "v")
    >>> result = ns.simulate(net, 1000.0)
    >>> fit = bridge.fit_neuron(ns.LIF, current, voltage=result.traces["cell", "v"],
    ...                         spikes=result.spikes["cell"].times, free=["tau_m"])
    >>> round(fit.neuron.tau_m, 3)
    15.0
    >>> fit.simulate(trials=1).spikes["neuron"].times[:3]
    array([117.4, 169. , 379.8])
    """

    neuron: Any
    parameters: dict[str, Measure]
    standard_errors: dict[str, float]
    coincidence: float
    reliability: float
    voltage_error: float
    bits_per_spike: Measure | None
    probability: NDArray[np.float64] | None = field(repr=False)
    spikes: NDArray[np.float64]
    tested_from: float
    converged: bool
    recording: CurrentClamp

    def __repr__(self) -> str:
        values = ", ".join(
            f"{name} = {one.value:.3g} {one.unit}".rstrip() for name, one in self.parameters.items()
        )
        name = type(self.neuron).__name__
        return f"<NeuronFit: {name}({values}), Γ = {self.coincidence:.2f}>".replace("-", "−")

    def summary(self) -> str:
        """Return a table of the parameters with their intervals, and the results of the test."""
        width = max(map(len, self.parameters))
        lines = [f"{type(self.neuron).__name__} fitted to {len(self.spikes)} spikes"]
        lines += [f"  {name:<{width}}  {one.text}" for name, one in self.parameters.items()]
        part = f"tested from {self.tested_from:g} ms" if self.tested_from else "in sample"
        factor = f"  coincidence factor {self.coincidence:.3f} ({part})"
        if self.reliability < 1.0:
            factor += f", between trials {self.reliability:.3f}"
        lines.append(factor)
        if np.isfinite(self.voltage_error):
            lines.append(f"  error of the potential between spikes {self.voltage_error:.3g} mV")
        if self.bits_per_spike is not None:
            lines.append(f"  information {self.bits_per_spike.text}")
        return "\n".join(lines)

    def simulate(
        self, current: ArrayLike | None = None, *, trials: int = 1, seed: int = 1
    ) -> ns.Result:
        """Simulate the fitted neuron, which runs freely.

        Parameters
        ----------
        current : (n_steps,) array_like, optional
            pA, in steps of the recording. Default: the recorded current.
        trials : int
            Number of independent neurons, which differ if they fire at random.
        seed : int

        Returns
        -------
        Result
            Of the population "neuron", with the potential "v".
        """
        data = self.recording
        if current is not None:
            data = replace(data, current=checked_current(current))
        trials = as_integer(trials, "trials", 1)
        net, cells = driven(self.neuron, data, trials)
        net.record(cells, "v")
        return ns.simulate(net, data.duration, dt=data.dt, seed=seed)

    def plot(self, start: float | None = None, stop: float | None = None) -> Figure:
        """Plot recorded and fitted potential and spikes.

        Parameters
        ----------
        start, stop : float, optional
            Times (ms). Default: the first second of the tested part.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return fit_plot(self, start, stop)
