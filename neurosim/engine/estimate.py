"""Estimate the size of a network and its memory without building it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder import memory
from neurosim.builder.context import BuildContext
from neurosim.builder.delays import check_delays
from neurosim.builder.grid import check_dt
from neurosim.builder.layout import lay_out
from neurosim.builder.plastic import BYTES as PLASTIC_BYTES
from neurosim.builder.projections import Projections, expected_synapses
from neurosim.builder.transmission import sources_of
from neurosim.engine.mpi import Communicator
from neurosim.engine.threads import choose_threads
from neurosim.errors import NeurosimError
from neurosim.models.column import Column, is_per_edge
from neurosim.models.declare import OPTION
from neurosim.models.quantity import is_distribution
from neurosim.utils.resources import available_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models import Neuron, Synapse
    from neurosim.network import Drive, Network, Population, Projection
    from neurosim.network.parts import Recording, WeightRecording


@dataclass(frozen=True)
class ResourceEstimate:
    """Size of a network and its memory.

    Attributes
    ----------
    neurons : int
    synapses : float
        Expected number.
    network_bytes : int or None
        Memory of neurons and synapses on all cores; None if the network is too large.
    recording_bytes : float
        Memory of the recorded traces.
    machine_bytes : int or None
        Memory that this process may use; None if unknown.
    populations, projections, drives, recordings : list of dict
        Rows of tables, in types of JSON; weights, delays and parts as text.
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
        """Return all attributes, in types of JSON."""
        return dataclasses.asdict(self)


def estimate_resources(network: Network, duration: float, dt: float) -> ResourceEstimate:
    """Estimate the size of a network and its memory.

    Parameters
    ----------
    network : Network
    duration, dt : float
        Duration and time step of a run (ms).

    Raises
    ------
    NeurosimError
        If the time step is out of range, or a delay is shorter.
    """
    check_dt(dt)
    for projection in network.projections:
        check_delays(projection, dt)
    expected = {id(p): expected_synapses(p) for p in network.projections}
    recordings = [_recording(r, duration, dt) for r in network.recordings]
    recordings += [_weights(r, duration, dt) for r in network.weight_recordings]
    return ResourceEstimate(
        neurons=network.size,
        synapses=float(sum(expected.values())),
        network_bytes=_network_bytes(network, dt),
        recording_bytes=sum(recording["bytes"] for recording in recordings),
        machine_bytes=available_memory(),
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
        recordings=recordings,
    )


def format_part(value: Any) -> str:
    """Return a part as Python code, without default values and with shortened arrays."""
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
        if not (field.init and (field.repr or OPTION in field.metadata)):
            continue
        item, required = getattr(value, field.name), field.default is dataclasses.MISSING
        if required or isinstance(item, np.ndarray) or item != field.default:
            shown.append(("" if required else f"{field.name}=") + format_part(item))
    return f"{type(value).__name__}({', '.join(shown)})"


def _network_bytes(network: Network, dt: float) -> int | None:
    """Return the memory of neurons and synapses, including plastic ones."""
    threads = choose_threads(network, None, Communicator())
    try:
        memory.check_size(network)
        memory.check_delay_tables(network, dt, threads)
    except NeurosimError:
        return None
    context = BuildContext(network, lay_out(network, threads), dt, 0, range(threads))
    plastic = [expected_synapses(p) for p in network.projections if p.plasticity is not None]
    chosen = [None, *(sources.numbers for sources in sources_of(network))]
    static = [
        memory.expected_bytes(Projections(context, some, share_weights=some is None))
        for some in chosen
    ]
    return sum(static) + int(PLASTIC_BYTES * sum(plastic))


def _projection(projection: Projection, expected: float) -> dict[str, Any]:
    return {
        "source": _end(projection.source, projection.source_ids),
        "target": _end(projection.target, projection.target_ids),
        "rule": format_part(projection.rule),
        **_transmission(projection),
        "plasticity": ", ".join(map(format_part, projection.options)) or None,
        "synapses": float(expected),
    }


def _end(population: Population, ids: NDArray[np.int64] | None) -> str:
    """Return the name of a population.

    The number of connected neurons is included if not all are.
    """
    return population.name if ids is None else f"{population.name} ({len(ids)} neurons)"


def _quantity(value: Any, unit: str) -> str:
    if isinstance(value, Column):  # its unit is that of the file
        return f"column {value.name!r}"
    return f"{format_part(value)} {unit}"


def _drive(drive: Drive) -> dict[str, Any]:
    return {
        "target": drive.target.name,
        "neurons": drive.target.size if drive.ids is None else len(drive.ids),
        "input": format_part(drive.input),
        **_transmission(drive),
    }


def _transmission(part: Projection | Drive) -> dict[str, str | None]:
    """Return synapse, weight, PSP and delay as text; None for a current."""
    synapse, weight, delay = part.synapse, part.weight, part.delay
    return {
        "synapse": None if synapse is None else format_part(synapse),
        "weight": None if synapse is None else _quantity(weight, synapse.unit),
        "psp": None if synapse is None else _psp(weight, synapse, part.target.neuron),
        "delay": None if delay is None else _quantity(delay, "ms"),
    }


def _psp(weight: Any, synapse: Synapse, neuron: Neuron) -> str | None:
    """Return the peak of the postsynaptic potential as text; None if unknown."""
    if is_per_edge(weight):
        return None
    try:
        factor = neuron.psp_per_weight(synapse)
        psp = weight.scaled(factor) if is_distribution(weight) else weight * factor
    except NeurosimError:
        return None
    return f"{format_part(psp)} mV"


def _recording(recording: Recording, duration: float, dt: float) -> dict[str, Any]:
    return {
        "population": recording.key,
        "variable": recording.name,
        "unit": recording.unit or None,
        "neurons": memory.recorded_neurons(recording),
        "interval_ms": None if recording.variable == "spikes" else recording.interval or dt,
        "bytes": memory.recording_bytes(recording, duration, dt),
    }


def _weights(recording: WeightRecording, duration: float, dt: float) -> dict[str, Any]:
    projection = recording.projection
    return {
        "population": f"{projection.source.name} → {projection.target.name}",
        "variable": "weight",
        "unit": projection.synapse.unit,
        "neurons": round(expected_synapses(projection)),
        "interval_ms": recording.interval or dt,
        "bytes": memory.recording_bytes(recording, duration, dt),
    }
