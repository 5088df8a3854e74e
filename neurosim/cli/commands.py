"""Commands that run scenarios.

These are list, show, run, compare, resume, plot, demo and new.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli import options, report
from neurosim.cli.dry_run import estimate_run, print_estimate
from neurosim.cli.failures import Status
from neurosim.cli.options import EXIT_STATUS, OUT, app
from neurosim.cli.request import RunRequest
from neurosim.cli.run import Outcome, execute, redraw, resume_run
from neurosim.experiments.catalogue import all_scenarios, find_scenario
from neurosim.experiments.model_files import load_models
from neurosim.experiments.toml.start import write_start
from neurosim.utils.atomic_files import plain

DEMO = {
    "three synapses depolarise a neuron, but not up to its threshold": RunRequest("psp-summation"),
    "12,500 neurons with asynchronous irregular firing": RunRequest("balanced-network"),
    "the firing probability of a neuron, compared with a logistic neuron": RunRequest(
        "two-synapse-neuron", compare=True
    ),
}
"""Message and request of each step of `neurosim demo`."""


@app.callback()
def neurosim(models: options.Models = None) -> None:
    """Simulate spiking neurons, and compare them with logistic neurons.

    Scenarios are networks that are ready to run, from a neuron with three
    synapses to a cortical column. Results and figures are saved in a folder.
    Messages are printed to stderr, JSON to stdout.

    [bold]Examples[/bold]

        neurosim demo
        neurosim list
        neurosim show psp-summation
        neurosim run psp-summation --set psps=10,3,3
        neurosim compare two-synapse-neuron --json
        neurosim --models adex.py run my.toml
    """
    load_models(models or ())


@app.command("list", epilog=EXIT_STATUS)
def list_scenarios(json: options.Json = False) -> None:
    """List all scenarios by group, with the lecture and the row of its table.

    Installed packages can add scenarios through the entry-point group
    `neurosim.scenarios`.
    """
    scenarios = all_scenarios()
    if json:
        report.print_json([report.scenario_entry(scenario) for scenario in scenarios])
    else:
        report.print_scenarios(scenarios)


@app.command(epilog=EXIT_STATUS)
def show(
    name: options.Name,
    settings: options.Settings = None,
    duration: options.Duration = None,
    dt: options.Step = None,
    no_network: Annotated[
        bool,
        typer.Option(
            "--no-network",
            help="Do not describe the network; saves time if the scenario trains it first.",
        ),
    ] = False,
    json: options.Json = False,
) -> None:
    """Describe a scenario, its settings, and the network that a run would build.

    The network is not built. Its neurons, synapses and memory are estimated for
    the given settings and duration.

    [bold]Examples[/bold]

        neurosim show psp-summation
        neurosim show balanced-network --set neurons=100000
        neurosim show my.toml --json
    """
    scenario = find_scenario(name)
    request = RunRequest(name, tuple(settings or ()), duration, dt)
    if not json:
        report.print_scenario(scenario, name)
    estimate = None if no_network else estimate_run(request, scenario)
    if json:
        network = {"network": estimate and plain(estimate.as_dict())}
        report.print_json(report.scenario_details(scenario) | network)
    elif estimate:
        print_estimate(estimate)


@app.command(epilog=EXIT_STATUS)
def run(
    name: options.Name,
    settings: options.Settings = None,
    duration: options.Duration = None,
    dt: options.Step = None,
    seed: options.RunSeed = None,
    threads: options.Threads = None,
    out: options.Out = None,
    no_plot: options.NoPlot = False,
    realtime: options.Realtime = False,
    profile: options.Profile = False,
    checkpoint_every: options.CheckpointEvery = None,
    json: options.Json = False,
) -> int:
    """Run a scenario and save the result.

    The output folder contains result.h5 (spikes and traces), summary.json (the
    output of --json), the figures NAME-*.png and, for a scenario file, a copy
    of it. An earlier run in the same folder is replaced if it has the same
    settings, and else moved to a subfolder.

    [bold]Examples[/bold]

        neurosim run psp-summation
        neurosim run psp-summation --set psps=10,3,3 --json
        neurosim run balanced-network --set regime=SR --duration 500 --out sr
        neurosim run cortical-column --set scale=0.1 --realtime
        neurosim run my.toml --set populations.exc.size=200 --seed 7
    """
    times = (duration, dt, seed, threads, out, not no_plot, realtime, profile)
    request = RunRequest(name, tuple(settings or ()), *times, checkpoint_every=checkpoint_every)
    return _report(execute(request), json)


@app.command(epilog=EXIT_STATUS)
def compare(
    name: options.Name,
    settings: options.Settings = None,
    duration: options.Duration = None,
    dt: options.Step = None,
    seed: options.RunSeed = None,
    threads: options.Threads = None,
    out: options.Out = None,
    no_plot: options.NoPlot = False,
    realtime: options.Realtime = False,
    checkpoint_every: options.CheckpointEvery = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Print all measures, not only the main ones.")
    ] = False,
    json: options.Json = False,
) -> int:
    """Run a scenario and compare the spiking network with the logistic one.

    Prints the main measures and a conclusion. Saves the files of `run`, and
    comparison.json with the figures NAME-comparison-*.png. --json prints the
    object of `run` with the key `comparison` added.

    [bold]Examples[/bold]

        neurosim compare two-synapse-neuron
        neurosim compare fi-curve --seed 7 --json
    """
    times = (duration, dt, seed, threads, out, not no_plot, realtime)
    request = RunRequest(
        name, tuple(settings or ()), *times, compare=True, checkpoint_every=checkpoint_every
    )
    return _report(execute(request), json, everything)


@app.command(epilog=EXIT_STATUS)
def resume(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder of a run started with --checkpoint-every."),
    ],
    threads: options.Threads = None,
    json: options.Json = False,
) -> int:
    """Resume an interrupted or killed run from its last checkpoint.

    The result is bit-identical to that of an uninterrupted run, for any number
    of threads.

    [bold]Examples[/bold]

        neurosim run cortical-column --checkpoint-every 60 --out column
        neurosim resume column
    """
    return _report(resume_run(folder, threads), json)


@app.command(epilog=EXIT_STATUS)
def plot(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder written by `run`, `compare` or `sweep`.")
    ],
) -> None:
    """Draw the figures of a saved run again, including those of its comparison.

    For a sweep, the table and the figure use the points completed so far.

    [bold]Example[/bold]

        neurosim plot neurosim-out/psp-summation
    """
    from neurosim.cli.sweep_report import redraw_sweep
    from neurosim.experiments.sweep import is_sweep

    files = redraw_sweep(folder) if is_sweep(folder) else redraw(folder)
    report.info("wrote")
    report.print_files(files)


@app.command(epilog=EXIT_STATUS)
def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the output of all steps.")
    ] = OUT / "demo",
) -> int:
    """Run three scenarios: synaptic summation, a balanced network, and a comparison.

    Takes less than a minute, including compilation on first use.
    """
    figures: list[str] = []
    for message, request in DEMO.items():
        report.info(f"{request.name}: {message}")
        outcome = execute(replace(request, out=out / request.name))
        figures += [path for path in outcome.summary["files"] if path.endswith(".png")]
        if outcome.comparison:
            report.print_comparison(outcome.comparison)
        else:
            report.print_findings(outcome.run.scenario.title, outcome.summary)
        if outcome.interrupted:
            report.info("interrupted; the result so far is saved")
            break
    report.info("figures:")
    report.print_files(figures)
    return Status.INTERRUPTED if outcome.interrupted else Status.SUCCESS


@app.command(epilog=EXIT_STATUS)
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write, such as my.toml.")],
) -> None:
    """Write an example scenario file: a balanced network, with a comment on each line.

    The file can be run as it is. An existing file is not overwritten.

    [bold]Example[/bold]

        neurosim new my.toml && neurosim run my.toml
    """
    write_start(file)
    report.info(f"wrote {file}; try `neurosim show {file}` and `neurosim run {file}`")


def _report(outcome: Outcome, json: bool, everything: bool = False) -> int:
    """Print a saved run, and return the exit status."""
    summary, comparison = outcome.summary, outcome.comparison
    status = Status.INTERRUPTED if outcome.interrupted else Status.SUCCESS
    if not summary:  # only the root process prints
        return status
    if outcome.interrupted:
        report.info(f"interrupted at {summary['duration_ms']:g} ms; the result so far is saved")
        if outcome.request.checkpoint_every is not None:
            report.info(f"continue with `neurosim resume {outcome.folder}`")
    if json:
        compared = {"comparison": plain(comparison.as_dict())} if comparison else {}
        report.print_json(summary | compared)
    if comparison:
        report.print_comparison(comparison, everything=everything)
    elif not json:
        report.print_findings(outcome.run.scenario.title, summary)
    if not json:
        report.print_saved(summary)
    return status
