"""Spiking neurons that hear what a grasshopper's receptor heard: settings and network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

import neurosim as ns
from scenarios.recordings.data import INTERVAL, Recording, grasshopper_recording

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

RESISTANCE = 0.1
"""Of the receptor's membrane, in mV per pA (GΩ)."""
BIN = 1.0
"""ms: the logistic neuron and its twins are asked once in each."""
CALIBRATED = 5000.0
"""ms at the beginning of the recordings on which the defaults below were found."""
EXCERPT = (6000.0, 6300.0)
"""From when to when (ms) spikes are drawn one by one, in what the calibration did not see."""
RECEPTOR, TWIN = "receptor", "twin"
"""Populations: leaky neurons set by hand, and spiking twins of the trained logistic neuron."""
COLOURS = {RECEPTOR: "#009E73", TWIN: "#E69F00"}
KINDS = {RECEPTOR: "leaky neurons", TWIN: "spiking twins"}
CELL_STYLES = (("black", "o"), ("#56B4E9", "s"))
"""Colours and words for the populations, colours and markers for the two receptors."""


@dataclass(frozen=True)
class Settings:
    """What can be changed.

    The defaults of the spiking neuron are rounded from the maximum, over the first 5 s of both
    recordings, of the coincidence factor with equal rates; the two cells differ in `bias` alone,
    as the sound of each was as loud as it took to make it fire at about 100 Hz.
    """

    cell: Literal[1, 2] = field(default=1, metadata={"help": "which receptor"})
    neurons: int = field(
        default=200,
        metadata={"help": "simulated neurons of each kind: all hear the sound, each by chance"},
    )
    bias: tuple[float, ...] = field(
        default=(184.0, 158.0),
        metadata={"help": "current of each receptor at the mean intensity", "unit": "pA"},
    )
    gain: float = field(
        default=12.0, metadata={"help": "current for each dB of sound", "unit": "pA/dB"}
    )
    delay: float = field(
        default=6.3, metadata={"help": "from the ear-drum to the spike generator", "unit": "ms"}
    )
    smoothing: float = field(
        default=0.6, metadata={"help": "time over which the ear adds intensity up", "unit": "ms"}
    )
    tau_m: float = field(default=1.5, metadata={"help": "membrane time constant", "unit": "ms"})
    t_ref: float = field(default=3.0, metadata={"help": "refractory period", "unit": "ms"})
    sigma: float = field(
        default=0.7, metadata={"help": "standard deviation of the membrane noise", "unit": "mV"}
    )
    lags: int = field(
        default=20, metadata={"help": "sound that the logistic neuron hears", "unit": "ms"}
    )
    history: int = field(
        default=10, metadata={"help": "own spikes that the logistic neuron sees", "unit": "ms"}
    )
    coupling: int = field(
        default=10, metadata={"help": "other's spikes that a coupled neuron sees", "unit": "ms"}
    )
    coupled: tuple[float, ...] = field(
        default=(0.0, 20.0, 12.0, 6.0),
        metadata={
            "help": "what a spike of one twin adds to another's potential 1, 2, ... ms later",
            "unit": "mV",
        },
    )
    folds: int = field(default=5, metadata={"help": "parts of the recording, each left out once"})

    def __post_init__(self) -> None:
        if len(self.bias) != 2:
            given = ", ".join(f"{bias:g}" for bias in self.bias)
            raise ns.NeurosimError(f"bias = {given} pA: give two currents, one for each receptor")
        for name, unit, low, high in (
            ("neurons", "", 2, 2000),
            ("gain", " pA/dB", 0.0, 1e4),
            ("delay", " ms", 0.0, 100.0),
            ("smoothing", " ms", 0.0, 100.0),
            ("lags", " ms", 1, 200),
            ("history", " ms", 1, 200),
            ("coupling", " ms", 1, 200),
            ("folds", "", 2, 20),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(
                    f"{name} = {value:g}{unit} is outside {low:g} to {high:g}{unit}"
                )
        if not 1 <= len(self.coupled) <= self.coupling or max(map(abs, self.coupled)) > 1000.0:
            raise ns.NeurosimError(
                f"coupled holds {len(self.coupled)} potentials: give 1 to coupling = "
                f"{self.coupling:g} of them, from -1000 to 1000 mV"
            )
        _ = self.neuron, ns.MembraneNoise(self.sigma)  # which check the rest

    @property
    def neuron(self) -> ns.LIF:
        """The spiking neuron."""
        return ns.LIF(tau_m=self.tau_m, c_m=self.tau_m / RESISTANCE, t_ref=self.t_ref)

    @property
    def recording(self) -> Recording:
        """Sound and spikes of the receptor chosen."""
        return grasshopper_recording(self.cell)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe equal neurons that hear the sound, each with noise of its own: trials in one run."""
    recording = settings.recording
    if not 100.0 <= options.duration <= recording.duration:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is outside 100 to {recording.duration:g} ms, the "
            "length of the recording"
        )
    net = ns.Network()
    receptor = net.add(RECEPTOR, settings.neurons, settings.neuron)
    interval = INTERVAL * max(1, int(np.ceil(options.dt / INTERVAL - 1e-6)))
    net.drive(receptor, ns.CurrentWaveform(_current(settings, interval), interval))
    net.drive(receptor, ns.MembraneNoise(settings.sigma))
    net.record(receptor, "v", ids=[0])
    return net


def _current(settings: Settings, interval: float) -> NDArray[np.float64]:
    """Return the receptor current (pA) that the sound makes, one value per interval (ms)."""
    level = settings.recording.level(interval, smoothing=settings.smoothing)
    late = min(round(settings.delay / interval), len(level))
    level = np.concatenate([np.full(late, level[0]), level[: len(level) - late]])
    return settings.bias[settings.cell - 1] + settings.gain * level


def excerpt(duration: float) -> tuple[float, float]:
    """Return from when to when (ms) to draw spikes one by one."""
    start, stop = EXCERPT
    return EXCERPT if duration >= stop else (0.0, min(stop - start, duration))
