"""Reads a plan's synapse tables back into a plain list of connections."""

from __future__ import annotations

import numpy as np

from neurosim.builder import Plan, build


def connections(net, *, threads=1, seed=1, dt=0.1):
    """Return (source, target, weight, delay in steps) of every synapse of a one-port network.

    Indices are global ids. The network must have one port per population and no E/I probes.
    """
    plan: Plan = build(net, dt=dt, seed=seed, threads=threads)
    rows = []
    for part in plan.threads:
        table, groups, ports = part.table, part.neurons.groups, part.neurons.ports
        global_id = np.empty(part.n_slots, np.int64)
        for group in groups:
            slot, size = ports[group.first_port].slot, group.stop - group.start
            global_id[slot : slot + size] = group.first_id + np.arange(size)
        lengths = table.segment[:, -1].astype(np.int64)
        source = np.repeat(np.arange(len(lengths)), lengths)
        delay = np.concatenate(
            [np.repeat(table.delays, np.diff(segment)) for segment in table.segment]
        )
        weights = table.weights
        if len(table.common):
            column = np.concatenate(
                [np.repeat(table.common_of, np.diff(segment)) for segment in table.segment]
            )
            weights = table.common.reshape(len(lengths), -1)[source, column]
        rows.append(
            np.stack([source, global_id[table.targets % table.row_stride], weights, delay], axis=1)
        )
    table = np.concatenate(rows)
    return table[np.lexsort(table.T[::-1])]
