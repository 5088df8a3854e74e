"""Output of the commands: tables and messages for people, JSON for programs."""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import contextmanager
from inspect import cleandoc
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from neurosim.experiments.settings import format_value, settings_of
from neurosim.utils.progress import clear_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from neurosim.experiments.scenario import Comparison, Scenario

MAX_MEASURES = 12
"""Largest number of measures of a comparison that are printed by default."""
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
    """Print warnings to users as messages, without the line of code that causes them."""
    with warnings.catch_warnings():
        show_others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, UserWarning):
                info(str(message))
            else:
                show_others(message, category, *where, **more)

        warnings.showwarning = show
        yield


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
                "range": setting.range,
                "help": setting.help,
            }
            for setting in settings_of(scenario.settings).values()
        },
    }


def print_scenarios(scenarios: Sequence[Scenario[Any]]) -> None:
    """Print the list of scenarios by group to stdout."""
    table = new_table()
    for group, members in groupby(scenarios, key=attrgetter("group")):
        table.add_section()
        table.add_row(Text(group, style="bold"))
        for scenario in members:
            table.add_row(f"  {scenario.name}", scenario.title)
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
    console.print(Text(scenario.name, style="bold").append(f"  {scenario.title}", style="none"))
    console.print(scenario.group, end="\n\n")
    for paragraph in cleandoc(scenario.description).split("\n\n"):
        if paragraph.strip():
            console.print(" ".join(paragraph.split()).replace("``", ""), end="\n\n")
    if scenario.source:
        console.print(f"Lectures: {scenario.source}", end="\n\n")
    rows = []
    for setting in settings_of(scenario.settings).values():
        allowed = ", ".join(setting.choices) or setting.range
        choices = f" ({allowed})" if allowed else ""
        default = format_value(setting.default)
        rows.append((f"  {setting.name}", default, setting.unit, setting.help + choices))
    if rows:
        console.print("Settings, to be changed with --set name=value:")
        console.print(new_table(("setting", "default", "unit", "meaning"), rows))
        console.print()
    console.print(
        f"Simulates {scenario.duration:g} ms with a time step of {scenario.dt:g} ms. Run with"
    )
    for command in ("run", "compare") if scenario.compare else ("run",):
        console.print(f"  neurosim {command} {name}")


def print_findings(title: str, summary: dict[str, Any]) -> None:
    """Print what was simulated and what was found to stderr."""
    console = new_console(stderr=True)
    console.print(Text(summary["scenario"], style="bold").append(f"  {title}", style="none"))
    simulated, *found = summary["report"] or (_size(summary),)
    console.print(Padding(simulated, (0, 0, 0, 2)))
    for sentence in found:
        console.print(_bullet(sentence))
    rows = []
    if not summary["report"]:
        rows += [(f"  {key}", _short(value)) for key, value in summary["findings"].items()]
        for name, rate in summary["rates_hz"].items():
            rows.append((f"  rate of {name}", "unknown" if rate is None else f"{rate:.2f} Hz"))
    profile = format_profile(summary["profile_s"])
    rows += [(f"  time for {phase}", seconds) for phase, seconds in profile.items()]
    if rows:
        console.print(new_table(rows=rows))


def print_saved(summary: dict[str, Any]) -> None:
    """Print the wall-clock time of a run, its pace and its files to stderr."""
    if summary["realtime"]:
        print(f"  {_pace(summary['realtime'])}", file=sys.stderr)
    took = f"{_duration(summary['duration_ms'])} simulated in {summary['wall_s']:.2f} s"
    files = [Path(path) for path in summary["files"]]
    folders = {path.parent for path in files}
    if len(folders) != 1:
        info(took)
        print_files(summary["files"])
        return
    print(f"  {took}. Files in {folders.pop()}:", file=sys.stderr)
    names = ", ".join(path.name for path in files)
    figures = [path for path in files if path.suffix == ".png"]
    if len(names) > PLAIN_WIDTH - 4 and figures:
        others = ", ".join(path.name for path in files if path not in figures)
        names = f"{others}, {counted(len(figures), 'figure')} ({summary['scenario']}-*.png)"
    print(f"    {names}", file=sys.stderr)  # paths and names are never shortened


def _duration(ms: float) -> str:
    """Return a simulated time: in s above 10 s, as in figures."""
    return f"{1e-3 * ms:,.10g} s" if ms > 10_000.0 else f"{ms:g} ms"


def _size(summary: dict[str, Any]) -> str:
    """Return the size of the network of a run."""
    neurons, synapses = summary["neurons"], summary["synapses"]
    return f"{counted(neurons, 'neuron')} and {counted(synapses, 'synapse')}."


def _bullet(sentence: str) -> Table:
    """Return a sentence of a list, with a hanging indent."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row("  •", sentence)
    return grid


def print_spikes(summary: dict[str, Any]) -> None:
    """Print the statistics of imported spikes to stderr."""
    console = new_console(stderr=True)
    console.print(f"{summary['duration_ms']:g} ms, with a time step of {summary['dt_ms']:g} ms")
    columns = {
        "neurons": "neurons",
        "spikes": "spikes",
        "rate_hz": "rate (Hz)",
        "cv_isi": "CV of intervals",
    }
    if any("observed_ms" in entry for entry in summary["populations"].values()):
        columns["observed_ms"] = "observed (ms)"
    rows = []
    for name, entry in summary["populations"].items():
        values = [entry.get(key) for key in columns]
        shown = ["unknown" if value is None else f"{value:,.6g}" for value in values]
        rows.append((f"  {name}", *shown))
    console.print(new_table(("population", *columns.values()), rows))
    print_files(summary["files"])


def format_profile(profile: Mapping[str, float] | None) -> dict[str, str]:
    """Return the time spent on each phase, with its percentage, as text."""
    total = sum((profile or {}).values())
    return {
        phase: f"{seconds:.2f} s ({seconds / total:.0%})"
        for phase, seconds in (profile or {}).items()
    }


def print_comparison(comparison: Comparison, *, everything: bool = False) -> None:
    """Print the table and the conclusion of a comparison to stderr.

    Parameters
    ----------
    comparison : Comparison
    everything : bool
        Whether to print all measures. Default: the main ones, at most `MAX_MEASURES`.
    """
    rows = comparison.all_rows if everything else comparison.rows[:MAX_MEASURES]
    table = new_table(("measure", "value (95 % interval)", "note"))
    table.columns[1].no_wrap = True
    for row in rows:
        table.add_row(*row)
    console = new_console(stderr=True)
    console.print(comparison.title, style="bold")
    console.print(table)
    if comparison.conclusion:
        console.print(comparison.conclusion)
    more = len(comparison.all_rows) - len(rows)
    if more:
        console.print(f"{counted(more, 'more measure')}: add --all", style="dim")


def print_nir(content: Mapping[str, Any]) -> None:
    """Print the network built from a NIR graph to stdout."""
    console = new_console(stderr=False)
    size = f"{counted(content['neurons'], 'neuron')}, {counted(content['synapses'], 'synapse')}"
    method = "Euler's method" if content["integration"] == "euler" else "exact integration"
    console.print(f"{content['file']}: {size}, time step {content['dt_ms']:g} ms, {method}")
    table = new_table(("node", "kind", "shape", "delay", "populations"))
    for node in content["nodes"]:
        shape = " × ".join(map(str, node["shape"]))
        names = node["populations"]
        shown = ", ".join(names[:4]) + (f", … ({len(names)})" if len(names) > 4 else "")
        delay = counted(node["late_steps"], "step")
        table.add_row(f"  {node['name']}", node["kind"], shape, delay, shown)
    console.print(table)
    for name, count in content.get("spikes", {}).items():
        console.print(f"  {name}: {counted(count, 'spike')} in {content['duration_ms']:g} ms")
    print_files(content.get("files", ()))


def print_files(files: Sequence[str]) -> None:
    """Print paths to stderr, one per line and never shortened."""
    for path in files:
        print(f"  {path}", file=sys.stderr)


def new_console(stderr: bool) -> Console:
    """Return a console that prints text as it is, also if it contains brackets.

    Its width is `PLAIN_WIDTH` if the output is not a terminal.
    """
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if terminal else PLAIN_WIDTH
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def new_table(headings: Sequence[str] = (), rows: Sequence[Sequence[str]] = ()) -> Table:
    """Return a table with at most `MAX_ROWS` rows and the number of those left out.

    Without headings it has four columns.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(headings))
    for number, heading in enumerate(headings or ("",) * 4):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    for row in rows[:MAX_ROWS]:
        table.add_row(*row)
    if len(rows) > MAX_ROWS:
        table.add_row(f"  … {len(rows) - MAX_ROWS:,} more")
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
