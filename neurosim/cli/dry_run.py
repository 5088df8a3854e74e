"""What a run would build, told before it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from neurosim.cli.report import add_rows, new_console, new_table
from neurosim.cli.run import options_of
from neurosim.experiments.settings import parse_settings

if TYPE_CHECKING:
    from neurosim.cli.request import RunRequest
    from neurosim.engine.estimate import ResourceEstimate
    from neurosim.experiments.scenario import Scenario


def estimate_run(order: RunRequest, scenario: Scenario[Any]) -> ResourceEstimate:
    """Return what the network of a scenario would be."""
    from neurosim.engine.estimate import estimate_resources  # late: it needs the compiler

    settings = parse_settings(scenario.settings, order.assignments)
    options = options_of(order, scenario)
    network = scenario.network(settings, options)
    return estimate_resources(network, options.duration, options.dt)


def print_estimate(estimate: ResourceEstimate) -> None:
    """Write tables of what would be built to stdout."""
    out = new_console(stderr=False)
    out.print()
    out.print(Text(f"Would build {_count(estimate.neurons, 'neuron')}", style="bold"), end="")
    out.print(Text(f", {_count(estimate.synapses, 'synapse')}; {_memory(estimate)}"))
    for heading, columns, rows in _tables(estimate):
        if rows:
            shown = new_table(heading, *columns)
            add_rows(shown, ([Text(str(cell)) for cell in row] for row in rows))
            out.print()
            out.print(shown)


def _tables(estimate: ResourceEstimate) -> list[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]:
    populations = [
        (p["name"], f"{p['size']:,}", p["neuron"], f"{p['synapses_each']:,.4g}")
        for p in estimate.populations
    ]
    projections = [
        (
            f"{p['source']} → {p['target']}",
            p["rule"],
            p["synapse"],
            _strength(p),
            p["delay"],
            f"{p['synapses']:,.0f}",
        )
        for p in estimate.projections
    ]
    drives = [
        (
            d["target"],
            f"{d['neurons']:,}",
            d["input"],
            d["synapse"] or "",
            _strength(d),
            d["delay"] or "",
        )
        for d in estimate.drives
    ]
    recordings = [
        (
            r["population"],
            r["variable"],
            f"{r['neurons']:,}",
            "as they come" if r["interval_ms"] is None else f"every {r['interval_ms']:g} ms",
            f"{r['bytes'] / 1e6:,.3g} MB" if r["bytes"] else "",
        )
        for r in estimate.recordings
    ]
    return [
        ("population", ("neurons", "model", "synapses onto each"), populations),
        ("connection", ("rule", "synapse", "PSP (weight)", "delay", "synapses"), projections),
        ("input to", ("neurons", "type", "synapse", "PSP (weight)", "delay"), drives),
        ("recording of", ("variable", "neurons", "sampled", "memory"), recordings),
    ]


def _strength(row: dict[str, Any]) -> str:
    """Return the PSP and, where that is another number, the weight."""
    psp, weight = row["psp"], row["weight"]
    if psp is None or psp == weight:
        return weight or ""
    return f"{psp} ({weight})"


def _count(number: float, what: str) -> str:
    return f"{number:,.0f} {what}{'' if number == 1 else 's'}"


def _memory(estimate: ResourceEstimate) -> str:
    there = estimate.machine_bytes
    of = "" if there is None else f" of the {there / 1e9:,.1f} GB available"
    if estimate.network_bytes is None:
        return f"more memory than the {(there or 0) / 1e9:,.1f} GB available"
    traces = f" and {_size(estimate.recording_bytes)} of traces" if estimate.recordings else ""
    return f"about {_size(estimate.network_bytes)}{traces}{of}"


def _size(size: float) -> str:
    return f"{size / 1e9:,.3g} GB" if size >= 1e9 else f"{size / 1e6:,.3g} MB"
