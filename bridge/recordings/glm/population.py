"""Population models of recorded spikes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from bridge.learning.validation import require_fitted
from bridge.recordings import plot
from bridge.recordings.data.observation import Counts, Observation
from bridge.recordings.data.trains import bin_trains
from bridge.recordings.glm import checks, prediction
from bridge.recordings.glm.bases import Basis, RaisedCosines, filter_errors, filters
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.cross_validation import N_FOLDS, HeldOut, held_out
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.filtered_population import FilteredPopulation
from bridge.recordings.glm.fitted import fit_neurons
from bridge.recordings.glm.pair_tests import PairTests
from bridge.recordings.glm.penalties import PENALTIES, Penalty
from bridge.recordings.glm.predictive_scores import PredictiveScores
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.rescaling import TimeRescaling
from bridge.recordings.glm.simulation import POPULATION
from bridge.recordings.glm.spike_history import HistoryBasis
from bridge.recordings.glm.synaptic_kernel import KernelBasis
from bridge.recordings.glm.templates import Templates
from bridge.recordings.slow.drives import Drives, Stimulus
from bridge.utils.checks import (
    as_float,
    as_integer,
    finite,
    positive,
    require_choice,
    require_type,
)
from neurosim import Network, NeurosimError, SpikeTrains
from neurosim.utils.progress import progress_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Longest refractory period (ms).
LONGEST_RESET = 1e3
# Effect on the score that is certain for practical purposes.
CERTAIN = 20.0


class PopulationGLM(BaseEstimator):
    """Generalised linear model of the spikes of a population.

    Each neuron fires with a mean that depends on the past spikes of all neurons,
    g(b + drive(t) + Σⱼ Σₗ fⱼ(l) nⱼ(t − l)), with filters f that are sums of basis functions
    (Truccolo et al. 2005, J. Neurophysiol. 93:1074; Pillow et al. 2008, Nature 454:995). Lag 0 is
    not used. The design matrix is not built: loss, gradient and covariance are computed from the
    spikes, exactly, at a cost of bins + spikes × lags for each neuron.

    Parameters
    ----------
    basis : Basis, optional
        Basis functions of the coupling between neurons. Default: `RaisedCosines(6, 50.0)`.
    history_basis : Basis, optional
        Basis functions of the spike history. Default: `basis`.
    family : {"bernoulli", "poisson", "negative_binomial"}
    link : {"logit", "cloglog", "exponential", "softplus"}, optional
        See `Family`. Default: "logit" for Bernoulli, else "exponential".
    penalty : {"ridge", "group_lasso", "lasso"}
        Of the coupling: ½ strength Σ w², strength √K Σⱼ ‖Rⱼwⱼ‖ with the covariance Rⱼ'Rⱼ of the
        columns of neuron j, or strength Σ ``|w|``. Spike history, intercept and drive are not
        penalised.
    strength : float or {"auto", "cv"}
        Of the penalty, for all neurons. "auto": for "ridge", 1/variance of the weights, estimated
        from the data (empirical Bayes); otherwise as "cv", which is the strength with the most bits
        per spike in 5-fold cross-validation in contiguous blocks of time, of 9 strengths. They
        extend over two decades around that of empirical Bayes for "ridge", and from the strength at
        which all weights are 0 to 1 % of it otherwise. At most 20 neurons are used for the choice.
    stimulus_strength : float
        1/variance of the weights of the standardised features of a stimulus. Standard errors of
        these weights include the prior.
    bin_width : float
        Bin width (ms).
    shared, baseline, reset : float, optional
        As in `infer_synapses`: distance (ms) of the knots of slow drives shared by neurons, and of
        the baseline of each neuron; refractory period (ms) during which input is lost. Default:
        none.
    standard_errors : {"auto", "exact", "fast"}
        "exact" computes the Fisher information of all parameters, "fast" scales the covariance of
        the columns, so that standard errors of couplings differ by some per cent, and more for a
        coupling that causes a large part of the spikes; those of spike history and stimulus are
        always exact. "auto": exact for few columns.
    tol : float
        Tolerance of the fit: distance from the optimum in standard errors.
    threads : int, optional
        Number of threads. Default: number of cores. The result does not depend on it.
    progress : bool, optional
        Whether to show progress and the time left on stderr. Default: in a terminal or notebook,
        if the fit takes longer than two seconds.

    Attributes
    ----------
    neurons_ : (n,) ndarray of int or str
        Names of the neurons.
    rates_ : (n,) ndarray
        Firing rates (Hz) in the fitted time: the epochs in which a neuron is present.
    coupling_ : (n, n, n_functions) ndarray
        Coefficients from neuron to neuron, 0 on the diagonal and NaN if not fitted.
    history_ : (n, n_history) ndarray
        Coefficients of the spike history.
    intercept_ : (n,) ndarray
        Scores without spikes, averaged over the drive.
    stimulus_ : (n_features, n) ndarray
        Change of the score per standard deviation of each feature.
    refractory_ : (n,) ndarray of int
        Bins after a spike in which a neuron never fires.
    tests_ : PairTests
        Tests of all pairs; z is NaN for couplings from neurons with fewer than 10 spikes.
    amplitudes_, amplitude_errors_ : (n, n) ndarray
        Strength of each coupling at the peak of its time course (score), and its standard error.
    courses_ : (n, n, n_lags) ndarray
        Time course to which the amplitude refers; see `bridge.recordings.Templates`.
    wald_ : (n, n) ndarray
        p-values of the Wald test of each pair, with a degree of freedom for each basis function.
    dispersion_ : (n,) ndarray
        Dispersion of negative binomial counts, 0 for other families.
    strength_ : float
        Strength of the penalty.
    cv_strengths_, cv_scores_, cv_errors_ : (n_strengths,) ndarray
        Strengths that were compared by cross-validation, their mean bits per spike over blocks, and
        the standard errors of these; empty without cross-validation.
    converged_ : (n,) ndarray of bool

    Notes
    -----
    Penalties shrink weights towards 0. `filters_` are penalised estimates, which predict best.
    Tests, amplitudes and intervals refer to estimates without this bias (one Newton step). A lasso
    selects weights that help to predict, which is no test: absent couplings can be selected.

    Examples
    --------
    The second neuron often fires some milliseconds after the first one:

    >>> import numpy as np
    >>> from bridge import PopulationGLM
    >>> rng = np.random.default_rng(1)
    >>> first = np.flatnonzero(rng.random(200_000) < 0.01) + 1.0
    >>> second = np.unique(first[::2] + rng.integers(2, 9, len(first[::2])))
    >>> glm = PopulationGLM().fit([first, second], duration=200_010.0)
    >>> glm.called().tolist()
    [[False, True], [False, False]]
    """

    def __init__(
        self,
        basis: Basis | None = None,
        *,
        history_basis: Basis | None = None,
        family: str = "bernoulli",
        link: str | None = None,
        penalty: str = "ridge",
        strength: float | str = "auto",
        stimulus_strength: float = 0.0,
        bin_width: float = 1.0,
        shared: float | None = None,
        baseline: float | None = None,
        reset: float | None = None,
        standard_errors: str = "auto",
        tol: float = 0.01,
        threads: int | None = None,
        progress: bool | None = None,
    ) -> None:
        self.basis = basis
        self.history_basis = history_basis
        self.family = family
        self.link = link
        self.penalty = penalty
        self.strength = strength
        self.stimulus_strength = stimulus_strength
        self.bin_width = bin_width
        self.shared = shared
        self.baseline = baseline
        self.reset = reset
        self.standard_errors = standard_errors
        self.tol = tol
        self.threads = threads
        self.progress = progress

    def fit(
        self,
        spikes: Any,
        duration: float | None = None,
        *,
        epochs: Any = None,
        gaps: Any = None,
        presence: Any = None,
        stimulus: ArrayLike | None = None,
        neurons: ArrayLike | None = None,
    ) -> PopulationGLM:
        """Fit the model to a recording.

        Parameters
        ----------
        spikes, duration
            As in `bin_trains`.
        epochs : (n_epochs, 2) array_like, optional
            Starts and stops (ms) of the parts of the recording in the likelihood, such as trials.
            Spikes outside are inputs and history only. Default: the whole recording.
        gaps : (n_gaps, 2) array_like, optional
            Starts and stops (ms) of the parts in which nothing was recorded. Filters do not extend
            across a gap, and the bins after it, up to the longest lag, do not count. Start and stop
            are equal where two recordings were joined.
        presence : dict or sequence, optional
            Intervals (ms) in which each neuron was observed, by name or in order, shape
            (n_intervals, 2); None or missing for always. The rate of the neuron refers to this
            time. Its input to others is replaced by the mean while it is absent.
        stimulus : (n_bins,) or (n_bins, n_features) array_like, optional
            Further covariates with one row per bin, such as a stimulus (see `bridge.lagged` for its
            past), the rate of another area, or the phase of a trial.
        neurons : (n_post,) array_like, optional
            Names of the neurons to fit. Default: all. All neurons are inputs.

        Raises
        ------
        NeurosimError
            If the spikes are invalid, parameters are out of range, or memory does not suffice.

        Warns
        -----
        UserWarning
            If the result is not trustworthy: neurons with too few spikes, fits that do not
            converge, residuals that are not flat, input that neurons share.
        """
        self._check_parameters()
        problem, indices = self._problem(
            spikes, duration, epochs, gaps, presence, stimulus, neurons
        )
        exact = {"auto": None, "exact": True, "fast": False}[self.standard_errors]
        self._problem_, self._indices_ = problem, indices
        self._fits, self.strength_, choice = fit_neurons(
            *(problem, indices, self.penalty, self.strength),
            tol=self.tol,
            exact=exact,
            threads=self.threads,
            progress=self.progress,
        )
        self.cv_strengths_, self.cv_scores_, self.cv_errors_ = choice
        self._collect()
        self._warn()
        return self

    @property
    def filters_(self) -> NDArray[np.float64]:
        """Effect on the score 1, 2, … bins after a spike, shape (n, n, n_lags).

        Rows are presynaptic neurons; the diagonal is the spike history, without the
        refractory period.
        """
        return filters(*self._bases, self.coupling_, self.history_)

    @property
    def filter_errors_(self) -> NDArray[np.float64]:
        """Standard errors of the unbiased filters, shape (n, n, n_lags)."""
        return filter_errors(*self._bases, self._covariance, self._history_covariance)

    @property
    def unbiased_filters_(self) -> NDArray[np.float64]:
        """Filters without the bias of the penalty, shape (n, n, n_lags).

        95 % intervals are these ± 1.96 `filter_errors_`.
        """
        return filters(*self._bases, self._unbiased, self._unbiased_history)

    @property
    def _bases(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Basis functions of coupling and spike history, shape (n_lags, n_functions)."""
        require_fitted(self)
        return self._problem_.covariates.basis, self._problem_.history.values

    @property
    def drive_(self) -> NDArray[np.float64] | None:
        """Score added by baseline, shared drives and stimulus, shape (n_bins, n).

        None if there are none. Its mean is part of `intercept_`, not of the drive.
        """
        require_fitted(self)
        problem, without = self._problem_, np.zeros(self._problem_.covariates.shape)
        if not problem.drives.any and problem.stimulus is None:
            return None
        found = np.zeros((self.n_bins_, len(self.neurons_)))
        for index, one in zip(self._indices_, self._fits, strict=True):
            values = one.drive.log_odds(one.estimate.drive, without)
            if len(values):
                found[:, index] = values - values.mean()
        return found

    def called(self, fdr: float = 0.01) -> NDArray[np.bool_]:
        """Return which couplings are present at a false discovery rate of `fdr`.

        Each pair is tested along a time course that it shares with others (see `Templates`), and
        the z-scores are divided by the standard deviation of those of absent couplings. The shape
        is (n, n): rows are presynaptic neurons.
        """
        require_fitted(self)
        return self.tests_.called(fdr)

    def psps(self, beta: ArrayLike) -> NDArray[np.float64]:
        """Return the strengths in mV, shape (n, n).

        Parameters
        ----------
        beta : float, (n,) or (n, n) array_like
            Score per mV of each postsynaptic neuron or pair: 1/Δ for escape noise, see
            `bridge.inference.membrane_beta` for membrane noise.
        """
        require_fitted(self)
        return self.amplitudes_ / checks.slope_per_mv(beta, len(self.neurons_))

    def predict(
        self,
        spikes: Any = None,
        duration: float | None = None,
        *,
        gaps: Any = None,
        presence: Any = None,
        stimulus: ArrayLike | None = None,
        n_folds: int = N_FOLDS,
    ) -> NDArray[np.float64]:
        """Predict the rate in each bin from the spikes in the bins before it.

        Baselines and shared drives, which cannot be extrapolated, are replaced by their means.

        Fits estimate the refractory period from the data, so other data can contain spikes in it.
        The predicted probability there is half a spike divided by the number of such bins in the
        fitted data.

        Parameters
        ----------
        spikes, duration, gaps, presence, stimulus : optional
            Recording of the same neurons, as in `fit`. Default: the fitted recording, by
            cross-validation in contiguous blocks of time, with the strength of the fit.
        n_folds : int
            Number of blocks of the cross-validation. Each one is predicted by a model fitted to the
            others.

        Returns
        -------
        (n_bins, n) ndarray
            Hz; NaN for neurons that were not fitted, and in cross-validation for bins outside the
            epochs of the fit.

        Examples
        --------
        A neuron that fires about every 20 ms, and its rate 2 ms and 20 ms after a spike (Hz):

        >>> import numpy as np
        >>> from bridge import PopulationGLM
        >>> spikes = np.cumsum(np.random.default_rng(1).normal(20.0, 2.0, 1000))
        >>> rates = PopulationGLM().fit([spikes], duration=20_000.0).predict()
        >>> bins = spikes[spikes < 19_900.0].astype(int)
        >>> [round(float(rates[bins + lag].mean())) for lag in (2, 20)]
        [0, 203]
        """
        require_fitted(self)
        options = {"gaps": gaps, "presence": presence, "stimulus": stimulus}
        if spikes is None:
            _require_none(duration=duration, **options)
            found = np.full((self.n_bins_, len(self.neurons_)), np.nan)
            for held in self._held_out(n_folds):
                found[:, held.index] = held.mean
            return found * (1e3 / self.bin_width_)
        problem = prediction.problem_like(self._problem_, spikes, duration, **options)
        found = np.full((problem.trains.n_bins, len(self.neurons_)), np.nan)
        for index, one in zip(self._indices_, self._fits, strict=True):
            found[:, index] = one.family.mean(prediction.predicted_scores(problem, index, one))
        return found * (1e3 / self.bin_width_)

    def evaluate(
        self,
        spikes: Any = None,
        duration: float | None = None,
        *,
        n_folds: int = N_FOLDS,
        **options: Any,
    ) -> PredictiveScores:
        """Score predictions of spikes that were not used for the fit.

        Parameters
        ----------
        spikes, duration : optional
            Recording of the same neurons, as in `fit`; see `predict`. Default: the fitted
            recording, by cross-validation in contiguous blocks of time, with the strength of the
            fit.
        n_folds : int
            Number of blocks of the cross-validation.
        **options
            Keywords of `fit` that describe the recording: epochs, gaps, presence and stimulus.
        """
        require_fitted(self)
        n, indices = len(self.neurons_), self._indices_
        if spikes is None:
            _require_none(duration=duration, **options)
            found = [one.sums for one in self._held_out(n_folds)]
            return PredictiveScores.collect(n, indices, found)
        problem = prediction.problem_like(self._problem_, spikes, duration, **options)
        pairs = zip(indices, self._fits, strict=True)
        found = [prediction.evaluate(problem, index, one) for index, one in pairs]
        return PredictiveScores.collect(n, indices, found)

    def score(self, spikes: Any = None, duration: float | None = None, **options: Any) -> float:
        """Return the bits per spike of all neurons together.

        It is the mean over neurons, weighted by their spikes. For each neuron, and for the
        parameters, see `evaluate`.
        """
        return self.evaluate(spikes, duration, **options).mean

    def _held_out(self, n_folds: int, only: int | None = None) -> Iterator[HeldOut]:
        """Yield predictions of held-out blocks of the fitted recording by neuron."""
        problem, indices = self._problem_, self._indices_
        with progress_bar(
            len(indices), show=self.progress, unit="neurons", text="cross-validating"
        ) as report:
            penalty = Penalty.of(self.penalty, problem.covariates)
            yield from held_out(
                *(problem, indices, penalty, self.strength_),
                n_folds=n_folds,
                only=only,
                threads=self.threads,
                report=report,
            )

    def to_population(self) -> FilteredPopulation:
        """Return the fitted model as a generator of spikes.

        Raises
        ------
        NeurosimError
            If neurons were not fitted, or spikes reset the membrane.
        """
        require_fitted(self)
        if self.reset is not None:
            raise NeurosimError(
                f"reset = {self.reset:g} ms: a model whose spikes reset the membrane cannot be "
                "simulated; fit without reset"
            )
        missing = self.neurons_[np.isnan(self.intercept_)]
        if len(missing):
            raise NeurosimError(
                f"{len(missing)} neurons were not fitted ({', '.join(map(str, missing[:5]))}): a "
                "simulation needs all neurons of the recording"
            )
        return FilteredPopulation(
            np.nan_to_num(self.filters_),
            self.intercept_,
            self.bin_width_,
            refractory=self.refractory_,
            drive=self.drive_,
            family=self.family_,
            dispersion=self.dispersion_ if self.family == "negative_binomial" else None,
            last_spike_only=self._problem_.history.last_spike_only,
            names=tuple(map(str, self.neurons_)),
            rates=self.rates_,
        )

    def rescaled(
        self,
        spikes: Any = None,
        duration: float | None = None,
        *,
        epochs: Any = None,
        gaps: Any = None,
        seed: int = 1,
    ) -> dict[int | str, TimeRescaling]:
        """Test by time rescaling whether spikes can have been drawn from the fitted model.

        The test needs time that was not used for the fit, because in-sample tests pass too often.
        By default, the model is fitted again without the last fifth of the recording, which is then
        tested. (Predictions of all blocks together would have the observed rate, as in-sample.)

        Parameters
        ----------
        spikes, duration
            Another recording, as in `bin_trains`. Default: the recording of the fit.
        epochs, gaps, seed
            As in `FilteredPopulation.rescaled`. With epochs of the recording of the fit, nothing
            is held out; give other ones than in `fit`.

        Returns
        -------
        dict of TimeRescaling
            By neuron; `rescaling_plot` draws it.

        Raises
        ------
        NeurosimError
            If drives were fitted and other spikes are given, for which they are unknown.
        """
        require_fitted(self)
        trains = self._problem_.trains
        if spikes is None and epochs is None:
            names = trains.neurons.tolist()
            return {
                names[one.index]: prediction.rescaled_neuron(
                    trains, one.index, self.family_, one.silence, one.counted, seed
                )
                for one in self._held_out(N_FOLDS, only=N_FOLDS - 1)
            }
        model = self.to_population()
        if spikes is not None and len(model.drive):
            raise NeurosimError(
                "the baseline, shared drives and stimulus belong to the recording of the fit: test "
                "other epochs of it instead of other spikes"
            )
        given = trains if spikes is None else spikes
        return model.rescaled(given, duration, epochs=epochs, gaps=gaps, seed=seed)

    def simulate(self, duration: float | None = None, seed: int = 1) -> SpikeTrains:
        """Draw spikes from the fitted model; see `FilteredPopulation.simulate`.

        Parameters
        ----------
        duration : float, optional
            ms. Default: that of the recording.
        seed : int
        """
        generator = self.to_population()
        known = self.n_bins_ * self.bin_width_
        return generator.simulate(known if duration is None else duration, seed)

    def to_network(self, *, beta: float | None = None, name: str = POPULATION) -> Network:
        """Return a network that fires with the fitted probabilities.

        Simulate it with dt = `bin_width`. For `beta` and `name` see
        `FilteredPopulation.to_network`.
        """
        return self.to_population().to_network(beta=beta, name=name)

    def plot_filters(self, neuron: int | str, **options: Any) -> Figure:
        """Plot the filters of a neuron with 95 % intervals; see `bridge.recordings.filter_plot`."""
        return plot.filter_plot(self, neuron, **options)

    def plot_coupling(self, **options: Any) -> Figure:
        """Plot the matrix of couplings; see `bridge.recordings.coupling_plot`."""
        return plot.coupling_plot(self, **options)

    def _check_parameters(self) -> None:
        """Raise an error for parameters out of range."""
        for name in ("basis", "history_basis"):
            if getattr(self, name) is not None:
                require_type(getattr(self, name), Basis, name, "a basis such as RaisedCosines()")
        require_choice(self.penalty, "penalty", PENALTIES)
        require_choice(self.standard_errors, "standard_errors", ("auto", "exact", "fast"))
        if isinstance(self.strength, str):
            require_choice(self.strength, "strength", ("auto", "cv"))
        else:
            finite(self.strength, "strength", low=0.0)
        finite(self.stimulus_strength, "stimulus_strength", low=0.0)
        reset = self.reset
        if reset is not None and not 0 <= as_float(reset, "reset", "ms") <= LONGEST_RESET:
            raise NeurosimError(f"reset = {reset:g} ms is outside 0 to {LONGEST_RESET:g} ms")
        for name in ("shared", "baseline"):
            if getattr(self, name) is not None:
                positive(getattr(self, name), name, "ms")
        positive(self.tol, "tol", "standard errors")
        if self.threads is not None:
            as_integer(self.threads, "threads", 1)

    def _problem(
        self,
        spikes: Any,
        duration: float | None,
        epochs: Any,
        gaps: Any,
        presence: Any,
        stimulus: ArrayLike | None,
        neurons: ArrayLike | None,
    ) -> tuple[Problem, NDArray[np.intp]]:
        """Prepare the data that the fits of all neurons share."""
        family = Family.of(self.family, self.link)
        trains = bin_trains(spikes, duration, self.bin_width, counts=family.counts, fewest=1)
        basis = RaisedCosines() if self.basis is None else self.basis
        own = basis if self.history_basis is None else self.history_basis
        width = trains.width
        values, history = basis.matrix(width), HistoryBasis(own.matrix(width), own.last_spike_only)
        lead = max(len(values), len(history.values))
        observation = Observation.of(trains, epochs, presence, gaps, lead)
        trains = observation.without_absent(trains)
        self._counts = Counts.of(trains, observation)
        indices = checks.selected(trains, self._counts, family, neurons)
        constant = self._counts.constant(checks.FEWEST, repeated=family.counts)
        if constant.any():  # as inputs they equal the intercept
            trains = trains.select(~constant[trains.ids])
        drives = Drives.of(trains, observation, self.shared, self.baseline)
        slow = drives.slow_rates, drives.absent, self._counts.present
        covariates = Covariates(trains, values, observation.pieces, *slow)
        features = None
        if stimulus is not None:
            values = checks.features(stimulus, trains.n_bins)
            features = Stimulus.of(values, self.stimulus_strength)
        reset = None if self.reset is None else round(self.reset / width)
        problem = Problem(observation, covariates, history, family, drives, features, reset)
        return problem, indices

    def _collect(self) -> None:
        """Set the attributes."""
        problem, fits, rows = self._problem_, self._fits, self._rows
        trains, n_history = problem.trains, problem.history.values.shape[1]
        self.neurons_, self.n_bins_, self.family_ = trains.neurons, trains.n_bins, problem.family
        self.bin_width_ = trains.width
        self.rates_ = self._counts.rates / trains.width * 1e3
        estimates, certain = [one.estimate for one in fits], [one.uncertainty for one in fits]
        self.intercept_ = rows([one.estimate.intercept + one.mean_drive for one in fits])
        self.intercept_errors_ = rows([one.intercept_error for one in certain])
        self.history_ = rows([one.history for one in estimates])
        self._unbiased_history = rows([one.dense[:n_history] for one in certain])
        covariance = rows([one.dense_covariance for one in certain])
        self._history_covariance = covariance[:, :n_history, :n_history]
        variances = np.diagonal(covariance, axis1=1, axis2=2)
        self.stimulus_errors_ = np.sqrt(variances[:, n_history:]).T
        n_drive = len(estimates[0].drive) - len(self.stimulus_errors_)
        self.stimulus_ = rows([one.drive[n_drive:] for one in estimates]).T
        self.dispersion_ = rows([one.family.dispersion for one in fits])
        self.refractory_ = rows([one.refractory for one in fits], missing=0)
        self.converged_ = rows([one.converged for one in estimates], missing=False)
        self.evaluations_ = rows([one.evaluations for one in estimates], missing=0)
        self.log_likelihood_ = rows([one.log_likelihood for one in fits])
        self.constant_log_likelihood_ = rows([one.constant for one in fits])
        self.coupling_ = rows([one.weights for one in estimates]).swapaxes(0, 1)
        self._unbiased = rows([one.weights for one in certain]).swapaxes(0, 1)
        self._covariance = rows([one.covariance for one in certain]).swapaxes(0, 1)
        self._test()

    def _rows(self, values: list[Any], missing: Any = np.nan) -> NDArray:
        """Return one row per neuron from those of fitted neurons."""
        fitted = np.asarray(values)
        found = np.full((len(self.neurons_), *fitted.shape[1:]), missing)
        found[self._indices_] = fitted
        return found

    def _test(self) -> None:
        """Test all pairs."""
        problem, fits, n = self._problem_, self._fits, len(self.neurons_)
        tested = (problem.trains.counts > 0)[:, None] & np.isin(np.arange(n), self._indices_)
        np.fill_diagonal(tested, False)
        variances = np.einsum("jikk->jik", self._covariance)
        # Some pairs have no data, and some fits have no minimum.
        tested &= ((variances > 0) & (variances < np.inf)).all(axis=2)
        self._unbiased[~tested], self._covariance[~tested] = np.nan, np.nan
        found = Templates.of(
            self._unbiased, self._covariance, problem.covariates.basis, problem.trains.width
        )
        self.amplitudes_, self.amplitude_errors_ = found.amplitudes, found.errors
        self.courses_, self.wald_ = found.courses, found.wald

        def pairs(values: list[Any]) -> NDArray[np.float64]:
            found = self._rows(values).swapaxes(0, 1)
            found[~tested] = np.nan
            return found

        few = self._counts.spikes < checks.FEWEST  # of these, z is far from normal
        self.tests_ = PairTests(
            z=np.where(few[:, None], np.nan, found.z),
            flatness=pairs([one.flatness.p_values for one in fits]),
            synchrony=pairs([one.flatness.z[:, 0] for one in fits]),
            distant=pairs([one.flatness.distant for one in fits]),
        )

    def _warn(self) -> None:
        """Warn if the result is not trustworthy."""
        problem, names = self._problem_, self.neurons_[self._indices_]
        checks.warn_of(
            names[~self.converged_[self._indices_]],
            "the fits of some neurons ({}) did not converge within tol: give a larger tol or a "
            "stronger penalty",
        )
        n_columns = problem.covariates.mean.size - problem.covariates.n_functions
        n_columns += len(self.stimulus_)
        checks.warn_of(
            names[np.array([one.n_spikes for one in self._fits]) < n_columns],
            f"neurons ({{}}) have fewer spikes than the {n_columns} weights of their inputs: their "
            "tests and intervals are rough; give a longer recording, fewer neurons or fewer basis "
            "functions",
        )
        effects = np.abs(self.coupling_ @ problem.covariates.basis.T)
        checks.warn_of(
            self.neurons_[np.nan_to_num(effects).max(axis=(0, 2), initial=0.0) > CERTAIN],
            "the weights of some neurons ({}) diverge, because spikes of others predict their "
            "spikes or silence with certainty: give a strength of the penalty",
        )
        copies = [" and ".join(map(str, pair)) for pair in self.neurons_[problem.covariates.copies]]
        checks.warn_of(
            np.array(copies),
            "pairs of neurons fire almost only together ({}): their couplings cannot be separated; "
            "keep one neuron of each pair",
        )
        filters, remedy = "the basis functions", "give a longer or finer basis"
        if isinstance(self.basis, KernelBasis):
            taus = ", ".join(f"{tau:g}" for tau in self.basis.kernel.taus)
            filters, remedy = f"the kernel of {taus} ms", "give another kernel"
        checks.warn_of_misfit(self.tests_, self.neurons_, filters, remedy)


def _require_none(**options: Any) -> None:
    """Raise an error for keywords that describe another recording, whose spikes are missing."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise NeurosimError(
            f"{', '.join(given)} without spikes: give the spikes of the recording, or no arguments "
            "for the recording of the fit"
        )
