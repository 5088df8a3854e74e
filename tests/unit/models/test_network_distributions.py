"""Distributions keep their kind, their bounds and their sign."""

from __future__ import annotations

import math

import pytest

import neurosim as ns


def test_scaling_by_a_negative_factor_mirrors_the_bounds() -> None:
    assert ns.Normal(1.0, 2.0, low=0.0, high=5.0).scaled(-2.0) == ns.Normal(-2.0, 4.0, -10.0, 0.0)
    assert ns.Uniform(1.0, 2.0).scaled(-3.0) == ns.Uniform(-6.0, -3.0)
    assert ns.LogNormal(2.0, 1.0).scaled(-1.0) == ns.LogNormal(-2.0, 1.0)


def test_truncation_intersects_bounds_and_never_widens_them() -> None:
    law = ns.Normal(1.0, 1.0, low=0.0, high=2.0)
    assert law.truncated(-5.0, 1.5) == ns.Normal(1.0, 1.0, low=0.0, high=1.5)
    assert ns.Uniform(-1.0, 3.0).truncated(0.0, math.inf) == ns.Uniform(0.0, 3.0)


@pytest.mark.parametrize(
    ("law", "sign"),
    [
        (ns.Normal(3.0, 0.1), 0),
        (ns.Normal(3.0, 0.1, low=0.0), 1),
        (ns.Normal(-3.0, 0.1, high=-1.0), -1),
        (ns.Normal(-3.0, 0.0), -1),
        (ns.Uniform(0.0, 1.0), 1),
        (ns.Uniform(-1.0, 1.0), 0),
        (ns.LogNormal(2.0, 1.0), 1),
        (ns.LogNormal(-2.0, 1.0), -1),
    ],
)
def test_the_sign_follows_from_the_bounds(law, sign) -> None:
    assert law.sign == sign


def test_a_mirrored_log_normal_has_the_probabilities_of_its_mirror_image() -> None:
    law, mirrored = ns.LogNormal(2.0, 1.0), ns.LogNormal(-2.0, 1.0)
    assert mirrored.cdf(-1.5) == pytest.approx(1.0 - law.cdf(1.5), rel=1e-15)
    assert mirrored.truncated(-3.0, -1.0).quantiles() == law.truncated(1.0, 3.0).quantiles()


def test_a_normal_without_spread_is_its_mean_if_that_is_within_the_bounds() -> None:
    law = ns.Normal(1.5, 0.0, low=1.5, high=2.0)
    assert law.quantiles() == (0.0, 1.0)
    assert (law.cdf(1.4), law.cdf(1.5)) == (0.0, 1.0)
    with pytest.raises(ns.NeurosimError, match="almost no values"):
        ns.Normal(1.5, 0.0, low=2.0)


def test_truncation_to_less_than_a_millionth_is_refused() -> None:
    # Φ(−4.75) = 1.02e-6, Φ(−4.76) = 0.97e-6
    assert ns.Normal(0.0, 1.0, high=-4.75).quantiles()[1] > 1e-6
    with pytest.raises(ns.NeurosimError, match="almost no values"):
        ns.Normal(0.0, 1.0, high=-4.76)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ns.Normal(1.0, 1.0).scaled(0.0), "factor = 0"),
        (lambda: ns.LogNormal(1.0, 0.0), "sd = 0 is not above 0"),
        (lambda: ns.LogNormal(1e-200, 1.0), "outside 1e-06 to 1e\\+06"),
        (lambda: ns.Normal(math.nan, 1.0), "mean = nan is not finite"),
        (lambda: ns.Normal(0.0, 1.0, low=math.nan), "low = nan is not finite"),
        (lambda: ns.Normal("1", 1.0), "mean = '1' is not a number"),
        (lambda: ns.Uniform(-math.inf, 1.0), "low = -inf is not finite"),
    ],
)
def test_invalid_distributions_are_refused(make, words) -> None:
    with pytest.raises(ns.NeurosimError, match=words):
        make()
