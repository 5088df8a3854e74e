"""The commands `neurosim nir` and `neurosim export-nir`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurosim.cli.folder import RunFolder
from neurosim.cli.options import EXIT_STATUS, OUT, Json, Name, Out, Seed, Settings, Step, app
from neurosim.cli.report import info, print_files, print_json, print_nir
from neurosim.errors import NeurosimError
from neurosim.experiments.catalogue import find_scenario
from neurosim.experiments.settings import parse_settings
from neurosim.models import SpikeTimes
from neurosim.utils.lock import lock_folder

if TYPE_CHECKING:
    from neurosim.interchange.nir.network import NirNetwork

Euler = Annotated[
    bool,
    typer.Option(
        "--euler",
        help="Use Euler's method, as snnTorch, Norse and other simulators of NIR graphs do.",
    ),
]


@app.command(epilog=EXIT_STATUS)
def nir(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A NIR graph.")],
    spikes: Annotated[
        Path | None,
        typer.Option(
            metavar="SPIKES",
            help="Run the graph with the spikes in this file as input; its populations have the "
            "names of the graph's Input nodes.",
        ),
    ] = None,
    dt: Annotated[
        float | None,
        typer.Option(
            "--dt",
            metavar="MS",
            help="Time step in ms, and the duration of a spike. Default: from the file, else 0.1.",
        ),
    ] = None,
    euler: Euler = False,
    mv_per_unit: Annotated[
        float | None,
        typer.Option(
            metavar="MV",
            help="mV per unit of potential in the graph. Default: from the file, else 1.",
        ),
    ] = None,
    reset: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="value: a spike sets the potential to v_reset. subtract: a spike subtracts the "
            "threshold, as in Sinabs. subtract_delayed: the same one step later, as in snnTorch. "
            "Default: from the file, else value.",
        ),
    ] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Describe the network built from a NIR graph, or run it.

    Lists the shape, the populations and the delay in time steps of each node.
    In NIR a spike is transmitted without delay; here it takes at least one
    step. With --spikes, the result is saved as result.h5 in the output folder.

    [bold]Examples[/bold]

        neurosim nir trained.nir --euler
        neurosim nir trained.nir --euler --spikes digits.csv --out there --json
    """
    from neurosim.interchange import from_nir

    integration = "euler" if euler else None
    built = from_nir(file, dt=dt, integration=integration, mv_per_unit=mv_per_unit, reset=reset)
    content = _describe(built) | {"file": str(file)}
    if spikes:
        content |= _run(built, spikes, RunFolder(out or OUT / file.stem))
    print_json(content) if json else print_nir(content)


def _describe(built: NirNetwork) -> dict[str, Any]:
    rules = [projection.rule for projection in built.network.projections]
    nodes = [
        {
            "name": name,
            "kind": "Input" if name in built.inputs else type(built.graph.neurons[name]).__name__,
            "shape": list(built.graph.shapes[name]),
            "populations": [population.name for population, _ in members],
            "late_steps": built.late[name],
        }
        for name, members in built.members.items()
    ]
    return {
        "dt_ms": built.dt,
        "integration": built.units.integration,
        "neurons": built.network.size,
        "synapses": sum(len(getattr(rule, "sources", ())) for rule in rules),
        "nodes": nodes,
        "outputs": {name: list(shape) for name, shape in built.graph.outputs.items()},
    }


def _run(built: NirNetwork, spikes: Path, folder: RunFolder) -> dict[str, Any]:
    """Run a graph with the spikes of a file as input, and save the result."""
    from neurosim.engine.simulation import simulate
    from neurosim.interchange import load_spikes

    recording = load_spikes(spikes, dt=built.dt)
    for name, trains in recording.spikes.items():
        size = built.network[name].size if name in built.inputs else 0
        if size and len(trains.recorded) and trains.recorded[-1] >= size:
            raise NeurosimError(
                f"{spikes}: {name!r} has a neuron {trains.recorded[-1]}, but this Input has only "
                f"{size} elements"
            )
        by_neuron = dict(zip(trains.recorded.tolist(), trains.by_neuron(), strict=True))
        times = [by_neuron.get(neuron, []) for neuron in range(size)]
        built.drive(name, SpikeTimes(times))
    duration = (round(recording.duration / built.dt) + built.latest) * built.dt
    with lock_folder(folder.path):
        folder.prepare()
        result = simulate(built.network, duration, dt=built.dt)
        folder.write_result(result)
    counts = {name: len(trains) for name, trains in result.spikes.items()}
    return {"duration_ms": result.duration, "spikes": counts, "files": folder.files}


@app.command("export-nir", epilog=EXIT_STATUS)
def export_nir(
    name: Name,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Output file, such as gates.nir.")],
    settings: Settings = None,
    dt: Step = None,
    seed: Seed = 1,
    euler: Euler = False,
    retime: Annotated[
        bool,
        typer.Option(
            "--retime",
            help="Remove delays by shifting the time of later layers, for simulators without Delay "
            "nodes.",
        ),
    ] = False,
    allow_loss: Annotated[
        bool,
        typer.Option(
            "--allow-loss",
            help="Leave out features that NIR does not support, such as refractory periods, with a "
            "warning.",
        ),
    ] = False,
) -> None:
    """Export the network of a scenario as a NIR graph, for other simulators.

    [bold]Example[/bold]

        neurosim export-nir mcculloch-pitts --out gates.nir --allow-loss
    """
    from neurosim.interchange import save_nir, to_nir

    scenario = find_scenario(name)
    options = scenario.options(dt=dt, seed=seed)
    network = scenario.network(parse_settings(scenario.settings, tuple(settings or ())), options)
    warnings.simplefilter("always", UserWarning)  # until `main` restores the filters
    graph = to_nir(
        network,
        dt=options.dt,
        integration="euler" if euler else "exact",
        seed=seed,
        retime=retime,
        allow_loss=allow_loss,
    )
    save_nir(graph, out)
    info("wrote a NIR graph")
    print_files([str(out)])
