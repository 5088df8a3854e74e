"""Compiled functions of the scores of one neuron in each bin, and sums over pairs of spikes.

Spikes are ordered by bin: `ids` are their neurons, `bins` their bins, and spikes of bin t have
indices `starts[t]` to `starts[t + 1]`.
"""

import math

import numpy as np

from neurosim.utils import compilation

# Bins per block. Their scores fit into the first-level cache.
BLOCK = 512
# Factors whose logarithms are computed together.
FACTORS = 16
# Links: see `bridge.recordings.glm.families`.
LOGIT, CLOGLOG, EXPONENTIAL, SOFTPLUS, NEGATIVE_BINOMIAL = range(5)
# Score above which exponential means grow linearly, so that they remain finite.
CAP = 30.0

# x = k ln 2 + f: the sum of x/ln 2 and this number holds k in its lowest bits.
_MAGIC = 6755399441055744.0
_PER_LN2 = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
# Taylor coefficients of e^f, from the highest power to the lowest.
_HIGHEST = 1.0 / math.factorial(13)
_LOWER = tuple(1.0 / math.factorial(k) for k in range(12, -1, -1))
# Score of bins in which the neuron cannot fire.
NEVER = -690.0
# Smallest score whose exponential is computed.
LOWEST = -700.0

compiled = compilation.compiled()


@compiled
def exponentials(values, powers, bits):
    """Replace values with |value| ≤ 700 by their exponentials.

    `bits` is a view of `powers`.

    Written without function calls, so that the compiler vectorises it.
    """
    for i in range(len(values)):
        x = values[i]
        shifted = x * _PER_LN2 + _MAGIC
        powers[i] = shifted
        k = shifted - _MAGIC
        f = (x - k * _LN2_HIGH) - k * _LN2_LOW
        y = _HIGHEST
        for coefficient in _LOWER:
            y = y * f + coefficient
        values[i] = y
    for i in range(len(values)):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(len(values)):
        values[i] *= powers[i]


@compiled
def column_sums(values):
    """Return the sum of a block; pairs are added first, so that the compiler vectorises it."""
    half = len(values) // 2
    while half >= 1:
        for i in range(half):
            values[i] += values[i + half]
        half //= 2
    return values[0]


@compiled
def log_of_product(factors):
    """Return the sum of logarithms of a block; the logarithms of products are computed."""
    half = len(factors) // 2
    while half >= len(factors) // FACTORS:
        for i in range(half):
            factors[i] *= factors[i + half]
        half //= 2
    total = 0.0
    for i in range(len(factors) // FACTORS):
        total += math.log(factors[i])
    return total


@compiled
def replace_by_residuals(values, n_bins, spike_bins, counts, link, dispersion):
    """Replace scores by the derivative of the loss; return the loss and the sum of derivatives.

    The loss is the negative log-likelihood (nats) without terms that depend on the counts alone.
    All bins are treated as silent first; the spikes `spike_bins`, with `counts`, follow.
    """
    n_spikes = len(spike_bins)
    odds, slopes, powers = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    factors, bits = np.empty(BLOCK), powers.view(np.int64)
    loss, total, fired = 0.0, 0.0, 0
    two_sided = link in (LOGIT, SOFTPLUS)
    for first in range(0, n_bins, BLOCK):
        size = min(BLOCK, n_bins - first)
        score = values[first : first + size]
        odds[size:] = LOWEST
        if two_sided:
            for i in range(size):
                odds[i] = max(-abs(score[i]), LOWEST)
        else:
            for i in range(size):
                odds[i] = max(min(score[i], CAP), LOWEST)
        exponentials(odds, powers, bits)
        if two_sided:
            for i in range(size):
                share = 1.0 / (1.0 + odds[i])
                slopes[i] = share if score[i] >= 0.0 else odds[i] * share
                powers[i] = max(score[i], 0.0)
            for i in range(BLOCK):
                factors[i] = 1.0 + odds[i]
            loss += log_of_product(factors)
        elif link == NEGATIVE_BINOMIAL:
            for i in range(size):
                mean = odds[i] * (1.0 + max(score[i] - CAP, 0.0))
                factors[i] = 1.0 + dispersion * mean
                slopes[i] = odds[i] / factors[i]
                powers[i] = 0.0
            factors[size:] = 1.0
            loss += log_of_product(factors) / dispersion
        else:
            for i in range(size):
                slopes[i] = odds[i]
                powers[i] = odds[i] * (1.0 + max(score[i] - CAP, 0.0))
        slopes[size:], powers[size:] = 0.0, 0.0
        loss += column_sums(powers)
        while fired < n_spikes and spike_bins[fired] < first + size:
            i = spike_bins[fired] - first
            reward, slope = at_spike(score[i], counts[fired], link, dispersion)
            loss -= reward
            slopes[i] -= slope
            fired += 1
        for i in range(size):
            score[i] = slopes[i]
        total += column_sums(slopes)
    return loss, total


@compiled
def at_spike(score, count, link, dispersion):
    """Return the decrease of the loss due to `count` spikes in a bin, and its derivative."""
    if link == LOGIT:
        return score, 1.0
    if link == SOFTPLUS:
        odds = math.exp(-abs(score))
        mean = math.log1p(odds) + max(score, 0.0)
        share = 1.0 / (1.0 + odds)
        slope = share if score >= 0.0 else odds * share
        # The mean of a very negative score is its exponential.
        if mean == 0.0:
            return count * score, float(count)
        return count * math.log(mean), count * slope / mean
    growth = math.exp(max(min(score, CAP), LOWEST))
    mean = growth * (1.0 + max(score - CAP, 0.0))
    if link == CLOGLOG:
        if mean > CAP:
            return mean, growth
        return math.log(math.expm1(mean)), growth / -math.expm1(-mean)
    if link == EXPONENTIAL:
        log_mean = score if score <= CAP else math.log(mean)
        return count * log_mean, count * growth / mean
    factor = 1.0 + dispersion * mean
    return count * math.log(mean / factor), count * growth / (mean * factor)


@compiled
def set_mean_and_information(scores, link, dispersion, mean, information):
    """Set the expected spikes of each bin, and the Fisher information on its score."""
    odds, powers = np.empty(BLOCK), np.empty(BLOCK)
    bits = powers.view(np.int64)
    for first in range(0, len(scores), BLOCK):
        size = min(BLOCK, len(scores) - first)
        score, expected = scores[first : first + size], mean[first : first + size]
        info = information[first : first + size]
        odds[size:] = LOWEST
        for i in range(size):
            odds[i] = max(min(score[i], CAP), LOWEST)
        exponentials(odds, powers, bits)
        if link == LOGIT:
            for i in range(size):
                silent = 1.0 / (1.0 + odds[i])
                expected[i] = odds[i] * silent
                info[i] = expected[i] * silent
        elif link == SOFTPLUS:
            for i in range(size):
                log_mean = math.log1p(odds[i])
                expected[i] = log_mean + max(score[i] - CAP, 0.0)
                share = odds[i] / (1.0 + odds[i])
                info[i] = share * share / log_mean if log_mean > 0.0 else 0.0
        elif link == CLOGLOG:
            for i in range(size):
                odd = odds[i]
                expected[i] = -math.expm1(-odd)
                info[i] = odd * (odd / math.expm1(odd)) if odd > 0.0 and odd < 500.0 else 0.0
        else:
            for i in range(size):
                expected[i] = odds[i] * (1.0 + max(score[i] - CAP, 0.0))
                info[i] = odds[i] / (1.0 + dispersion * odds[i])


@compiled
def interpolate(knots, spacing, values):
    """Interpolate linearly between knots in the middle of segments of `spacing` bins."""
    n_bins, half = len(values), spacing // 2
    shift = half - 0.5 * (spacing - 1)
    values[:half] = knots[0]
    for k in range(len(knots)):
        first = k * spacing + half
        last = min(first + spacing, n_bins)
        slope = (knots[k + 1] - knots[k]) / spacing if k + 1 < len(knots) else 0.0
        level = knots[k] + slope * shift
        for t in range(first, last):
            values[t] = level + slope * (t - first)


@compiled
def adjoint_of_interpolate(values, spacing, n_knots):
    """Return the sums of values weighted by the interpolation weights of each knot."""
    n_bins, half = len(values), spacing // 2
    shift = half - 0.5 * (spacing - 1)
    found = np.zeros(n_knots)
    for t in range(min(half, n_bins)):
        found[0] += values[t]
    for k in range(n_knots):
        first = k * spacing + half
        last = min(first + spacing, n_bins)
        total, moment = 0.0, 0.0
        for t in range(first, last):
            total += values[t]
            moment += values[t] * (t - first)
        found[k] += total
        if k + 1 < n_knots:
            later = (moment + shift * total) / spacing
            found[k] -= later
            found[k + 1] += later
    return found


@compiled
def residuals_after(ids, bins, residual, probability, edges, n_neurons):
    """Return residuals summed over bands of lags after the spikes of each neuron.

    residual, probability : cumulative sums over bins.
    edges : ascending lags in bins; band b holds the lags from edges[b] to below edges[b + 1].

    Returns arrays of shape (neurons, bands): sums of the residual, of the probability, and of
    probability · n², where n is the number of spikes whose band contains a bin.
    """
    n_bins, n_edges = len(residual), len(edges)
    # Sums up to each edge first: their differences are the bands.
    before_edges = np.zeros((n_neurons, n_edges, 2))
    repeated = np.zeros((n_neurons, n_edges - 1))
    earlier, last = np.full(len(ids), -1), np.full(n_neurons, -1)
    widest = np.max(edges[1:] - edges[:-1])
    for spike in range(len(ids)):
        j, t = ids[spike], bins[spike]
        earlier[spike], last[j] = last[j], spike
        found = before_edges[j]
        for e in range(n_edges):
            before = min(t + edges[e], n_bins) - 1
            if before >= 0:
                found[e, 0] += residual[before]
                found[e, 1] += probability[before]
        other = earlier[spike]
        while other >= 0 and t - bins[other] < widest:
            for b in range(n_edges - 1):
                low, high = min(t + edges[b], n_bins), min(bins[other] + edges[b + 1], n_bins)
                if high > low:
                    start = probability[low - 1] if low > 0 else 0.0
                    repeated[j, b] += 2.0 * (probability[high - 1] - start)
            other = earlier[other]
    residuals = before_edges[:, 1:, 0] - before_edges[:, :-1, 0]
    expected = before_edges[:, 1:, 1] - before_edges[:, :-1, 1]
    return residuals, expected, expected + repeated


@compiled
def count_lags(ids, starts, first, last, counts):
    """Count pairs of spikes by lag: `counts[j, i, lag − first]`.

    The lag is the bin of i minus the bin of j.
    """
    n_bins = len(starts) - 1
    for t in range(n_bins):
        if starts[t + 1] == starts[t]:
            continue
        for lag in range(first, last + 1):
            if 0 <= t - lag < n_bins:
                for before in range(starts[t - lag], starts[t - lag + 1]):
                    for spike in range(starts[t], starts[t + 1]):
                        counts[ids[before], ids[spike], lag - first] += 1
