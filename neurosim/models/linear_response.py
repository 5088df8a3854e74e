"""Small postsynaptic potentials of neurons with equations, which are linearised at rest."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import SOMA, compartments_of, states_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurosim.models.neuron_model import NeuronModel
    from neurosim.models.synapses import Synapse

STEP = 1e-4
"""Step of the derivatives, relative to values of at least 1."""
PROBES = 400
"""Times at which the response is computed first; the peak is then located between them."""
LARGEST_SLOPE = 1e-6
"""Largest derivative (per ms) of the states at rest."""


@lru_cache(maxsize=256)
def psp_per_weight(neuron: NeuronModel, synapse: Synapse) -> float:
    """Return the peak of a small PSP at the soma at rest (mV) for a weight of 1.

    The equations of the neuron and of the synapse are linearised at the resting state, where no
    current flows. The response is that of the linear system.

    Parameters
    ----------
    neuron : NeuronModel
        All neurons have the same parameters.
    synapse : Synapse

    Raises
    ------
    NeurosimError
        If the neuron has no stable resting state.
    """
    from scipy.linalg import expm  # late: slow to import
    from scipy.optimize import minimize_scalar

    rates, start = _slopes(neuron, synapse.as_equations())
    rest = np.zeros(len(start))
    resting = _resting_state(neuron)
    rest[: len(resting)] = resting
    matrix = _jacobian(rates, rest)
    eigenvalues = np.linalg.eigvals(matrix)
    if eigenvalues.real.max() >= 0.0:
        raise NeurosimError(f"{type(neuron).__name__} has no stable resting state")

    def response(time: float) -> float:
        return float((expm(matrix * time) @ start)[0])

    last = 5.0 / np.abs(eigenvalues.real).min()
    times = np.geomspace(1e-3, last, PROBES)
    peak = int(np.argmax(np.abs([response(time) for time in times])))
    around = times[max(peak - 1, 0)], times[min(peak + 1, PROBES - 1)]
    found = minimize_scalar(lambda t: -abs(response(t)), bounds=around, method="bounded")
    if response(found.x) == 0.0:
        raise NeurosimError("the reversal potential is the resting potential")
    return response(found.x)


def _slopes(neuron: Any, synapse: Any) -> tuple[Callable[..., Any], NDArray[np.float64]]:
    """Return the derivatives of all states, and their change by a spike."""
    n, kind, model = len(states_of(type(neuron))), type(synapse), type(neuron)
    potentials, here = compartments_of(model), synapse.compartment or SOMA
    silent, at = dict.fromkeys(potentials, 0.0), potentials[here]
    initial, kick = synapse.initial_states(), np.zeros(n)
    if initial:
        arrive = getattr(kind, "arrive", lambda first, *rest: (first + 1.0, *rest[:-2]))
        kick = np.append(kick, np.atleast_1d(arrive(*initial, 1.0, synapse)) - initial)
    else:  # a delta synapse
        kick[at] = 1.0

    def rates(x: NDArray[np.float64]) -> NDArray[np.float64]:
        current = kind.current(x[at], *x[n:], synapse) if initial else 0.0
        currents = (silent | {here: current}).values()
        own = np.atleast_1d(model.derivatives(*x[:n], *currents, neuron))
        return np.append(own, kind.derivatives(*x[n:], synapse) if initial else ())

    return rates, kick


def _resting_state(neuron: Any) -> NDArray[np.float64]:
    """Return the states at which all derivatives vanish, near the initial ones."""
    from scipy.optimize import root  # late: slow to import

    names = list(states_of(type(neuron)))
    v = float(neuron.v_rest)
    start = [v, *(float(np.ravel(neuron.initial_of(name, np.array([v])))[0]) for name in names[1:])]

    silent = [0.0] * len(compartments_of(type(neuron)))

    def slopes(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.atleast_1d(type(neuron).derivatives(*x, *silent, neuron)).astype(float)

    found = root(slopes, start, tol=1e-12).x
    if not np.abs(slopes(found)).max() < LARGEST_SLOPE:
        raise NeurosimError(f"{type(neuron).__name__} has no stable resting state")
    return found


def _jacobian(
    rates: Callable[[NDArray[np.float64]], NDArray[np.float64]], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the derivatives of rates with respect to x, by central differences."""
    columns = []
    for j in range(len(x)):
        step = np.zeros(len(x))
        step[j] = STEP * max(1.0, abs(x[j])) * 0.1
        columns.append((rates(x + step) - rates(x - step)) / (2.0 * step[j]))
    return np.stack(columns, axis=1)
