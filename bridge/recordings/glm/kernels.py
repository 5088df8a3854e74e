"""Compiled functions for inference, each with a cost of bins + spikes.

The design matrix (bins × neurons) is not built. With exponential kernels the score of a neuron
obeys a recursion, and the gradient is the adjoint: the residual, filtered backward in time by the
same recursion, at the bins of the spikes.

Spikes are ordered by bin: `ids` are their neurons, `bins` their bins, and spikes of bin t have
indices `starts[t]` to `starts[t + 1]`. A spike in bin b acts from bin b + delay on with amplitudes
`shares`, which decay by factors `decays` per bin. `held` marks refractory bins, in which earlier
and new input is lost; it is empty if there are none.
"""

import math

import numpy as np

from neurosim.utils import compilation

# Bins per block, whose scores fit into the first-level cache.
BLOCK = 512

# x = k ln 2 + f: the sum of x/ln 2 and this number holds k in its lowest bits.
_MAGIC = 6755399441055744.0
_PER_LN2 = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
_LARGEST = 300.0
# Taylor coefficients of e^f, from the highest power to the lowest.
_HIGHEST = 1.0 / math.factorial(13)
_LOWER = tuple(1.0 / math.factorial(k) for k in range(12, -1, -1))
# Score of bins in which the neuron cannot fire.
NEVER = -690.0
LOGIT, CLOGLOG, EXPONENTIAL, SOFTPLUS, NEGATIVE_BINOMIAL = range(5)
CAP = 30.0
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
def forward(
    ids,
    bins,
    starts,
    decays,
    shares,
    delay,
    held,
    spike_bins,
    classes,
    base,
    theta,
    drive,
    residual,
):
    """Compute probability − fired.

    Return the cross-entropy (nats) and the gradient by class.

    spike_bins : bins in which the neuron fired.
    classes, base : class of each bin and its intercept.
    drive : log-odds added to each bin; an empty array for none.
    """
    n_bins, n_spikes = len(classes), len(spike_bins)
    state = np.zeros(len(decays))
    by_class = np.zeros(len(base))
    received = np.empty(BLOCK)
    kept = np.ones(BLOCK)
    score = np.empty(BLOCK)
    odds = np.empty(BLOCK)
    powers = np.empty(BLOCK)
    bits = powers.view(np.int64)
    loss, product, fired = 0.0, 1.0, 0
    for first in range(0, n_bins, BLOCK):
        size = min(BLOCK, n_bins - first)
        received[:] = 0.0
        # One loop over spikes: short loops per bin have unpredictable exits.
        for spike in range(starts[max(0, first - delay)], starts[max(0, first + size - delay)]):
            received[bins[spike] + delay - first] += theta[ids[spike]]
        if len(held) > 0:
            for i in range(size):
                kept[i] = 1.0 - held[first + i]
                received[i] *= kept[i]
        for i in range(size):
            score[i] = base[classes[first + i]]
        if len(drive) > 0:
            for i in range(size):
                score[i] += drive[first + i]
        for k in range(len(decays)):
            value = state[k]
            for i in range(size):
                value = decays[k] * kept[i] * value + received[i]
                score[i] += shares[k] * value
            state[k] = value
        for i in range(size):
            odds[i] = min(max(score[i], -700.0), _LARGEST)
        exponentials(odds[:size], powers[:size], bits[:size])
        for i in range(size):
            residual[first + i] = odds[i] / (1.0 + odds[i])
        for i in range(size):
            product *= 1.0 + odds[i]
            if product > 1e100:
                loss += np.log(product)
                product = 1.0
            loss += max(score[i] - _LARGEST, 0.0)
        while fired < n_spikes and spike_bins[fired] < first + size:
            t = spike_bins[fired]
            loss -= score[t - first]
            residual[t] -= 1.0
            fired += 1
        for i in range(first, first + size):
            by_class[classes[i]] += residual[i]
    return loss + np.log(product), by_class


@compiled
def interpolate(knots, spacing, values):
    """Interpolate linearly between knots in the middle of segments of `spacing` bins."""
    n_bins, half = len(values), spacing // 2
    shift = half - 0.5 * (spacing - 1)
    for t in range(min(half, n_bins)):
        values[t] = knots[0]
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

    edges : ascending lags in bins; band b holds the lags from edges[b] to below edges[b + 1].

    Returns arrays of shape (neurons, bands): sums of the residual, of the probability, and of
    probability · n², where n is the number of spikes whose band contains a bin.
    """
    n_bins, n_bands = len(residual), len(edges) - 1
    residuals, expected = np.zeros(n_bins + 1), np.zeros(n_bins + 1)
    for t in range(n_bins):
        residuals[t + 1] = residuals[t] + residual[t]
        expected[t + 1] = expected[t] + probability[t]
    found = np.zeros((3, n_neurons, n_bands))
    earlier, last = np.full(len(ids), -1), np.full(n_neurons, -1)
    widest = np.max(edges[1:] - edges[:-1])
    for spike in range(len(ids)):
        j, t = ids[spike], bins[spike]
        earlier[spike], last[j] = last[j], spike
        for b in range(n_bands):
            low, high = min(t + edges[b], n_bins), min(t + edges[b + 1], n_bins)
            found[0, j, b] += residuals[high] - residuals[low]
            found[1, j, b] += expected[high] - expected[low]
            found[2, j, b] += expected[high] - expected[low]
        before = earlier[spike]
        while before >= 0 and t - bins[before] < widest:
            for b in range(n_bands):
                low, high = min(t + edges[b], n_bins), min(bins[before] + edges[b + 1], n_bins)
                if high > low:
                    found[2, j, b] += 2.0 * (expected[high] - expected[low])
            before = earlier[before]
    return found[0], found[1], found[2]


@compiled
def adjoint(ids, bins, starts, decays, shares, delay, held, values, n_neurons):
    """Return Σₜ valuesₜ xⱼ(t) for the filtered spikes xⱼ of every neuron j."""
    state = np.zeros(len(decays))
    total = np.zeros(n_neurons)
    read = np.empty(BLOCK)
    kept = np.ones(BLOCK)
    for last in range(len(values), 0, -BLOCK):
        first = max(0, last - BLOCK)
        size = last - first
        read[:] = 0.0
        if len(held) > 0:
            for i in range(size):
                kept[i] = 1.0 - held[first + i]
        for k in range(len(decays)):
            value = state[k]
            for i in range(size - 1, -1, -1):
                value = kept[i] * (decays[k] * value + shares[k] * values[first + i])
                read[i] += value
            state[k] = value
        for spike in range(starts[max(0, first - delay)], starts[max(0, last - delay)]):
            total[ids[spike]] += read[bins[spike] + delay - first]
    return total


@compiled
def adjoint_by_segment(
    ids, bins, starts, decays, shares, delay, held, values, spacing, n_segments, n_neurons
):
    """Return Σₜ valuesₜ xⱼ(t) by segment, shape (segments, neurons).

    The segment is that of the first effect.
    """
    n_bins = len(values)
    read = np.zeros(n_bins)
    for k in range(len(decays)):
        value = 0.0
        for t in range(n_bins - 1, -1, -1):
            value = decays[k] * value + shares[k] * values[t]
            if len(held) > 0 and held[t]:
                value = 0.0
            read[t] += value
    total = np.zeros((n_segments, n_neurons))
    for spike in range(starts[max(0, n_bins - delay)]):
        t = bins[spike] + delay
        total[t // spacing, ids[spike]] += read[t]
    return total


@compiled
def adjoint_of_squares(ids, bins, starts, decays, shares, delay, held, values, n_neurons):
    """Return Σₜ valuesₜ xⱼ(t)²; a spike changes a product of states a·b by 1 + a + b."""
    n_kernels, n_bins = len(decays), len(values)
    last = np.full(n_neurons, -1)
    state = np.zeros((n_neurons, n_kernels))
    before = np.zeros((len(ids), n_kernels))
    reset_bin = np.full(n_bins, -1)
    if len(held) > 0:
        for t in range(n_bins):
            reset_bin[t] = t if held[t] else reset_bin[max(t - 1, 0)]
    n_acting = starts[max(0, n_bins - delay)]
    for spike in range(n_acting):
        j, t = ids[spike], bins[spike] + delay
        if reset_bin[t] == t:
            continue
        for k in range(n_kernels):
            kept = state[j, k] * decays[k] ** (t - last[j]) if last[j] > reset_bin[t] else 0.0
            before[spike, k] = kept
            state[j, k] = kept + 1.0
        last[j] = t
    total = np.zeros(n_neurons)
    read = np.empty(n_bins)
    for k in range(n_kernels):
        for m in range(n_kernels):
            back, decay, share = 0.0, decays[k] * decays[m], shares[k] * shares[m]
            for t in range(n_bins - 1, -1, -1):
                back = 0.0 if reset_bin[t] == t else decay * back + share * values[t]
                read[t] = back
            for spike in range(n_acting):
                rise = 1.0 + before[spike, k] + before[spike, m]
                total[ids[spike]] += read[bins[spike] + delay] * rise
    return total


@compiled
def pairs(ids, starts, decays, n_neurons):
    """Return Σ decay^lag over pairs of spikes, and the number of pairs at lag 0.

    The first result has shape (kernels, neurons, neurons): [k, j, m] is the sum over spikes of j
    and earlier spikes of m.
    """
    n_kernels = len(decays)
    state = np.zeros((n_kernels, n_neurons))
    found = np.zeros((n_kernels, n_neurons, n_neurons))
    together = np.zeros((n_neurons, n_neurons))
    last = 0
    for t in range(len(starts) - 1):
        if starts[t + 1] == starts[t]:
            continue
        for k in range(n_kernels):
            state[k] *= decays[k] ** (t - last)
            for spike in range(starts[t], starts[t + 1]):
                found[k, ids[spike]] += state[k]
            for spike in range(starts[t], starts[t + 1]):
                state[k, ids[spike]] += 1.0
        last = t
        for spike in range(starts[t], starts[t + 1]):
            for other in range(starts[t], starts[t + 1]):
                together[ids[spike], ids[other]] += 1.0
    return found, together


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


@compiled
def variances(vectors, values, sizes, prior_precision, sampling, posterior):
    """Compute the diagonals of M⁻¹HM⁻¹ and M⁻¹ with M = H + prior.

    For row j, H is sizes[j] times the matrix with these eigenvectors (columns) and eigenvalues.
    """
    for j in range(len(sizes)):
        spread, certain = 0.0, 0.0
        for k in range(len(values)):
            information = sizes[j] * values[k]
            if information + prior_precision > 0.0:
                share = vectors[j, k] ** 2 / (information + prior_precision)
                certain += share
                spread += share * information / (information + prior_precision)
        sampling[j], posterior[j] = spread, certain
