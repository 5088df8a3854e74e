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
    """Return the peak of a small PSP at rest (mV) for a weight of 1.

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

    rates, kick = _slopes(neuron, synapse)
    rest = np.concatenate([_resting_state(neuron), np.zeros(len(kick))])
    matrix = _jacobian(rates, rest)
    eigenvalues = np.linalg.eigvals(matrix)
    if eigenvalues.real.max() >= 0.0:
        raise NeurosimError(f"{type(neuron).__name__} has no stable resting state")
    start = np.concatenate([np.zeros(len(rest) - len(kick)), kick])

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
    """Return the derivatives of all states, and the change of those of the synapse by a spike."""
    n, kind, model = len(states_of(type(neuron))), type(synapse), type(neuron)
    potentials = compartments_of(model)
    compartment = SOMA if synapse.compartment is None else synapse.compartment
    here = [float(name == compartment) for name in potentials]
    if synapse.has_equations:
        initial = synapse.initial_states()
        arrive = getattr(kind, "arrive", lambda first, *rest: (first + 1.0, *rest[:-2]))
        kick = np.atleast_1d(arrive(*initial, 1.0, synapse)) - initial
        current, derivatives = kind.current, kind.derivatives
    else:
        # The rate of change of the current of an alpha function is a state too.
        alpha = type(synapse).__name__ == "AlphaCurrent"
        kick = np.array([0.0, np.e / synapse.tau]) if alpha else np.array([1.0])

        def current(v: float, i: float, *_: Any) -> float:
            return i

        def derivatives(i: float, *rise: Any) -> Any:
            slope = (rise[0] if alpha else 0.0) - i / synapse.tau
            return (slope, -rise[0] / synapse.tau) if alpha else slope

    def rates(x: NDArray[np.float64]) -> NDArray[np.float64]:
        i = current(x[potentials[compartment]], *x[n:], synapse)
        own = np.atleast_1d(model.derivatives(*x[:n], *(i * part for part in here), neuron))
        return np.concatenate([own, np.atleast_1d(derivatives(*x[n:], synapse))])

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
