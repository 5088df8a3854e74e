"""Handwritten digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from neurosim import NeurosimError

# Width and height of an image (pixels).
SIDE = 8


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
