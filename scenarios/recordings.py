"""Real recordings, read from the packages that ship them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE = 0.05
"""ms between samples of the sound."""


@dataclass(frozen=True, eq=False)
class Recording:
    """An auditory receptor's spikes and the sound that drove them.

    Attributes
    ----------
    amplitude : (n_samples,) ndarray
        Envelope of the sound, 1 at its loudest, every `SAMPLE` ms.
    spikes : (n_spikes,) ndarray
        ms.
    """

    amplitude: NDArray[np.float64]
    spikes: NDArray[np.float64]

    @property
    def duration(self) -> float:
        """Length of the recording (ms)."""
        return len(self.amplitude) * SAMPLE

    @property
    def level(self) -> NDArray[np.float64]:
        """Level of the sound (dB below its loudest)."""
        return 20.0 * np.log10(self.amplitude)


def grasshopper(cell: int) -> Recording:
    """Read a recording from a grasshopper's auditory receptor.

    The package nitime ships them: sound and spikes of two cells, ten seconds each, from the
    laboratory of A. V. M. Herz (A. Rokem et al., Journal of Neurophysiology 95, 2541, 2006).

    Parameters
    ----------
    cell : {1, 2}

    Raises
    ------
    NeurosimError
        Where nitime is not installed or its files are not what they were.
    """
    package = find_spec("nitime")
    if package is None or package.origin is None:
        raise ns.NeurosimError(
            "grasshopper needs the recordings that nitime ships: python -m pip install "
            "'neurosim-bridge[data]'"
        )
    folder = Path(package.origin).parent / "data"
    try:
        sound = np.loadtxt(folder / f"grasshopper_stimulus{cell}.txt")
        spikes = np.loadtxt(folder / f"grasshopper_spike_times{cell}.txt")
    except (OSError, ValueError) as error:
        raise ns.NeurosimError(
            f"the recording of cell {cell} in {folder} cannot be read: install nitime again"
        ) from error
    return Recording(sound[:, 1], spikes * 1e-3)
