"""Find NaN and infinity in the state of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.models import state_size
from neurosim.builder.snapshot import variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from neurosim.builder.plan import Plan, ThreadPlan
    from neurosim.kernels import State


def first_not_finite(
    plan: Plan,
    states: Sequence[State],
    samples: Sequence[NDArray[np.float64]],
    step: int,
    n_steps: int,
) -> str | None:
    """Return a message about the first neuron with a non-finite state.

    The result is None if there is none.

    Parameters
    ----------
    plan : Plan
    states : sequence of State
        State of each thread of this process, after a chunk of steps.
    samples : sequence of (n_rows, n_signals) ndarray
        Samples recorded in the chunk.
    step, n_steps : int
        The next step, and the length of the chunk.
    """
    with np.errstate(all="ignore"):
        # A sum is finite only if all terms are, and is much faster than testing each term. Sums of
        # finite numbers that overflow are excluded below.
        arrays = ("v", "synaptic", "states", "injected")
        sums = [getattr(state, name).sum() for state in states for name in arrays]
    if np.isfinite(sums).all():
        return None
    threads = zip(plan.threads, states, plan.local_threads, samples, strict=True)
    for part, state, thread, sampled in threads:
        for population, neuron, quantity, value in _not_finite(plan, part, state, thread):
            when = f"between {(step - n_steps) * plan.dt:g} and {step * plan.dt:g} ms"
            exact = _first_sample(part, sampled, step - n_steps, step)
            if exact is not None:
                when = f"by {exact * plan.dt:g} ms"
            return (
                f"The {quantity} of neuron {neuron} of {population!r} became {value} {when}: its "
                "input is too strong to be computed; lower the weights and currents that reach it, "
                "or take a smaller dt"
            )
    return None


def _not_finite(
    plan: Plan, part: ThreadPlan, state: State, thread: int
) -> Iterator[tuple[str, int, str, float]]:
    """Yield population, neuron, quantity and value of a thread's non-finite numbers."""
    populations = plan.layout.threads[thread].populations
    members = [(local, local.start + np.arange(local.size)) for local in populations]
    members += [(local, np.tile(local.probed, 2)) for local in populations if len(local.probed)]
    for g, (local, ids) in enumerate(members):
        population = plan.layout.populations[local.population]
        first, n = int(part.neurons.groups[g].start), len(ids)
        found = [
            ("effect of injected currents", state.injected[first : first + n]),
            ("membrane potential", state.v[first : first + n]),
        ]
        for index in variables(part, g):
            found.append(("synaptic current", state.synaptic[index : index + n]))
        if g in part.models.first_state:
            size, start = state_size(plan.layout, local.population), part.models.first_state[g]
            values = state.states[start : start + size * n].reshape(n, size)
            found.append(("state of the model", values.sum(axis=1)))
        for quantity, values in found:
            for i in np.flatnonzero(~np.isfinite(values)):
                yield population.name, int(ids[i]), quantity, float(values[i])


def _first_sample(
    part: ThreadPlan, sampled: NDArray[np.float64], first: int, last: int
) -> int | None:
    """Return the step of the first non-finite sample, None if there is none."""
    found: list[int] = []
    for term in part.trace_terms:
        n_rows = last // term.interval - first // term.interval
        bad = np.flatnonzero(~np.isfinite(sampled[:n_rows, term.signals]).all(axis=1))
        found.extend(((first // term.interval + 1 + bad[:1]) * term.interval).tolist())
    return min(found, default=None)
