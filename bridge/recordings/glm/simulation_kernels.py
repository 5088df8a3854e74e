"""Compiled simulation of a population of neurons coupled by filters."""

import math

from neurosim.kernels.compiled import kernel
from neurosim.kernels.random import counter, open_unit, squares

# Most spikes of a neuron in a bin.
MOST = 500
# Safety factor for rounding in the bound on the spike probability.
MARGIN = 1.0 + 1e-9


@kernel
def _count(u, active, mean, dispersion):
    """Draw a spike count by inversion, given `u` below `active`, the probability of any spike."""
    growth = mean / (1.0 + dispersion * mean)
    tail, probability, count = active, (1.0 - active) * growth, 1
    while u < tail - probability and count < MOST:
        tail -= probability
        probability *= growth * (1.0 + dispersion * count) / (count + 1.0)
        count += 1
    return count


@kernel
def advance(
    filters, history, base, refractory, drive, link, key, first, n_bins, pending, last, spikes
):
    """Simulate bins from `first` on; return the number of rows written to `spikes`.

    filters : (sources, lags, targets).
    history : (neurons, lags) effect of the last spike alone; empty if all past spikes act.
    pending : (lags, neurons) ring buffer of the input of the next bins.
    last : bin of the last spike of each neuron.
    spikes : rows of bin, neuron and count.
    """
    n, n_lags = len(base), len(pending)
    n_found = 0
    for t in range(first, first + n_bins):
        received = pending[t % n_lags]
        begin = n_found
        for i in range(n):
            score = base[i] + received[i]
            received[i] = 0.0
            since = t - last[i]
            if since <= refractory[i]:
                continue
            if len(drive) > 0:
                score += drive[t - first, i]
            if since <= history.shape[1]:
                score += history[i, since - 1]
            x = score + link.shift[i]
            u = open_unit(squares(counter(t, i), key))
            silence = link.gain[i] * math.exp(min(x, 700.0))
            # An upper bound of the probability, with a margin for rounding, decides most bins.
            if u > MARGIN * silence:
                continue
            if link.softplus:
                silence = link.gain[i] * (max(x, 0.0) + math.log1p(math.exp(-abs(x))))
            probability = -math.expm1(-silence)
            if u < probability:
                count = 1
                if link.counts:
                    alpha = link.dispersion[i]
                    mean = silence if alpha == 0.0 else math.exp(min(score, 700.0))
                    count = _count(u, probability, mean, alpha)
                spikes[n_found, 0], spikes[n_found, 1], spikes[n_found, 2] = t, i, count
                n_found += 1
                last[i] = t
        for k in range(begin, n_found):
            outgoing, count = filters[spikes[k, 1]], spikes[k, 2]
            for lag in range(n_lags):
                received = pending[(t + 1 + lag) % n_lags]
                added = outgoing[lag]
                for i in range(n):
                    received[i] += count * added[i]
    return n_found
