"""A population of neurons coupled by filters: a fitted model as a generator of spikes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.recordings.data.trains import bin_trains
from bridge.recordings.glm import prediction, simulation, to_network
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.rescaling import TimeRescaling
from bridge.utils.binning import count_bins
from bridge.utils.checks import as_floats, as_integer, finite_vector, positive
from neurosim import NeurosimError


@dataclass(frozen=True, eq=False)
class FilteredPopulation:
    """Neurons whose firing probability depends on past spikes through filters.

    The score of neuron i in bin t is

        ηᵢ(t) = interceptᵢ + driveᵢ(t) + Σⱼ Σₗ filtersⱼᵢ(l) nⱼ(t − l),    l = 1 … L,

    where nⱼ(t) is the spike count of neuron j. Given the score, spikes are drawn from the family
    (J. W. Pillow et al., Nature 454:995, 2008).

    Attributes
    ----------
    filters : (n, n, L) ndarray
        Effect of a spike of neuron j on the score of neuron i after 1 … L bins; the spike history
        for j = i.
    intercept : (n,) ndarray
        Scores without input.
    bin_width : float
        ms.
    refractory : (n,) ndarray of int
        Bins after a spike in which a neuron cannot fire. Default: 0.
    drive : (n_bins, n) ndarray
        Time-dependent part of the scores, such as a filtered stimulus; 0 after the last bin.
        Default: none.
    family : Family
        Distribution and link. Default: a spike with probability σ(η).
    dispersion : (n,) ndarray
        Dispersions of negative binomial counts. Default: that of the family.
    last_spike_only : bool
        Whether only the last spike of a neuron acts on the neuron itself, not all of them.
    names : tuple of str, optional
        Names of the neurons.
    rates : (n,) ndarray, optional
        Expected firing rates (Hz), to detect runaway activity. Default: those without coupling.

    Raises
    ------
    NeurosimError
        If shapes do not match, or values are not finite.

    See Also
    --------
    PopulationGLM : Fit such a population to recorded spikes.

    Examples
    --------
    The first neuron excites the second one for 3 ms:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> from bridge.recordings import FilteredPopulation
    >>> filters = np.zeros((2, 2, 3))
    >>> filters[0, 1] = [3.0, 2.0, 1.0]
    >>> pair = FilteredPopulation(filters, [-3.0, -5.0], refractory=[2, 2])
    >>> trains = pair.simulate(10_000.0, seed=1)
    >>> trains.counts()
    array([424, 127])

    The same spikes, from the engine:

    >>> result = ns.simulate(pair.to_network(), 10_000.0, dt=pair.bin_width, seed=1)
    >>> bool((result.spikes["neurons"].times == trains.times).all())
    True
    """

    filters: NDArray[np.float64]
    intercept: NDArray[np.float64]
    bin_width: float = 1.0
    refractory: Any = None
    drive: Any = None
    family: Family = Family("bernoulli", "logit")  # noqa: RUF009 - frozen
    dispersion: Any = None
    last_spike_only: bool = False
    names: tuple[str, ...] | None = None
    rates: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        intercept = finite_vector(self.intercept, "FilteredPopulation.intercept")
        n = len(intercept)
        filters = _checked(self.filters, "filters", (n, n, None), "(n, n, L)")
        drive = np.empty((0, n)) if self.drive is None else self.drive
        given = np.zeros(n) if self.refractory is None else self.refractory
        refractory = _checked(given, "refractory", (n,), "(n,)")
        if (refractory < 0).any() or (refractory != np.rint(refractory)).any():
            raise NeurosimError(
                f"FilteredPopulation.refractory from {refractory.min():g} to {refractory.max():g}: "
                "give whole numbers of bins from 0"
            )
        if self.names is not None and len(self.names) != n:
            raise NeurosimError(f"{len(self.names)} names for {n} neurons: give one per neuron")
        dispersion = self.family.dispersion if self.dispersion is None else self.dispersion
        dispersion = np.broadcast_to(np.asarray(dispersion, dtype=float), n)
        if self.family.name == "negative_binomial" and not (dispersion > 0.0).all():
            raise NeurosimError(
                f"a dispersion of {dispersion.min():g} is not above 0: give a Poisson family"
            )
        rates = None if self.rates is None else _checked(self.rates, "rates", (n,), "(n,)")
        for name, value in (
            ("filters", filters),
            ("intercept", intercept),
            ("bin_width", positive(self.bin_width, "FilteredPopulation.bin_width", "ms")),
            ("refractory", refractory.astype(np.int64)),
            ("dispersion", dispersion),
            ("drive", _checked(drive, "drive", (None, n), "(n_bins, n)")),
            ("names", None if self.names is None else tuple(map(str, self.names))),
            ("rates", rates),
        ):
            object.__setattr__(self, name, value)

    def drive_of(self, first: int, n_bins: int) -> NDArray[np.float64]:
        """Return the drive of some bins, shape (n_bins, n); an empty array without drive."""
        drive = self.drive[first : first + n_bins]
        if 0 < len(drive) < n_bins:
            return np.pad(drive, ((0, n_bins - len(drive)), (0, 0)))
        return np.ascontiguousarray(drive)

    @property
    def expected(self) -> NDArray[np.float64]:
        """Expected spikes per bin, shape (n,)."""
        if self.rates is not None:
            return self.rates * 1e-3 * self.bin_width
        mean = self.drive.mean(axis=0) if len(self.drive) else 0.0
        return self.family.mean(self.intercept + mean)

    def family_of(self, index: int) -> Family:
        """Return the family of one neuron, with its dispersion."""
        return replace(self.family, dispersion=float(self.dispersion[index]))

    def __repr__(self) -> str:
        n, _, n_lags = self.filters.shape
        some = f"{n} neuron{'s' * (n != 1)}, {self.family.name}, {self.family.link}"
        return f"<FilteredPopulation: {some}, filters of {n_lags * self.bin_width:g} ms>"

    def repeated(self, n: int) -> FilteredPopulation:
        """Return `n` copies of the population without couplings between them.

        They fire independently with the same probabilities: `n` simulated trials of the same
        stimulus. Neurons of the first copy come first. Names get the number of the copy, as in
        "a.1", "a.2".

        Parameters
        ----------
        n : int
            1 or more.

        Examples
        --------
        Five trials of a neuron whose drive rises after 100 ms:

        >>> import numpy as np
        >>> from bridge.recordings import FilteredPopulation
        >>> drive = np.repeat([0.0, 2.0], 100)[:, None]
        >>> neuron = FilteredPopulation(np.zeros((1, 1, 1)), [-3.0], drive=drive)
        >>> neuron.repeated(5).simulate(200.0, seed=1).counts().tolist()
        [32, 31, 31, 31, 31]
        """
        n = as_integer(n, "n", 1)
        filters = [np.kron(np.eye(n), one) for one in np.moveaxis(self.filters, 2, 0)]
        names = self.names and tuple(f"{name}.{k}" for k in range(1, n + 1) for name in self.names)
        return replace(
            self,
            filters=np.stack(filters, axis=2),
            intercept=np.tile(self.intercept, n),
            refractory=np.tile(self.refractory, n),
            drive=np.tile(self.drive, n),
            dispersion=np.tile(self.dispersion, n),
            names=names,
            rates=None if self.rates is None else np.tile(self.rates, n),
        )

    def rescaled(
        self,
        spikes: Any,
        duration: float | None = None,
        *,
        epochs: Any = None,
        gaps: Any = None,
        seed: int = 1,
    ) -> dict[int | str, TimeRescaling]:
        """Test by time rescaling whether recorded spikes can have been drawn from the model.

        Parameters
        ----------
        spikes, duration
            As in `bin_trains`; neurons correspond by their order. The drive starts with the
            recording.
        epochs, gaps : (n, 2) array_like, optional
            As in `PopulationGLM.fit`: starts and stops (ms) of the parts to test, and of parts
            that were not recorded.
        seed : int
            Seed of the positions of spikes in their bins.

        Returns
        -------
        dict of TimeRescaling
            By neuron; `rescaling_plot` draws it. Negative binomial counts are tested as spike or
            none.

        Warns
        -----
        UserWarning
            If spikes lie in gaps, or neurons fire in bins with probability 0.
        """
        counts = self.family.counts
        trains = bin_trains(spikes, duration, self.bin_width, counts=counts, fewest=1)
        return prediction.rescaled(self, trains, epochs, gaps, as_integer(seed, "seed", 0))

    def simulate(self, duration: float, seed: int = 1) -> ns.SpikeTrains:
        """Draw spikes of all neurons, starting without past spikes.

        The spikes depend on nothing but the seed and the model. The time of a spike is the end of
        its bin, so `bin_trains` returns the simulated bins.

        Parameters
        ----------
        duration : float
            ms.
        seed : int

        Returns
        -------
        SpikeTrains
            A neuron that fires k times in a bin has k spikes at its end.

        Warns
        -----
        UserWarning
            If the activity runs away: over 1000 bins a neuron fires at ten times its expected rate
            and in a quarter of the bins, or closer to the highest possible rate than to the
            expected one. The simulation then stops; `t_stop` of the result is its end.
        """
        n_bins = count_bins(positive(duration, "duration", "ms"), self.bin_width)
        return simulation.simulate(self, n_bins, as_integer(seed, "seed", 0), self.expected)

    def to_network(
        self, *, beta: float | None = None, name: str = simulation.POPULATION
    ) -> ns.Network:
        """Return a network that fires with the same probabilities.

        Its population has the memoryless membrane of `FilteredNeuron`. Filters are delta
        synapses with delays of 1 … L bins, the drive is a current. Escape noise fires with
        the probability of at least one spike, in every step of `bin_width`. With the seed of
        `simulate` and the default name it fires the same spikes, unless a family counts several
        spikes in a bin.

        Parameters
        ----------
        beta : float, optional
            Slope (per mV): score per mV. Default: the mean intercept corresponds to the resting
            potential, 15 mV below the threshold.
        name : str
            Name of the population, on which its random numbers depend.

        Returns
        -------
        Network
            To be simulated with dt = `bin_width`.

        Raises
        ------
        NeurosimError
            If the mean intercept is 0 or more and `beta` is not given, or if only last spikes act.

        Notes
        -----
        Networks of more than a million synapses (pairs × lags) store weights as 32-bit floats, so
        scores are then rounded to seven digits.
        """
        return to_network.network(self, beta, name)


def _checked(
    values: ArrayLike, name: str, shape: tuple[int | None, ...], wanted: str
) -> NDArray[np.float64]:
    """Return a finite array, None in `shape` stands for any length."""
    array = as_floats(values, f"FilteredPopulation.{name}")
    fits = array.ndim == len(shape) and all(
        length in (None, given) for length, given in zip(shape, array.shape, strict=True)
    )
    if not fits or not np.isfinite(array).all():
        n = next(length for length in shape if length is not None)
        raise NeurosimError(
            f"FilteredPopulation.{name} has shape {array.shape}: it must hold finite numbers of "
            f"shape {wanted} for n = {n} neurons"
        )
    array = array.view()  # drives can be too large for copies
    array.flags.writeable = False
    return array
