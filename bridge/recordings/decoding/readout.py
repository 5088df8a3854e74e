"""Spiking neurons that read out a decoder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.neuron.filtered import connect_filter
from bridge.neuron.unit import SpikingUnit
from bridge.recordings.decoding.features import Kernel, as_kernel
from bridge.utils.checks import as_floats
from neurosim import NeurosimError


@dataclass(frozen=True, eq=False)
class SpikingReadout:
    """Spiking neurons with the weights of a `LogisticDecoder`.

    For two classes there is one neuron. It fires with the probability of the second class.

    For more classes there is one neuron per class, which fires independently of the others with the
    log-odds of its score. The decision is the neuron that fires alone. Given that exactly one
    neuron fires, it is neuron k with exactly the decoder's probability: the probability that only
    neuron k fires is proportional to its odds, which are proportional to the exponential of its
    score. Trials in which no neuron or several neurons fire are undecided.

    Attributes
    ----------
    classes : (n_classes,) ndarray
    units : tuple of SpikingUnit
        One neuron for two classes, otherwise one for each class. Its PSPs are those of a spike in
        each feature.
    width : float
        Time in which a neuron fires or not (ms).

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import LogisticDecoder
    >>> rng = np.random.default_rng(1)
    >>> stimulus = rng.integers(0, 2, 400)
    >>> counts = rng.poisson(np.where(stimulus[:, np.newaxis] == np.arange(2), 5.0, 2.0))
    >>> decoder = LogisticDecoder().fit(counts, stimulus)
    >>> readout = decoder.to_spiking()
    >>> error = readout.firing_probability(counts)[:, 0] - decoder.predict_proba(counts)[:, 1]
    >>> bool(abs(error).max() < 1e-12)
    True
    """

    classes: NDArray
    units: tuple[SpikingUnit, ...]
    width: float

    @property
    def psps(self) -> NDArray[np.float64]:
        """PSP of each feature (mV), shape (n_units, n_features)."""
        return np.stack([unit.psps for unit in self.units])

    def firing_probability(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the firing probability of each neuron, shape (n_trials, n_units)."""
        return np.stack([unit.firing_probability(X) for unit in self.units], axis=-1)

    def decision_probability(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each decision, shape (n_trials, n_classes).

        The rest of the trials are undecided.
        """
        fires = self.firing_probability(X)
        if len(self.units) == 1:
            return np.concatenate([1.0 - fires, fires], axis=1)
        silent = 1.0 - fires
        others = [np.delete(silent, k, axis=1).prod(axis=1) for k in range(len(self.units))]
        return fires * np.stack(others, axis=1)

    def decide(self, fired: ArrayLike) -> NDArray[np.int64]:
        """Return the index of the decoded class of each trial, −1 where undecided.

        Parameters
        ----------
        fired : (n_trials, n_units) array_like of bool

        Returns
        -------
        (n_trials,) ndarray of int
        """
        spikes = as_floats(fired, "fired") != 0.0
        if spikes.ndim != 2 or spikes.shape[1] != len(self.units):
            raise NeurosimError(
                f"fired has shape {spikes.shape}: it must have {len(self.units)} columns, one per "
                "neuron"
            )
        if len(self.units) == 1:
            return spikes[:, 0].astype(np.int64)
        return np.where(spikes.sum(axis=1) == 1, spikes.argmax(axis=1), -1)

    def fire(self, X: ArrayLike, *, seed: int = 1, threads: int | None = None) -> NDArray[np.bool_]:
        """Simulate the neurons for one window per trial and return which fired.

        Parameters
        ----------
        X : (n_trials, n_features) array_like
            Spikes of each synapse, as for the decoder.
        seed : int
        threads : int, optional

        Returns
        -------
        (n_trials, n_units) ndarray of bool
        """
        trials = np.atleast_2d(as_floats(X, "X"))
        network, dt = ns.Network(), self.width
        for k, unit in enumerate(self.units):
            cells = unit.add_to(network, f"unit {k}", len(trials), dt=dt)
            unit.present(network, cells, trials, at=dt)
        result = ns.simulate(network, dt, dt=dt, seed=seed, threads=threads)
        spikes = [result.spikes[f"unit {k}"].counts() > 0 for k in range(len(self.units))]
        return np.stack(spikes, axis=1)

    def add_to(
        self,
        network: ns.Network,
        name: str,
        source: ns.Population,
        *,
        kernel: Kernel = 1,
    ) -> ns.Population:
        """Add the neurons to a network, with synapses from the neurons that are decoded.

        Simulate the network with dt = `width`. The neurons decode the features of `filtered_counts`
        in each time bin and fire in the next one, because a spike needs one step to arrive.

        Parameters
        ----------
        network : Network
        name : str
        source : Population
            The decoded neurons, in the order of the features. It needs ``dale=False``, because
            decoders have weights of both signs.
        kernel : int, (n_lags,) or (n_lags, n_filters) array_like, or Basis
            As for `filtered_counts`.

        Returns
        -------
        Population
            One neuron per unit.

        Raises
        ------
        NeurosimError
            If the features are not those of the source.
        """
        filters, psps = as_kernel(kernel, self.width), self.psps
        neuron = self.units[0].neuron
        if psps.shape[1] != source.size * filters.shape[1]:
            raise NeurosimError(
                f"population {source.name!r} of {source.size} neurons and {filters.shape[1]} "
                f"filters has {source.size * filters.shape[1]} features, but the decoder has "
                f"{psps.shape[1]}: give the source and the kernel of its features"
            )
        currents = np.array([unit.current for unit in self.units])
        readout = network.add(
            name,
            len(self.units),
            replace(neuron, escape=self.units[0].noise.rate(self.width)),  # type: ignore[attr-defined]
            v_init=neuron.v_rest + neuron.resistance * currents,
        )
        network.drive(readout, ns.ConstantCurrent(currents))
        by_lag = psps.reshape(len(psps), source.size, -1) @ filters.T
        connect_filter(network, source, readout, by_lag.swapaxes(0, 1), width=self.width)
        return readout
