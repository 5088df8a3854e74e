"""Drop postsynaptic spikes that no plastic synapse needs any more."""

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import helper
from neurosim.kernels.tables import tables_at


@helper
def _move_list(post, horizon, plasticity, needed, places, kept, n):
    """Move the needed spikes of one list to new arrays; return their number so far.

    The spikes after step `horizon`, and the last one before, are needed too: each may be the latest
    postsynaptic spike when a presynaptic one is transmitted.
    """
    previous, i = -1, plasticity.first_spike[post]
    plasticity.first_spike[post] = -1
    while i >= 0:
        after = plasticity.next_spike[i]
        recent = after < 0 or plasticity.steps[after] > horizon
        if needed[i] or recent or plasticity.steps[i] > horizon:
            kept.steps[n], kept.next_spike[n] = plasticity.steps[i], -1
            for k in range(kept.values.shape[1]):
                kept.values[n, k] = plasticity.values[i, k]
            if previous < 0:
                plasticity.first_spike[post] = n
            else:
                kept.next_spike[previous] = n
            previous = n
            n += 1
        places[i] = previous
        i = after
    plasticity.last_spike[post] = previous
    return n


@addressed
def drop_spikes(frame, now, _a, _b, _c, _d):
    """Drop the postsynaptic spikes that no synapse needs, without changing any later weight.

    Parameters
    ----------
    frame : Frame
        Of `Plastic`; `PlasticityState`, of which `first_spike`, `last_spike` and `last_seen` are
        changed; another `PlasticityState`, which receives the kept spikes; the addresses of each
        projection's `mark_row`; and two scratch arrays with one entry per spike: bool, all False,
        and int64.
    now : int
        The next step.

    Returns
    -------
    int
        Number of spikes that are kept.
    """
    plastic, plasticity, kept, rows, needed, places = tables_at(frame)
    n = 0
    for p in range(plastic.projections.size):
        own = plastic.projections[p]
        delays = plastic.delays[own.first_delay : own.first_delay + own.n_delays]
        # A transmission from now on uses the spikes up to two delays ago, or later ones too.
        horizon = now - 2 * delays[-1] if delays.size else now
        for row in range(own.n_sources * own.n_delays):
            segment = own.first_row + row
            first, stop = plastic.segment[segment], plastic.segment[segment + 1]
            if first < stop:
                delay = delays[row % own.n_delays]
                call_addressed(rows[p, 0], rows[p, 1], first, stop, delay, horizon, 0)
        for post in range(own.first_list, own.first_list + own.n_targets):
            n = _move_list(post, horizon, plasticity, needed, places, kept, n)
    for k in range(plasticity.last_seen.size):
        if plasticity.last_seen[k] >= 0:
            plasticity.last_seen[k] = places[plasticity.last_seen[k]]
    return n
