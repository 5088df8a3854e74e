"""Data sets: handwritten digits, and recordings of auditory receptors.

The digits are distributed with scikit-learn. The recordings of grasshopper auditory receptors are
read from the installed package nitime.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.signal import lfilter

from bridge.learning.features import bin_means
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Width and height of an image of a digit (pixels).
SIDE = 8
# Level of silence (dB): the logarithm of its intensity is not defined.
QUIETEST = -60.0


@dataclass(frozen=True, eq=False)
class Digits:
    """Handwritten digits, split into training and test images.

    Attributes
    ----------
    images, held_out : (n_images, 64) ndarray
        Pixels in row-major order, from 0 (white) to 1 (black).
    labels, held_out_labels : (n_images,) ndarray of int
        0 to 9.

    Examples
    --------
    >>> from bridge.datasets import digits
    >>> data = digits()
    >>> data.images.shape, data.held_out.shape
    ((1437, 64), (360, 64))
    """

    images: NDArray[np.float64]
    labels: NDArray[np.int64]
    held_out: NDArray[np.float64]
    held_out_labels: NDArray[np.int64]


@cache
def digits(fold: int = 0) -> Digits:
    """Return 1,797 handwritten digits of 8×8 pixels.

    They were written by 43 people. Every fifth image is a test image.

    Parameters
    ----------
    fold : int
        0 to 4; images fold, fold + 5, fold + 10 … are test images.

    References
    ----------
    E. Alpaydin & C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
    Repository (1998); the test set, as distributed with scikit-learn.

    Examples
    --------
    >>> from bridge.datasets import digits
    >>> data = digits(fold=2)
    >>> data.labels[:5]
    array([0, 1, 3, 4, 5])
    """
    if fold not in range(5):
        raise NeurosimError(f"fold = {fold} is outside 0 to 4")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    out = np.arange(len(labels)) % 5 == fold
    parts = (images[~out] / 16.0, labels[~out], images[out] / 16.0, labels[out])
    for part in parts:
        part.flags.writeable = False
    return Digits(*parts)


def shifted(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return images, followed by the same images shifted by one pixel.

    The direction alternates between up, down, left and right. New pixels are white.

    Parameters
    ----------
    images : (n_images, 64) ndarray

    Returns
    -------
    (2 n_images, 64) ndarray

    Examples
    --------
    >>> from bridge.datasets import digits, shifted
    >>> shifted(digits().images).shape
    (2874, 64)
    """
    framed = np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    moved = np.empty((len(images), SIDE, SIDE))
    for turn, (down, right) in enumerate(((2, 1), (0, 1), (1, 2), (1, 0))):
        moved[turn::4] = framed[turn::4, down : down + SIDE, right : right + SIDE]
    return np.concatenate([images, moved.reshape(len(images), -1)])


@dataclass(frozen=True, eq=False)
class ReceptorRecording:
    """Sound that was played to a receptor, and its spikes.

    Attributes
    ----------
    amplitude : (n_samples,) ndarray
        Envelope of the sound, a tone of 2.5 kHz, relative to its loudest sample.
    spikes : (n_spikes,) ndarray
        Spike times (ms), ascending.
    interval : float
        Sampling interval of the sound (ms).

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.datasets import ReceptorRecording
    >>> sound = ReceptorRecording(np.repeat([0.1, 1.0], 200), np.array([12.5]))
    >>> sound.duration
    20.0
    >>> sound.level(10.0).round(2)
    array([-17.03,   2.97])
    """

    amplitude: NDArray[np.float64]
    spikes: NDArray[np.float64]
    interval: ClassVar[float] = 0.05

    @property
    def duration(self) -> float:
        """Length (ms)."""
        return len(self.amplitude) * self.interval

    def level(self, width: float, *, smoothing: float = 0.0) -> NDArray[np.float64]:
        """Return the sound level, 10·log₁₀ of the mean intensity, in bins of equal width.

        Receptors of this kind encode the sound's energy: T. Gollisch, H. Schütze, J. Benda &
        A. V. M. Herz, J. Neurosci. 22, 10434 (2002).

        Parameters
        ----------
        width : float
            Bin width (ms), a multiple of `interval`.
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
            kept = np.exp(-self.interval / smoothing)
            # The first sample also holds before the recording.
            state = [kept * intensity[0]]
            intensity = lfilter([1.0 - kept], [1.0, -kept], intensity, zi=state)[0]
        mean = bin_means(intensity, self.interval, width)
        return 10.0 * np.log10(np.maximum(mean, 10.0 ** (QUIETEST / 10.0)))


@cache
def grasshopper_recording(cell: int) -> ReceptorRecording:
    """Return the recording of receptor 1 or 2.

    Parameters
    ----------
    cell : int
        1 or 2.

    Raises
    ------
    NeurosimError
        If nitime is not installed, its files cannot be read, or there is no such receptor.

    References
    ----------
    A. Rokem et al., *Spike-Timing Precision Underlies the Coding Efficiency of Auditory Receptor
    Neurons*, J. Neurophysiol. 95:2541 (2006).

    Examples
    --------
    >>> from bridge.datasets import grasshopper_recording
    >>> grasshopper_recording(1).duration  # doctest: +SKIP
    10000.0
    """
    if cell not in (1, 2):
        raise NeurosimError(f"cell = {cell!r}: give 1 or 2")
    cell, folder = int(cell), _nitime_data()
    try:
        spikes = np.loadtxt(folder / f"grasshopper_spike_times{cell}.txt") / 1e3  # from µs
        amplitude = np.loadtxt(folder / f"grasshopper_stimulus{cell}.txt", usecols=1)
    except (OSError, ValueError) as error:
        raise NeurosimError(
            f"the recordings of grasshopper receptors in {folder} cannot be read ({error}): "
            "reinstall nitime with python -m pip install --force-reinstall nitime"
        ) from None
    return ReceptorRecording(amplitude, spikes)


def _nitime_data() -> Path:
    """Return the data folder of nitime, without importing the package."""
    spec = find_spec("nitime")
    if spec is None or not spec.submodule_search_locations:
        raise NeurosimError(
            "grasshopper needs the recordings in the package nitime; install it with "
            "python -m pip install 'neurosim-bridge[data]'"
        )
    return Path(spec.submodule_search_locations[0]) / "data"
