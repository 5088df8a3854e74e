"""Predicted scores of recorded spikes, and the time-rescaling test of a population."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.observation import Observation
from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates
        family, counted = population.family_of(index), observation.counted(index)
        silence = family.silence(scores(population, covariates, index))
        found[name] = rescaled_neuron(trains, index, family, silence, counted, seed)
    impossible = [name for name, test in found.items() if test.n_impossible]
    if impossible:
        warnings.warn(
            f"{len(impossible)} neurons fired in bins with probability 0 "
            f"({', '.join(map(str, impossible[:5]))}): their refractory period is shorter than "
            "that of the model",
            UserWarning,
            stacklevel=3,
        )
    return found


def rescaled_neuron(
    trains: BinnedTrains,
    index: int,
    family: Family,
    silence: NDArray[np.float64],
    counted: NDArray[np.bool_] | None,
    seed: int,
) -> TimeRescaling:
    """Return the time-rescaling test of one neuron, from −log(probability of no spike) by bin."""
    spikes = np.bincount(trains.bins[trains.ids == index], minlength=trains.n_bins)
    if counted is not None:
        silence, spikes = silence[counted], spikes[counted]
    # Negative binomial counts are tested as spike or none.
    return rescale(spikes, silence, counts=family.name == "poisson", seed=seed + index)
