"""Estimate and print the network that a run would build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.cli.report import counted, new_console, new_table
from neurosim.cli.run import options_of
from neurosim.experiments.settings import parse_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurosim.cli.request import RunRequest
    from neurosim.engine.estimate import ResourceEstimate
    from neurosim.experiments.scenario import Scenario

    Rows = list[tuple[str, ...]]


def estimate_run(request: RunRequest, scenario: Scenario[Any]) -> ResourceEstimate:
    """Estimate the network of a scenario."""
    from neurosim.engine.estimate import estimate_resources  # late: needs the compiler

    settings = parse_settings(scenario.settings, request.assignments)
    options = options_of(request, scenario)
    return estimate_resources(scenario.network(settings, options), options.duration, options.dt)


def print_estimate(estimate: ResourceEstimate) -> None:
    """Print tables of the estimate to stdout."""
    out = new_console(stderr=False)
    out.print()
    size = f"{counted(estimate.neurons, 'neuron')}, {counted(estimate.synapses, 'synapse')}"
    out.print(f"Network of {size}; {_memory(estimate)}", style="bold")
    for headings, rows in _tables(estimate):
        if rows:
            out.print()
            out.print(new_table(headings, rows))


def _tables(estimate: ResourceEstimate) -> Iterator[tuple[tuple[str, ...], Rows]]:
    """Yield the headings and rows of each table."""
    yield (
        ("population", "neurons", "model", "synapses per neuron"),
        [
            (p["name"], f"{p['size']:,}", p["neuron"], f"{p['synapses_each']:,.4g}")
            for p in estimate.populations
        ],
    )
    yield (
        ("projection", "rule", "synapse", "PSP (weight)", "delay", "synapses"),
        [
            (
                f"{p['source']} → {p['target']}",
                p["rule"],
                ", ".join(filter(None, (p["synapse"], p["plasticity"]))),
                _strength(p),
                p["delay"],
                f"{p['synapses']:,.0f}",
            )
            for p in estimate.projections
        ],
    )
    yield (
        ("input to", "neurons", "type", "synapse", "PSP (weight)", "delay"),
        [
            (
                d["target"],
                f"{d['neurons']:,}",
                d["input"],
                d["synapse"] or "",
                _strength(d),
                d["delay"] or "",
            )
            for d in estimate.drives
        ],
    )
    yield (
        ("recording of", "variable", "neurons", "sampled", "memory"),
        [
            (
                r["population"],
                r["variable"],
                f"{r['neurons']:,}",
                "all events" if r["interval_ms"] is None else f"every {r['interval_ms']:g} ms",
                f"{r['bytes'] / 1e6:,.3g} MB" if r["bytes"] else "",
            )
            for r in estimate.recordings
        ],
    )


def _strength(row: dict[str, Any]) -> str:
    """Return the PSP and, if it differs, the weight."""
    psp, weight = row["psp"], row["weight"]
    if psp is None or psp == weight:
        return weight or ""
    return f"{psp} ({weight})"


def _memory(estimate: ResourceEstimate) -> str:
    available = estimate.machine_bytes
    if estimate.network_bytes is None:
        return f"memory exceeds the {(available or 0) / 1e9:,.1f} GB available"
    traces = f" + {_size(estimate.recording_bytes)} of traces" if estimate.recordings else ""
    limit = "" if available is None else f" ({available / 1e9:,.1f} GB available)"
    return f"memory {_size(estimate.network_bytes)}{traces}{limit}"


def _size(size: float) -> str:
    return f"{size / 1e9:,.3g} GB" if size >= 1e9 else f"{size / 1e6:,.3g} MB"
