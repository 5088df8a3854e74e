"""Recordings of grasshopper auditory receptors, read from the installed package nitime.

They come from A. Rokem et al., *Spike-Timing Precision Underlies the Coding Efficiency of Auditory
Receptor Neurons*, J. Neurophysiol. 95, 2541 (2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import lfilter

import bridge
import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Sampling interval of the sound (ms).
INTERVAL = 0.05
# Level of silence (dB): the logarithm of its intensity is not defined.
QUIETEST = -60.0


@dataclass(frozen=True, eq=False)
class Recording:
    """Sound that was played to a receptor, and its spikes.

    Attributes
    ----------
    amplitude : (n_samples,) ndarray
        Envelope of the sound, a tone of 2.5 kHz, relative to its loudest sample.
    spikes : (n_spikes,) ndarray
        Spike times (ms), ascending.
    """

    amplitude: NDArray[np.float64]
    spikes: NDArray[np.float64]

    @property
    def duration(self) -> float:
        """Length (ms)."""
        return len(self.amplitude) * INTERVAL

    def level(self, width: float, *, smoothing: float = 0.0) -> NDArray[np.float64]:
        """Return the sound level, 10·log₁₀ of the mean intensity, in bins of equal width.

        Receptors of this kind encode the sound's energy: T. Gollisch, H. Schütze, J. Benda &
        A. V. M. Herz, J. Neurosci. 22, 10434 (2002).

        Parameters
        ----------
        width : float
            Bin width (ms), a multiple of `INTERVAL`.
        smoothing : float
            Time constant (ms) of a leaky integration of the intensity before the logarithm.

        Returns
        -------
        (n_bins,) ndarray
            dB relative to the mean intensity of the whole sound.
        """
        intensity = self.amplitude**2
        intensity = intensity / intensity.mean()
        if smoothing > 0.0:
            kept = np.exp(-INTERVAL / smoothing)
            # The first sample also holds before the recording.
            state = [kept * intensity[0]]
            intensity = lfilter([1.0 - kept], [1.0, -kept], intensity, zi=state)[0]
        mean = bridge.bin_means(intensity, INTERVAL, width)
        return 10.0 * np.log10(np.maximum(mean, 10.0 ** (QUIETEST / 10.0)))


@cache
def grasshopper_recording(cell: int) -> Recording:
    """Return the recording of receptor 1 or 2.

    Raises
    ------
    NeurosimError
        If nitime is not installed or its files cannot be read.
    """
    folder = _nitime_data()
    try:
        spikes = np.loadtxt(folder / f"grasshopper_spike_times{cell}.txt") / 1e3  # from µs
        amplitude = np.loadtxt(folder / f"grasshopper_stimulus{cell}.txt", usecols=1)
    except (OSError, ValueError) as error:
        raise ns.NeurosimError(
            f"the recordings of grasshopper receptors in {folder} cannot be read ({error}): "
            "reinstall nitime with python -m pip install --force-reinstall nitime"
        ) from None
    return Recording(amplitude, spikes)


def _nitime_data() -> Path:
    """Return the data folder of nitime, which need not be imported."""
    spec = find_spec("nitime")
    if spec is None or not spec.submodule_search_locations:
        raise ns.NeurosimError(
            "grasshopper needs the recordings in the package nitime; install it with "
            "python -m pip install 'neurosim-bridge[data]'"
        )
    return Path(spec.submodule_search_locations[0]) / "data"
