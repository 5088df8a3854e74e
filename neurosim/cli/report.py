"""Output of the commands: tables and messages for people, JSON for programs."""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import contextmanager
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.experiments.settings import format_value, settings_of
from neurosim.utils.progress import clear_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from neurosim.experiments.scenario import Comparison, Scenario

MAX_ROWS = 60
"""Largest number of rows in a printed table; JSON contains all."""
PLAIN_WIDTH = 100
"""Width of the output if it is not a terminal."""


def info(message: str) -> None:
    """Print a message to stderr."""
    clear_line()
    print(f"neurosim: {message}", file=sys.stderr)


@contextmanager
def warnings_as_messages() -> Iterator[None]:
    """Print the warnings of a block to stderr as messages."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        info(str(warning.message))


def counted(number: float, noun: str) -> str:
    """Return a number with a noun: "1 neuron", "1,000 neurons"."""
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"


def print_json(content: object) -> None:
    """Print JSON to stdout, with escapes for characters that its encoding lacks."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(content, indent=2, allow_nan=False)
    print(text)


def scenario_entry(scenario: Scenario[Any]) -> dict[str, Any]:
    """Return the entry of a scenario in ``list --json``."""
    return {
        "name": scenario.name,
        "title": scenario.title,
        "row": scenario.row,
        "source": scenario.source,
        "group": scenario.group,
        "compare": scenario.compare is not None,
    }


def scenario_details(scenario: Scenario[Any]) -> dict[str, Any]:
    """Return the content of ``show --json``."""
    return scenario_entry(scenario) | {
        "description": scenario.description,
        "duration_ms": scenario.duration,
        "dt_ms": scenario.dt,
        "settings": {
            setting.name: {
                "default": setting.default,
                "unit": setting.unit,
                "expected": setting.expected,
                "help": setting.help,
            }
            for setting in settings_of(scenario.settings).values()
        },
    }


def print_scenarios(scenarios: Sequence[Scenario[Any]]) -> None:
    """Print the list of scenarios by group to stdout."""
    table = new_table()
    group = None
    for scenario in scenarios:
        if scenario.group != group:
            group = scenario.group
            table.add_section()
            table.add_row(Text(group, style="bold"))
        lecture = " ".join(filter(None, (scenario.source, scenario.row)))
        table.add_row(f"  {scenario.name}", scenario.title, lecture)
    new_console(stderr=False).print(table)


def print_scenario(scenario: Scenario[Any], name: str) -> None:
    """Print the description and the settings of a scenario to stdout.

    Parameters
    ----------
    scenario : Scenario
    name : str
        Name or path for the example commands.
    """
    console = new_console(stderr=False)
    lecture = ", ".join(filter(None, (scenario.source, scenario.row)))
    console.print(Text(scenario.name, style="bold").append(f"  {scenario.title}", style="none"))
    console.print(Text(scenario.group + (f" ({lecture})" if lecture else "")), end="\n\n")
    if scenario.description:
        console.print(Text(cleandoc(scenario.description)), end="\n\n")
    table = new_table("setting", "default", "unit", "meaning")
    rows = []
    for setting in settings_of(scenario.settings).values():
        choices = f" ({', '.join(setting.choices)})" if setting.choices else ""
        default = format_value(setting.default)
        rows.append((f"  {setting.name}", default, setting.unit, setting.help + choices))
    add_rows(table, rows)
    if table.rows:
        console.print(Text("Settings, to be changed with --set name=value:"))
        console.print(table)
        console.print()
    console.print(
        Text(f"Simulates {scenario.duration:g} ms with a time step of {scenario.dt:g} ms. Run with")
    )
    for command in ("run", "compare") if scenario.compare else ("run",):
        console.print(Text(f"  neurosim {command} {name}"))


def print_run(summary: dict[str, Any]) -> None:
    """Print the summary of a run to stderr."""
    console = new_console(stderr=True)
    console.print(
        Text(
            f"{summary['scenario']}: {counted(summary['neurons'], 'neuron')}, "
            f"{counted(summary['synapses'], 'synapse')}, "
            f"{summary['duration_ms']:g} ms simulated in {summary['wall_s']:.2f} s "
            f"(built in {summary['build_s']:.2f} s)"
        )
    )
    if summary["realtime"]:
        console.print(Text(f"  {_pace(summary['realtime'])}"))
    table = new_table()
    add_rows(table, ((f"  {name}", _short(value)) for name, value in summary["findings"].items()))
    rates = summary["rates_hz"].items()
    shown = ((name, "unknown" if rate is None else f"{rate:.2f} Hz") for name, rate in rates)
    add_rows(table, ((f"  rate of {name}", rate) for name, rate in shown))
    for phase, seconds in format_profile(summary["profile_s"]).items():
        table.add_row(f"  time for {phase}", seconds)
    console.print(table)
    print_files(summary["files"])


def print_spikes(summary: dict[str, Any]) -> None:
    """Print the statistics of imported spikes to stderr."""
    console = new_console(stderr=True)
    console.print(
        Text(f"{summary['duration_ms']:g} ms, with a time step of {summary['dt_ms']:g} ms")
    )
    columns = {
        "neurons": "neurons",
        "spikes": "spikes",
        "rate_hz": "rate (Hz)",
        "cv_isi": "CV of intervals",
    }
    if any("observed_ms" in entry for entry in summary["populations"].values()):
        columns["observed_ms"] = "observed (ms)"
    table = new_table("population", *columns.values())
    rows: list[Sequence[str | Text]] = []
    for name, entry in summary["populations"].items():
        values = [entry.get(key) for key in columns]
        shown = ["unknown" if value is None else f"{value:,.6g}" for value in values]
        rows.append((Text(f"  {name}"), *shown))
    add_rows(table, rows)
    console.print(table)
    print_files(summary["files"])


def format_profile(profile: Mapping[str, float] | None) -> dict[str, str]:
    """Return the time spent on each phase, with its percentage, as text."""
    total = sum((profile or {}).values())
    return {
        phase: f"{seconds:.2f} s ({seconds / total:.0%})"
        for phase, seconds in (profile or {}).items()
    }


def print_comparison(comparison: Comparison) -> None:
    """Print the table of a comparison to stderr."""
    table = new_table("measure", "value", "note")
    for row in comparison.rows:
        table.add_row(*(Text(cell) for cell in row))
    console = new_console(stderr=True)
    console.print(Text(comparison.title, style="bold"))
    console.print(table)


def print_nir(content: Mapping[str, Any]) -> None:
    """Print the network built from a NIR graph to stdout."""
    console = new_console(stderr=False)
    size = f"{counted(content['neurons'], 'neuron')}, {counted(content['synapses'], 'synapse')}"
    method = "Euler's method" if content["integration"] == "euler" else "exact integration"
    console.print(Text(f"{content['file']}: {size}, time step {content['dt_ms']:g} ms, {method}"))
    table = new_table("node", "kind", "shape", "delay", "populations")
    for node in content["nodes"]:
        shape = " × ".join(map(str, node["shape"]))
        names = node["populations"]
        shown = ", ".join(names[:4]) + (f", … ({len(names)})" if len(names) > 4 else "")
        delay = counted(node["late_steps"], "step")
        table.add_row(*map(Text, (f"  {node['name']}", node["kind"], shape, delay, shown)))
    console.print(table)
    for name, count in content.get("spikes", {}).items():
        console.print(Text(f"  {name}: {counted(count, 'spike')} in {content['duration_ms']:g} ms"))
    print_files(content.get("files", ()))


def print_files(files: Sequence[str]) -> None:
    """Print paths to stderr, one per line and never shortened."""
    for path in files:
        print(f"  {path}", file=sys.stderr)


def new_console(stderr: bool) -> Console:
    """Return a console; its width is `PLAIN_WIDTH` if the output is not a terminal."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, highlight=False, width=None if terminal else PLAIN_WIDTH)


def add_rows(table: Table, rows: Iterable[Iterable[Any]]) -> None:
    """Add rows to a table, at most `MAX_ROWS`, and the number of those left out."""
    rows = list(rows)
    for row in rows[:MAX_ROWS]:
        table.add_row(*row)
    if len(rows) > MAX_ROWS:
        table.add_row(Text(f"  … {len(rows) - MAX_ROWS:,} more"))


def new_table(*headings: str) -> Table:
    """Return an empty table; without headings it has four columns."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(headings))
    for number, heading in enumerate(headings or ("",) * 4):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    return table


def _pace(realtime: dict[str, Any]) -> str:
    late, chunks = realtime["late_chunks"], realtime["chunks"]
    if late == 0:
        return f"paced to the wall clock: none of {chunks:,} chunks late"
    most = f"{realtime['largest_lateness_ms']:.3g} ms"
    return f"paced to the wall clock: {late:,} of {chunks:,} chunks late, by at most {most}"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_short(item)}" for key, item in value.items())
    if isinstance(value, list):
        shown = ", ".join(map(_short, value[:8]))
        return shown + (f", … ({len(value)})" if len(value) > 8 else "")
    return format_value(value)
