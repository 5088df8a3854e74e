"""Compiled functions that add filters at spikes, and their adjoints.

The design matrix (bins × columns) is not built. A spike adds the filter of its neuron to the linear
predictor of the next bins (`add_filters`), and the gradient is the adjoint: the residuals of the
next bins, summed over the spikes of a neuron (`sums_after`). The cost is spikes × lags.

`ids` are the neurons of spikes, and `bins` their bins. `reach` is the number of lags up to which
each spike acts, which gaps in the recording and resets of the membrane limit. Arrays over bins have
some more elements at the end, so that filters can extend beyond the recording.

Reading and writing the sums takes most of the time. Functions for groups therefore add the rows of
`GROUP` spikes first, and read and write each sum once per group.
"""

import numpy as np

from neurosim.utils import compilation

# Spikes per group.
GROUP = 8

compiled = compilation.compiled()


@compiled
def add_filters(ids, bins, reach, filters, scores):
    """Add the filter of each spike's neuron to the scores of the bins after it."""
    n_lags = filters.shape[1]
    for spike in range(len(ids)):
        after = bins[spike] + 1
        later, values = scores[after : after + n_lags], filters[ids[spike]]
        for lag in range(reach[spike]):
            later[lag] += values[lag]


@compiled
def sums_after(ids, bins, reach, values, found):
    """Add the values at each lag after the spikes of each neuron to `found`."""
    n_lags = found.shape[1]
    for spike in range(len(ids)):
        after = bins[spike] + 1
        later, sums = values[after : after + n_lags], found[ids[spike]]
        for lag in range(reach[spike]):
            sums[lag] += later[lag]


@compiled
def assign_groups(keys, n_keys, bins, span):
    """Put spikes with the same key into groups of at most `GROUP`, within `span` bins.

    Spikes are in order. Returns the group of each spike and its position in it, the number of
    groups, and the first bin of each group in the first elements of an array.
    """
    current, first = np.full(n_keys, -1), np.empty(len(bins), np.int32)
    members = np.zeros(n_keys, np.int32)
    groups, slots = np.empty(len(bins), np.int32), np.empty(len(bins), np.int8)
    n_groups = 0
    for spike in range(len(bins)):
        key, t = keys[spike], bins[spike]
        if current[key] < 0 or members[key] == GROUP or t - first[current[key]] >= span:
            current[key], members[key], first[n_groups] = n_groups, 0, t
            n_groups += 1
        groups[spike], slots[spike] = current[key], members[key]
        members[key] += 1
    return groups, slots, n_groups, first


@compiled
def add_filters_of_groups(ids, delays, first, filters, span, scores):
    """Add the filters of groups of spikes within `span` bins to the scores after them.

    ids, delays : (n_groups, GROUP) neurons, and bins after the first one of the group.
    first : (n_groups,) bin of the first spike.
    filters : `span` zeros before, and at least `span` after each filter.
    """
    width = filters.shape[1] - span
    for group in range(len(first)):
        after = first[group] + 1
        later = scores[after : after + width]
        row, begin = ids[group], span - delays[group]
        a, b = filters[row[0], begin[0] :], filters[row[1], begin[1] :]
        c, d = filters[row[2], begin[2] :], filters[row[3], begin[3] :]
        e, f = filters[row[4], begin[4] :], filters[row[5], begin[5] :]
        g, h = filters[row[6], begin[6] :], filters[row[7], begin[7] :]
        for k in range(width):
            later[k] += ((a[k] + b[k]) + (c[k] + d[k])) + ((e[k] + f[k]) + (g[k] + h[k]))


@compiled
def sums_after_groups(ids, bins, values, found):
    """Add the values at each lag after groups of spikes of one neuron to `found`.

    ids : (n_groups,) neurons.
    bins : (n_groups, GROUP) bins of the spikes.
    """
    n_lags = found.shape[1]
    for group in range(len(ids)):
        sums, t = found[ids[group]], bins[group] + 1
        a, b, c, d = values[t[0] :], values[t[1] :], values[t[2] :], values[t[3] :]
        e, f, g, h = values[t[4] :], values[t[5] :], values[t[6] :], values[t[7] :]
        for k in range(n_lags):
            sums[k] += ((a[k] + b[k]) + (c[k] + d[k])) + ((e[k] + f[k]) + (g[k] + h[k]))
