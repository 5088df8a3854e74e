"""The commands as they are typed: arguments, options and their manual."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli import report
from neurosim.cli.demo import run_demo
from neurosim.cli.dry_run import estimate_run, print_estimate
from neurosim.cli.request import RunRequest
from neurosim.cli.run import OUT, Outcome, execute, redraw
from neurosim.cli.run import resume as go_on
from neurosim.cli.status import Status
from neurosim.experiments.catalogue import all_scenarios, find_scenario
from neurosim.experiments.model_files import load_models
from neurosim.utils.atomic_files import plain

EXIT_STATUS = (
    "Exit status: 0 done; 2 a mistake in what was asked for, told in one line; "
    "1 a defect of neurosim; 130 stopped by Ctrl-C, what was recorded so far being saved."
)

app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_STATUS,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        help="A scenario from `neurosim list`, or a scenario file that ends in .toml.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a setting, as often as needed; `neurosim show NAME` lists the settings with "
        "unit and default. A list of numbers is written 10,3,3.",
        show_default=False,
    ),
]
Duration = Annotated[
    float | None,
    typer.Option(metavar="MS", help="Simulated time in ms. Default: the scenario's."),
]
Step = Annotated[
    float | None,
    typer.Option(
        "--dt", metavar="MS", help="Step of the time grid in ms. Default: the scenario's."
    ),
]
Seed = Annotated[
    int, typer.Option(metavar="N", help="Seed of all randomness; the same seed, the same bits.")
]
RunSeed = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Seed of all randomness; the same seed, the same bits. Default: the scenario's, or 1.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Threads; the result does not depend on it. Default: what machine and network allow.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help=f"Folder for the files. Default: ./{OUT}/NAME."),
]
NoPlot = Annotated[bool, typer.Option("--no-plot", help="Draw no figures.")]
Realtime = Annotated[
    bool,
    typer.Option(
        "--realtime",
        help="Pace the run to the wall clock, and tell how many chunks of it came late and by how "
        "much at most.",
    ),
]
Profile = Annotated[bool, typer.Option("--profile", help="Split the time by what it was spent on.")]
CheckpointEvery = Annotated[
    float | None,
    typer.Option(
        "--checkpoint-every",
        metavar="S",
        help="Keep a checkpoint every S seconds, from which `neurosim resume DIR` goes on.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]


Models = Annotated[
    list[Path] | None,
    typer.Option(
        "--models",
        metavar="FILE.py",
        help="Load neuron models, rules and inputs from a file of Python, as often as needed; "
        "scenario files can then name them.",
        show_default=False,
    ),
]


@app.callback()
def neurosim(models: Models = None) -> None:
    """Simulate spiking neurons in millivolts, and set the logistic neuron beside them.

    Scenarios are systems ready to run, from a neuron with three synapses to a
    cortical column. Results and pictures go to a folder, words to stderr, JSON
    to stdout.

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
def list_scenarios(json: Json = False) -> None:
    """List the scenarios, grouped, with the lecture and row each comes from.

    Other installed packages add theirs by the entry-point group
    `neurosim.scenarios`.
    """
    scenarios = all_scenarios()
    if json:
        report.print_json([report.scenario_entry(scenario) for scenario in scenarios])
    else:
        report.print_scenarios(scenarios)


@app.command(epilog=EXIT_STATUS)
def show(
    name: Name,
    settings: Settings = None,
    duration: Duration = None,
    dt: Step = None,
    no_network: Annotated[
        bool,
        typer.Option(
            "--no-network",
            help="Leave the network out: some are trained first, which takes time.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Describe a scenario, its settings, and the network that a run would build.

    The network is not built: neurons, synapses and memory are told in advance,
    for the settings and times that a run would be given.

    [bold]Examples[/bold]

        neurosim show psp-summation
        neurosim show balanced-network --set neurons=100000
        neurosim show my.toml --json
    """
    scenario = find_scenario(name)
    order = RunRequest(name, tuple(settings or ()), duration, dt)
    if not json:
        report.print_scenario(scenario, name)
    estimate = None if no_network else estimate_run(order, scenario)
    if json:
        network = {"network": estimate and plain(estimate.as_dict())}
        report.print_json(report.scenario_details(scenario) | network)
    elif estimate:
        print_estimate(estimate)


@app.command(epilog=EXIT_STATUS)
def run(
    name: Name,
    settings: Settings = None,
    duration: Duration = None,
    dt: Step = None,
    seed: RunSeed = None,
    threads: Threads = None,
    out: Out = None,
    no_plot: NoPlot = False,
    realtime: Realtime = False,
    profile: Profile = False,
    checkpoint_every: CheckpointEvery = None,
    json: Json = False,
) -> int:
    """Run a scenario and save what it recorded.

    The folder then holds result.h5 (spikes and traces), summary.json (what
    --json prints), the figures NAME-*.png and, of a scenario file, a copy. An
    earlier run in that folder is replaced.

    [bold]Examples[/bold]

        neurosim run psp-summation
        neurosim run psp-summation --set psps=10,3,3 --json
        neurosim run balanced-network --set regime=SR --duration 500 --out sr
        neurosim run cortical-column --set scale=0.1 --realtime
        neurosim run my.toml --set populations.exc.size=200 --seed 7
    """
    order = RunRequest(
        name,
        tuple(settings or ()),
        duration,
        dt,
        seed,
        threads,
        out,
        not no_plot,
        realtime,
        profile,
        checkpoint_every=checkpoint_every,
    )
    return _report(execute(order), json)


@app.command(epilog=EXIT_STATUS)
def compare(
    name: Name,
    settings: Settings = None,
    duration: Duration = None,
    dt: Step = None,
    seed: RunSeed = None,
    threads: Threads = None,
    out: Out = None,
    no_plot: NoPlot = False,
    realtime: Realtime = False,
    checkpoint_every: CheckpointEvery = None,
    json: Json = False,
) -> int:
    """Run a scenario and set the spiking system beside the logistic one, with numbers.

    Saves what `run` saves, and comparison.json with the figures
    NAME-comparison-*.png. --json prints the object of `run` with `comparison`
    added.

    [bold]Examples[/bold]

        neurosim compare two-synapse-neuron
        neurosim compare fi-curve --seed 7 --json
    """
    order = RunRequest(
        name,
        tuple(settings or ()),
        duration,
        dt,
        seed,
        threads,
        out,
        not no_plot,
        realtime,
        compare=True,
        checkpoint_every=checkpoint_every,
    )
    return _report(execute(order), json)


@app.command(epilog=EXIT_STATUS)
def resume(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of a run with --checkpoint-every.")
    ],
    threads: Threads = None,
    json: Json = False,
) -> int:
    """Go on with a run that was stopped or killed, from its last checkpoint.

    The result has the bits of a run that nothing stopped, on any number of
    threads.

    [bold]Examples[/bold]

        neurosim run cortical-column --checkpoint-every 60 --out column
        neurosim resume column
    """
    return _report(go_on(folder, threads), json)


@app.command(epilog=EXIT_STATUS)
def plot(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that `run` or `sweep` wrote.")
    ],
) -> None:
    """Draw the figures of a saved run again, and those of its comparison if it has one.

    Of a sweep, table and picture are made of the points that there are.

    [bold]Example[/bold]

        neurosim plot neurosim-out/psp-summation
    """
    from neurosim.cli.sweep_report import redraw_sweep
    from neurosim.experiments.sweep import is_sweep

    files = redraw_sweep(folder) if is_sweep(folder) else redraw(folder)
    report.say("the pictures are in")
    report.print_files(files)


@app.command(epilog=EXIT_STATUS)
def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the files of all steps.")
    ] = OUT / "demo",
) -> int:
    """Show the main job in one go: neurons, their potentials, the logistic neuron beside them.

    Takes well under a minute, the first time included, when the simulator
    compiles itself.
    """
    return Status.DONE if run_demo(out) else Status.STOPPED


def _report(outcome: Outcome, json: bool) -> int:
    summary, comparison = outcome.summary, outcome.comparison
    if not summary:  # the first process speaks for all
        return Status.STOPPED if outcome.interrupted else Status.DONE
    if outcome.interrupted:
        report.say(f"cut short at {summary['duration_ms']:g} ms; what was recorded so far is saved")
        if outcome.order.checkpoint_every is not None:
            report.say(f"go on with `neurosim resume {outcome.folder}`")
    if json:
        compared = {"comparison": plain(comparison.as_dict())} if comparison else {}
        report.print_json(summary | compared)
    else:
        report.print_run(summary)
    if comparison:
        report.print_comparison(comparison)
    return Status.STOPPED if outcome.interrupted else Status.DONE
