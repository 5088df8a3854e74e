"""Recorded currents of synapses with equations, computed from potentials and states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.builder.codegen.model_functions import plain_functions
from neurosim.builder.models import state_number, state_size
from neurosim.errors import NeurosimError
from neurosim.models.declare import states_of
from neurosim.network.dale import sign_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout
    from neurosim.models.synapses import Synapse
    from neurosim.network import Network, Recording

SIGNS = {"i_exc": 1, "i_inh": -1}
"""Sign of the synapses whose current a variable contains."""


class CurrentSource(NamedTuple):
    """A synapse with equations whose current is part of a recorded variable.

    Attributes
    ----------
    current : callable
        Current (pA) at arrays of potentials and of the synapse's states.
    states : range
        Indices of its states among the values per neuron stored in addition to v.
    size : int
        Number of these values.
    """

    current: Callable[..., NDArray[np.float64]]
    states: range
    size: int


def current_sources(
    recording: Recording, network: Network, layout: Layout
) -> tuple[CurrentSource, ...]:
    """Return the synapses with equations whose currents add up to a recorded variable.

    Raises
    ------
    NeurosimError
        If excitation is to be separated from inhibition, and one synapse transmits both.
    """
    if recording.drive is not None or recording.variable not in ("i_syn", *SIGNS):
        return ()
    number, found = layout.index(recording.population), []
    for synapse in layout.synapses(number):
        sign = SIGNS.get(recording.variable)
        if sign is None or _sign(network, recording, synapse) == sign:
            first = state_number(layout, number, synapse)
            states = range(first, first + len(states_of(type(synapse))))
            found.append(CurrentSource(_on_arrays(synapse), states, state_size(layout, number)))
    return tuple(found)


def _sign(network: Network, recording: Recording, synapse: Synapse) -> int:
    """Return 1 if all input through a synapse excites a population, −1 if all inhibits."""
    population: Any = recording.population
    inputs: list[Any] = [p for p in network.projections if p.target is population]
    inputs += [drive for drive in network.drives if drive.target is population]
    weights = [part.weight for part in inputs if part.synapse == synapse]
    # Conductances are positive, also those in a file, whose sign is not known here.
    signs = {1 if synapse.unit == "nS" else sign_of(weight) for weight in weights} - {0}
    if None in signs or len(signs) > 1:
        raise NeurosimError(
            f"{recording.variable!r} of {population.name!r} cannot be recorded, as one "
            f"{type(synapse).__name__} transmits excitation and inhibition: use two synapses with "
            "different names, or record 'i_syn'"
        )
    return sum(sign or 0 for sign in signs) * synapse.effect_on(population.neuron)


def _on_arrays(synapse: Synapse) -> Callable[..., NDArray[np.float64]]:
    """Return the current of a synapse as a function of arrays."""
    on_arrays = {"math": np, "max": np.maximum, "min": np.minimum}
    whole = plain_functions(type(synapse), replaced=on_arrays)["current"]
    each = np.vectorize(plain_functions(type(synapse))["current"], otypes=[float])

    def current(v: NDArray[np.float64], *states: NDArray[np.float64]) -> NDArray[np.float64]:
        try:
            return whole(v, *states, synapse)
        except (TypeError, ValueError, AttributeError):  # it branches on a state
            return each(v, *states, synapse)

    return current
