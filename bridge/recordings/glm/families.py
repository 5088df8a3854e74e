"""Distributions of the spikes of a bin, and links from the score to their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln, xlogy

from bridge.recordings.glm import kernels
from bridge.utils.checks import require_choice

FamilyName = Literal["bernoulli", "poisson", "negative_binomial"]
LinkName = Literal["logit", "cloglog", "exponential", "softplus"]

# Links of each family, the default one first, with the code of compiled functions.
LINKS: dict[str, dict[str, int]] = {
    "bernoulli": {"logit": kernels.LOGIT, "cloglog": kernels.CLOGLOG},
    "poisson": {"exponential": kernels.EXPONENTIAL, "softplus": kernels.SOFTPLUS},
    "negative_binomial": {"exponential": kernels.NEGATIVE_BINOMIAL},
}


@dataclass(frozen=True)
class Family:
    """Distribution of the spike count of a bin, given the score η.

    "bernoulli" is a spike or none: p = σ(η) for "logit", p = 1 − exp(−e^η) for "cloglog", which is
    a Poisson process of rate e^η per bin, observed as spike or none. "poisson" counts spikes with
    mean e^η ("exponential") or ln(1 + e^η) ("softplus"). "negative_binomial" has the mean
    μ = e^η and the variance μ + dispersion · μ².

    Attributes
    ----------
    name : {"bernoulli", "poisson", "negative_binomial"}
    link : {"logit", "cloglog", "exponential", "softplus"}
    dispersion : float
        Of the negative binomial distribution.

    Examples
    --------
    >>> from bridge.recordings import Family
    >>> Family("bernoulli", "cloglog").mean([-2.0, 0.0]).round(3)
    array([0.127, 0.632])
    >>> Family("poisson", "softplus").mean([-2.0, 0.0]).round(3)
    array([0.127, 0.693])
    """

    name: FamilyName
    link: LinkName
    dispersion: float = 0.0

    @classmethod
    def of(cls, name: str, link: str | None) -> Family:
        """Return a family by name, with its default link if `link` is None."""
        require_choice(name, "family", tuple(LINKS))
        link = next(iter(LINKS[name])) if link is None else link
        require_choice(link, f"link of the family {name!r}", tuple(LINKS[name]))
        return cls(name, link, 1.0 if name == "negative_binomial" else 0.0)  # type: ignore[arg-type]

    @property
    def code(self) -> int:
        """Code of compiled functions."""
        return LINKS[self.name][self.link]

    @property
    def counts(self) -> bool:
        """Whether several spikes in a bin count."""
        return self.name != "bernoulli"

    def mean(self, score: ArrayLike) -> NDArray[np.float64]:
        """Return the expected spikes of a bin, which is their probability for "bernoulli"."""
        eta = np.asarray(score, dtype=float)
        if self.link == "logit":
            return expit(eta)
        if self.link == "softplus":
            return np.logaddexp(0.0, eta)
        growth = np.exp(np.clip(eta, kernels.LOWEST, kernels.CAP))
        growth = growth * (1.0 + np.maximum(eta - kernels.CAP, 0.0))
        return -np.expm1(-growth) if self.link == "cloglog" else growth

    def mean_and_information(
        self, scores: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the expected spikes of bins with these scores, and the information on the scores.

        The Fisher information is exact up to scores of `kernels.CAP`.
        """
        mean, information = np.empty_like(scores), np.empty_like(scores)
        kernels.set_mean_and_information(scores, self.code, self.dispersion, mean, information)
        return mean, information

    def score_of(self, mean: float) -> float:
        """Return the score with this mean, above 0 and, for "bernoulli", below 1."""
        if self.link == "logit":
            return float(np.log(mean) - np.log1p(-mean))
        if self.link == "softplus":
            return float(np.log(np.expm1(mean)))
        return float(np.log(-np.log1p(-mean)) if self.link == "cloglog" else np.log(mean))

    def silence(self, score: ArrayLike) -> NDArray[np.float64]:
        """Return −log(probability of no spike) of each bin."""
        eta = np.asarray(score, dtype=float)
        if self.link in ("logit", "softplus"):
            return np.logaddexp(0.0, eta)
        growth = np.exp(np.clip(eta, kernels.LOWEST, kernels.CAP))
        if self.name == "negative_binomial":
            return np.log1p(self.dispersion * growth) / self.dispersion
        return growth

    def constant(self, counts: NDArray[np.float64]) -> float:
        """Return the part of the log-likelihood (nats) that depends on the counts alone.

        Compiled losses do not include it.
        """
        if self.name == "bernoulli":
            return 0.0
        found = -gammaln(counts + 1.0)
        if self.name == "negative_binomial":
            size = 1.0 / self.dispersion
            found = found + gammaln(counts + size) - gammaln(size) - counts * np.log(size)
        return float(found.sum())

    def log_likelihood(self, mean: NDArray, counts: NDArray) -> NDArray[np.float64]:
        """Return the log-likelihood (nats) of the counts of bins with these means."""
        if self.name == "bernoulli":
            fired = np.minimum(counts, 1)
            return xlogy(fired, mean) + xlogy(1 - fired, 1.0 - mean)
        if self.name == "poisson":
            return xlogy(counts, mean) - mean - gammaln(counts + 1.0)
        size = 1.0 / self.dispersion
        chance = mean / (mean + size)
        ways = gammaln(counts + size) - gammaln(size) - gammaln(counts + 1.0)
        return ways + xlogy(counts, chance) + size * np.log1p(-chance)
