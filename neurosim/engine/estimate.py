"""What a network would be and would take, told without building it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.delays import check_delays
from neurosim.builder.grid import check_dt
from neurosim.builder.layout import lay_out
from neurosim.builder.memory import (
    check_delay_tables,
    check_size,
    expected_bytes,
    recorded_neurons,
    recording_bytes,
)
from neurosim.builder.plastic import BYTES as PLASTIC_BYTES
from neurosim.builder.projections import Projections, expected_synapses
from neurosim.engine.mpi import Communicator
from neurosim.engine.threads import choose_threads
from neurosim.errors import NeurosimError
from neurosim.models.column import Column, is_per_edge
from neurosim.models.quantity import is_distribution
from neurosim.utils.resources import physical_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models import Neuron, Synapse
    from neurosim.network import Drive, Network, Population, Projection
    from neurosim.network.parts import Recording


@dataclass(frozen=True)
class ResourceEstimate:
    """What a network would be.

    Attributes
    ----------
    neurons : int
    synapses : float
        In the mean where that is random.
    network_bytes : int or None
        Memory that its neurons and synapses would take on all cores; None where they do not fit.
    recording_bytes : float
        Memory that its recorded traces would take.
    machine_bytes : int or None
        Memory that this process may use, None where it is unknown.
    populations, projections, drives, recordings : list of dict
        Rows of tables, JSON-able; strengths, delays and parts in words.
    """

    neurons: int
    synapses: float
    network_bytes: int | None
    recording_bytes: float
    machine_bytes: int | None
    populations: list[dict[str, Any]]
    projections: list[dict[str, Any]]
    drives: list[dict[str, Any]]
    recordings: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, JSON-able."""
        return dataclasses.asdict(self)


def estimate_resources(network: Network, duration: float, dt: float) -> ResourceEstimate:
    """Tell what a network would be.

    Parameters
    ----------
    network : Network
    duration, dt : float
        Of a run (ms): what is recorded depends on them.

    Raises
    ------
    NeurosimError
        For a step that no run can have, or delays shorter than it.
    """
    check_dt(dt)
    for projection in network.projections:
        check_delays(projection, dt)
    expected = {id(p): expected_synapses(p) for p in network.projections}
    return ResourceEstimate(
        neurons=network.size,
        synapses=float(sum(expected.values())),
        network_bytes=_network_bytes(network, dt),
        recording_bytes=sum(recording_bytes(r, duration, dt) for r in network.recordings),
        machine_bytes=physical_memory(),
        populations=[
            {
                "name": p.name,
                "size": p.size,
                "neuron": format_part(p.neuron),
                "v_init_mv": None if p.v_init is None else format_part(p.v_init),
                "sign": network.sign_of(p),
                "synapses_each": sum(expected[id(q)] for q in network.projections if q.target is p)
                / p.size,
            }
            for p in network.populations
        ],
        projections=[_projection(p, expected[id(p)]) for p in network.projections],
        drives=[_drive(drive) for drive in network.drives],
        recordings=[_recording(r, duration, dt) for r in network.recordings],
    )


def format_part(value: Any) -> str:
    """Return a part as it is called, less what is left at its default; arrays are cut short."""
    if isinstance(value, np.ndarray):
        if value.size <= 3:
            return ", ".join(f"{item:g}" for item in value.ravel())
        return f"{value.size:,} values from {value.min():g} to {value.max():g}"
    if isinstance(value, tuple):
        return f"{len(value):,} lists"
    if not dataclasses.is_dataclass(value):
        return f"{value:g}" if isinstance(value, float) else str(value)
    shown = []
    for field in dataclasses.fields(value):
        if not (field.init and field.repr):
            continue
        item, required = getattr(value, field.name), field.default is dataclasses.MISSING
        if required or isinstance(item, np.ndarray) or item != field.default:
            shown.append(("" if required else f"{field.name}=") + format_part(item))
    return f"{type(value).__name__}({', '.join(shown)})"


def _network_bytes(network: Network, dt: float) -> int | None:
    """Return the estimate of `neurosim.builder.memory`, plastic synapses added."""
    threads = choose_threads(network, None, Communicator())
    try:
        check_size(network)
        check_delay_tables(network, dt, threads)
    except NeurosimError:
        return None
    layout = lay_out(network, threads)
    plastic = [expected_synapses(p) for p in network.projections if p.plasticity is not None]
    projections = Projections(network, layout, dt, 0)
    return expected_bytes(layout, projections) + int(PLASTIC_BYTES * sum(plastic))


def _projection(projection: Projection, expected: float) -> dict[str, Any]:
    unit = projection.synapse.unit
    row = {
        "source": _end(projection.source, projection.source_ids),
        "target": _end(projection.target, projection.target_ids),
        "rule": format_part(projection.rule),
        "synapse": format_part(projection.synapse),
        "weight": _quantity(projection.weight, unit),
        "psp": None,
        "delay": _quantity(projection.delay, "ms"),
        "plasticity": projection.plasticity and format_part(projection.plasticity),
        "synapses": float(expected),
    }
    if not is_per_edge(projection.weight):
        row["psp"] = _psp(projection.weight, projection.synapse, projection.target.neuron)
    return row


def _end(population: Population, ids: NDArray[np.int64] | None) -> str:
    """Return the name of a population, with the number of its neurons that are connected."""
    return population.name if ids is None else f"{population.name} ({len(ids)} neurons)"


def _quantity(value: Any, unit: str) -> str:
    if isinstance(value, Column):  # in the unit of the file, which is not known
        return f"column {value.name!r}"
    return f"{format_part(value)} {unit}"


def _scaled(weight: Any, factor: float) -> Any:
    if is_distribution(weight):
        return weight.scaled(factor)
    return weight * factor


def _drive(drive: Drive) -> dict[str, Any]:
    synapse, weight = drive.synapse, drive.weight
    row = {
        "target": drive.target.name,
        "neurons": drive.target.size if drive.ids is None else len(drive.ids),
        "input": format_part(drive.input),
        "synapse": None if synapse is None else format_part(synapse),
        "weight": None if synapse is None else f"{format_part(weight)} {synapse.unit}",
        "psp": None,
        "delay": None if drive.delay is None else f"{drive.delay:g} ms",
    }
    if synapse is not None:
        row["psp"] = _psp(weight, synapse, drive.target.neuron)
    return row


def _psp(weight: Any, synapse: Synapse, neuron: Neuron) -> str | None:
    """Return the peak of the postsynaptic potential in words, None where it is not known."""
    try:
        return f"{format_part(_scaled(weight, synapse.psp_per_weight(neuron)))} mV"
    except NeurosimError:
        return None


def _recording(recording: Recording, duration: float, dt: float) -> dict[str, Any]:
    return {
        "population": recording.population.name,
        "variable": recording.name,
        "unit": recording.unit or None,
        "neurons": recorded_neurons(recording),
        "interval_ms": None if recording.variable == "spikes" else recording.interval or dt,
        "bytes": recording_bytes(recording, duration, dt),
    }
