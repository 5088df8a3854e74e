"""Summary of a network as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.network.brief import brief, sampled, strength
from neurosim.utils.table import Summary, Table, counted

if TYPE_CHECKING:
    from neurosim.network.network import Network

SIGNS = {1: "excitatory", -1: "inhibitory", 0: None}
"""Effect of the synapses of a population."""


def summarize(network: Network) -> Summary:
    """Return the populations, projections, inputs and recordings of a network."""
    tables = {
        "populations": _populations(network),
        "projections": _projections(network),
        "inputs": _inputs(network),
        "recordings": _recordings(network),
    }
    return Summary(title(network), {name: table for name, table in tables.items() if len(table)})


def title(network: Network) -> str:
    """Return the numbers of the parts of a network."""
    parts = [counted(len(network.projections), "projection")]
    if network.drives:
        parts.append(counted(len(network.drives), "input"))
    n_recordings = len(network.recordings) + len(network.weight_recordings)
    if n_recordings:
        parts.append(counted(n_recordings, "recording"))
    populations = counted(len(network.populations), "population")
    return f"Network: {counted(network.size, 'neuron')} in {populations}, {', '.join(parts)}"


def _populations(network: Network) -> Table:
    rows = tuple(
        (one.name, brief(one.neuron), SIGNS[network.sign_of(one)], one.size)
        for one in network.populations
    )
    return Table("", ("population", "model", "synapses", "neurons"), rows, left=3)


def _projections(network: Network) -> Table:
    rows = tuple(
        (
            _selected(one.source.name, one.source_ids),
            _selected(one.target.name, one.target_ids),
            brief(one.rule),
            ", ".join(map(brief, (one.synapse, *one.options))),
            strength(one.weight, one.synapse.unit),
            "none" if one.synapse.couples else strength(one.delay, "ms"),
        )
        for one in network.projections
    )
    columns = ("from", "to", "rule", "synapse", "weight", "delay")
    return Table("", columns, rows, left=4)


def _inputs(network: Network) -> Table:
    rows = tuple(
        (
            brief(one.input),
            _selected(one.target.name, one.ids, one.compartment),
            None if one.synapse is None else brief(one.synapse),
            None if one.synapse is None else strength(one.weight, one.synapse.unit),
        )
        for one in network.drives
    )
    return Table("", ("input", "to", "synapse", "weight"), rows, left=3)


def _recordings(network: Network) -> Table:
    rows = tuple(
        (
            one.name,
            _selected(one.key, one.ids),
            None if one.variable == "spikes" else sampled(one.interval),
        )
        for one in network.recordings
    )
    rows += tuple(
        ("weight", one.projection.title, sampled(one.interval)) for one in network.weight_recordings
    )
    return Table("", ("recorded", "of", "interval"), rows, left=2)


def _selected(name: str, ids: Any, compartment: str | None = None) -> str:
    """Return the name of a population, with the number of selected neurons and a compartment."""
    notes = [] if ids is None else [counted(len(ids), "neuron")]
    notes += [] if compartment is None else [compartment]
    return f"{name} ({', '.join(notes)})" if notes else name
