"""What the commands say: tables and words for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.experiments.settings import format_value, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from neurosim.experiments.scenario import Comparison, Scenario

MOST_ROWS = 60
"""Most rows of a table for people; JSON has all of them."""
PLAIN_WIDTH = 100
"""Width where the output is no terminal."""


def say(message: str) -> None:
    """Write a line for people to stderr, as it stands."""
    print(f"neurosim: {message}", file=sys.stderr)


def counted(number: float, noun: str) -> str:
    """Return a number with a noun: "1 neuron", "1,000 neurons"."""
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"


def print_json(content: object) -> None:
    """Write one JSON value to stdout, with escapes where its encoding lacks a character."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(content, indent=2, allow_nan=False)
    print(text)


def scenario_entry(scenario: Scenario[Any]) -> dict[str, Any]:
    """Return what `list --json` says of a scenario."""
    return {
        "name": scenario.name,
        "title": scenario.title,
        "row": scenario.row,
        "source": scenario.source,
        "group": scenario.group,
        "compare": scenario.compare is not None,
    }


def scenario_details(scenario: Scenario[Any]) -> dict[str, Any]:
    """Return what `show --json` says of a scenario."""
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
    """Write the list of scenarios, grouped, to stdout."""
    console = new_console(stderr=False)
    table = new_table()
    group = None
    for scenario in scenarios:
        if scenario.group != group:
            group = scenario.group
            table.add_section()
            table.add_row(Text(group, style="bold"))
        lecture = " ".join(filter(None, (scenario.source, scenario.row)))
        table.add_row(f"  {scenario.name}", scenario.title, lecture)
    console.print(table)


def print_scenario(scenario: Scenario[Any], name: str) -> None:
    """Write a scenario's description and settings to stdout; `name` is what it is called by."""
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
        console.print(Text("Settings, changed with --set name=value:"))
        console.print(table)
        console.print()
    console.print(
        Text(f"Simulates {scenario.duration:g} ms in steps of {scenario.dt:g} ms; see it with")
    )
    for command in ("run", "compare") if scenario.compare else ("run",):
        console.print(Text(f"  neurosim {command} {name}"))


def print_run(summary: dict[str, Any]) -> None:
    """Write the figures of a run to stderr."""
    console = new_console(stderr=True)
    console.print(Text(f"{summary['scenario']}: {_size(summary)}"))
    if summary["realtime"]:
        console.print(Text(f"  {_pace(summary['realtime'])}"))
    table = new_table()
    add_rows(table, ((f"  {name}", _short(value)) for name, value in summary["findings"].items()))
    rates = summary["rates_hz"].items()
    shown = ((name, "unknown" if rate is None else f"{rate:.2f} Hz") for name, rate in rates)
    add_rows(table, ((f"  rate of {name}", rate) for name, rate in shown))
    for phase, share in shares(summary["profile_s"]).items():
        table.add_row(f"  time for {phase}", share)
    console.print(table)
    print_files(summary["files"])


def print_spikes(summary: dict[str, Any]) -> None:
    """Write the figures of imported spikes to stderr."""
    console = new_console(stderr=True)
    console.print(Text(f"{summary['duration_ms']:g} ms, in steps of {summary['dt_ms']:g} ms"))
    columns = {
        "neurons": "neurons",
        "spikes": "spikes",
        "rate_hz": "rate (Hz)",
        "cv_isi": "CV of intervals",
    }
    if any("observed_ms" in about for about in summary["populations"].values()):
        columns["observed_ms"] = "observed (ms)"
    table = new_table("population", *columns.values())
    rows: list[Sequence[str | Text]] = []
    for name, about in summary["populations"].items():
        figures = [about.get(key) for key in columns]
        shown = ["unknown" if value is None else f"{value:,.6g}" for value in figures]
        rows.append((Text(f"  {name}"), *shown))
    add_rows(table, rows)
    console.print(table)
    print_files(summary["files"])


def shares(profile: Mapping[str, float] | None) -> dict[str, str]:
    """Return the seconds spent on each phase, with their shares, in words."""
    total = sum((profile or {}).values())
    return {
        phase: f"{seconds:.2f} s ({seconds / total:.0%})"
        for phase, seconds in (profile or {}).items()
    }


def print_comparison(comparison: Comparison) -> None:
    """Write the table of a comparison to stderr."""
    table = new_table("measure", "value", "note")
    for row in comparison.rows:
        table.add_row(*(Text(cell) for cell in row))
    console = new_console(stderr=True)
    console.print(Text(comparison.title, style="bold"))
    console.print(table)


def print_nir(content: Mapping[str, Any]) -> None:
    """Write what a graph of NIR becomes to stdout."""
    console = new_console(stderr=False)
    size = f"{content['neurons']:,} neurons, {content['synapses']:,} synapses"
    method = "Euler's method" if content["integration"] == "euler" else "exact integration"
    console.print(Text(f"{content['file']}: {size}, steps of {content['dt_ms']:g} ms, {method}"))
    table = new_table("node", "kind", "shape", "late by", "populations")
    for node in content["nodes"]:
        shape = " × ".join(map(str, node["shape"]))
        names = node["populations"]
        shown = ", ".join(names[:4]) + (f", … ({len(names)})" if len(names) > 4 else "")
        late = f"{node['late_steps']} step{'' if node['late_steps'] == 1 else 's'}"
        table.add_row(*map(Text, (f"  {node['name']}", node["kind"], shape, late, shown)))
    console.print(table)
    for name, count in content.get("spikes", {}).items():
        console.print(Text(f"  {name}: {count:,} spikes in {content['duration_ms']:g} ms"))
    print_files(content.get("files", ()))


def print_files(files: Sequence[str]) -> None:
    """Write the paths of what was saved to stderr, one a line, none of them cut."""
    for path in files:
        print(f"  {path}", file=sys.stderr)


def new_console(stderr: bool) -> Console:
    """Return where people read: a terminal, or text of `PLAIN_WIDTH`."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, highlight=False, width=None if terminal else PLAIN_WIDTH)


def add_rows(table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Add rows to a table, at most `MOST_ROWS`, and the number of those left out."""
    rows = list(rows)
    for row in rows[:MOST_ROWS]:
        table.add_row(*row)
    if len(rows) > MOST_ROWS:
        table.add_row(Text(f"  … {len(rows) - MOST_ROWS:,} more"))


def new_table(*headings: str) -> Table:
    """Return an empty table; without headings it has room for four columns."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(headings))
    for number in range(4 if not headings else len(headings)):
        heading = headings[number] if headings else ""
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    return table


def _size(summary: dict[str, Any]) -> str:
    neurons = "1 neuron" if summary["neurons"] == 1 else f"{summary['neurons']:,} neurons"
    return (
        f"{neurons}, {summary['synapses']:,} synapses, "
        f"{summary['duration_ms']:g} ms simulated in {summary['wall_s']:.2f} s "
        f"(built in {summary['build_s']:.2f} s)"
    )


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
