"""The commands `neurosim nir` and `neurosim export-nir`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurosim.cli.commands import EXIT_STATUS, Json, Name, Seed, Settings, app
from neurosim.cli.folder import RunFolder
from neurosim.cli.report import print_files, print_json, print_nir, say
from neurosim.cli.run import OUT
from neurosim.errors import NeurosimError
from neurosim.experiments.catalogue import find_scenario
from neurosim.experiments.scenario import RunOptions
from neurosim.experiments.settings import parse_settings
from neurosim.models import SpikeTimes

if TYPE_CHECKING:
    from neurosim.interchange.nir.network import NirNetwork

__all__ = ["app", "export_nir", "nir"]

Euler = Annotated[
    bool,
    typer.Option(
        "--euler",
        help="For Euler's method, by which snnTorch, Norse and others solve NIR's equations.",
    ),
]


@app.command(epilog=EXIT_STATUS)
def nir(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A NIR graph.")],
    spikes: Annotated[
        Path | None,
        typer.Option(
            metavar="SPIKES",
            help="Run the graph on the spikes in this file; populations are named as its Inputs.",
            show_default=False,
        ),
    ] = None,
    dt: Annotated[
        float | None,
        typer.Option(
            "--dt",
            metavar="MS",
            help="Step of the time grid in ms, and length of a spike. Default: as the file says, "
            "if it does, else 0.1.",
        ),
    ] = None,
    euler: Euler = False,
    mv_per_unit: Annotated[
        float | None,
        typer.Option(
            metavar="MV",
            help="mV per unit of the graph's potentials. Default: as the file says, else 1.",
            show_default=False,
        ),
    ] = None,
    reset: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="value: a spike sets the potential to v_reset. subtract: it lowers it by the "
            "threshold, as in Sinabs. subtract_delayed: in the next step, as in snnTorch. Default: "
            "as the file says, else value.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help=f"Folder for the result of --spikes. Default: ./{OUT}/ and the name of FILE.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show the network that a NIR graph becomes, or run it.

    Lists for each node its shape, its populations and the steps by which they
    are late: in NIR a spike takes no time, here at least one step. With
    --spikes the result is saved as result.h5.

    [bold]Examples[/bold]

        neurosim nir trained.nir --euler
        neurosim nir trained.nir --euler --spikes digits.csv --out there --json
    """
    from neurosim.interchange import from_nir

    integration = "euler" if euler else None
    twin = from_nir(file, dt=dt, integration=integration, mv_per_unit=mv_per_unit, reset=reset)
    content = _describe(twin) | {"file": str(file)}
    if spikes:
        content |= _run(twin, spikes, RunFolder(out or OUT / file.stem))
    print_json(content) if json else print_nir(content)


def _describe(twin: NirNetwork) -> dict[str, Any]:
    rules = [projection.rule for projection in twin.network.projections]
    nodes = [
        {
            "name": name,
            "kind": "Input" if name in twin.inputs else type(twin.graph.neurons[name]).__name__,
            "shape": list(twin.graph.shapes[name]),
            "populations": [population.name for population, _ in members],
            "late_steps": twin.late[name],
        }
        for name, members in twin.members.items()
    ]
    return {
        "dt_ms": twin.dt,
        "integration": twin.units.integration,
        "neurons": twin.network.size,
        "synapses": sum(len(getattr(rule, "sources", ())) for rule in rules),
        "nodes": nodes,
        "outputs": {name: list(shape) for name, shape in twin.graph.outputs.items()},
    }


def _run(twin: NirNetwork, spikes: Path, folder: RunFolder) -> dict[str, Any]:
    """Run a graph on the spikes of a file, and save what comes of it."""
    from neurosim.engine.simulation import simulate
    from neurosim.interchange import load_spikes

    given = load_spikes(spikes, dt=twin.dt)
    for name, trains in given.spikes.items():
        size = twin.network[name].size if name in twin.inputs else 0
        if size and len(trains.recorded) and trains.recorded[-1] >= size:
            raise NeurosimError(
                f"{spikes}: {name!r} has a neuron {trains.recorded[-1]}, and that Input has {size}"
            )
        given_times = dict(zip(trains.recorded.tolist(), trains.by_neuron(), strict=True))
        times = [given_times.get(neuron, []) for neuron in range(size)]  # others are silent
        twin.drive(name, SpikeTimes(times))
    duration = (round(given.duration / twin.dt) + twin.latest) * twin.dt
    with folder.locked():
        folder.prepare()
        result = simulate(twin.network, duration, dt=twin.dt)
        folder.write_result(result)
    counts = {name: len(trains) for name, trains in result.spikes.items()}
    return {"duration_ms": result.duration, "spikes": counts, "files": folder.files}


@app.command("export-nir", epilog=EXIT_STATUS)
def export_nir(
    name: Name,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file to write, FILE.nir.")],
    settings: Settings = None,
    dt: Annotated[
        float | None,
        typer.Option(
            "--dt", metavar="MS", help="Step of the time grid in ms. Default: the scenario's."
        ),
    ] = None,
    seed: Seed = 1,
    euler: Euler = False,
    retime: Annotated[
        bool,
        typer.Option(
            "--retime",
            help="Let layers run ahead by the delays before them: few simulators know Delay nodes.",
        ),
    ] = False,
    allow_loss: Annotated[
        bool,
        typer.Option(
            "--allow-loss",
            help="Leave out what NIR cannot say, refractory periods for example, and tell of it.",
        ),
    ] = False,
) -> None:
    """Write the network of a scenario as a graph of NIR, for other simulators.

    [bold]Example[/bold]

        neurosim export-nir mcculloch-pitts --out gates.nir --allow-loss
    """
    from neurosim.interchange import save_nir, to_nir

    scenario = find_scenario(name)
    options = RunOptions(scenario.duration, scenario.dt if dt is None else dt, seed)
    network = scenario.network(parse_settings(scenario.settings, tuple(settings or ())), options)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        graph = to_nir(
            network,
            dt=options.dt,
            integration="euler" if euler else "exact",
            seed=seed,
            retime=retime,
            allow_loss=allow_loss,
        )
    for warning in told:
        say(str(warning.message))
    save_nir(graph, out)
    say("NIR, written to")
    print_files([str(out)])
