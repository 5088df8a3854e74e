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
    """Return a sentence on the first neuron whose state is not finite, None where all are.

    Parameters
    ----------
    plan : Plan
    states : sequence of State
        Of the threads of this process, after a chunk of steps.
    samples : sequence of (n_rows, n_signals) ndarray
        Samples that their probes recorded in the chunk.
    step, n_steps : int
        The next step, and the length of the chunk.
    """
    with np.errstate(all="ignore"):
        # A sum is finite only if all terms are, and takes a fraction of the time of a test of each.
        # Sums of finite numbers that overflow are sorted out below.
        arrays = ("v", "synaptic", "states", "injected")
        sums = [getattr(state, name).sum() for state in states for name in arrays]
    if np.isfinite(sums).all():
        return None
    for part, state, thread, sampled in zip(
        plan.threads, states, plan.local_threads, samples, strict=True
    ):
        for population, neuron, what, value in _not_finite(plan, part, state, thread):
            when = f"between {(step - n_steps) * plan.dt:g} and {step * plan.dt:g} ms"
            exact = _first_sample(part, sampled, step - n_steps, step)
            if exact is not None:
                when = f"by {exact * plan.dt:g} ms"
            return (
                f"The {what} of neuron {neuron} of {population!r} became {value} {when}: its input "
                "is too strong to be computed; lower the weights and currents that reach it, or "
                "take a smaller dt"
            )
    return None


def _not_finite(
    plan: Plan, part: ThreadPlan, state: State, thread: int
) -> Iterator[tuple[str, int, str, float]]:
    """Yield population, neuron, kind and value of what is not finite on one thread."""
    populations = plan.layout.threads[thread].populations
    members = [local.start + np.arange(local.size) for local in populations]
    owners = list(populations)
    for local in populations:
        if len(local.probed):
            members.append(np.tile(local.probed, 2))
            owners.append(local)
    for g, (local, ids) in enumerate(zip(owners, members, strict=True)):
        name = plan.layout.populations[local.population].name
        first, n = int(part.neurons.groups[g].start), len(ids)
        assert n == part.neurons.groups[g].stop - first
        found = [("effect of injected currents", state.injected[first : first + n])]
        found.append(("membrane potential", state.v[first : first + n]))
        for place in variables(part, g):
            found.append(("synaptic current", state.synaptic[place : place + n]))
        if g in part.models.first_state:
            size = state_size(plan.layout, local.population)
            first_state = part.models.first_state[g]
            own = state.states[first_state : first_state + size * n].reshape(n, size)
            found.append(("state of the model", own.sum(axis=1)))
        for what, values in found:
            for i in np.flatnonzero(~np.isfinite(values)):
                yield name, int(ids[i]), what, float(values[i])


def _first_sample(
    part: ThreadPlan, sampled: NDArray[np.float64], first: int, last: int
) -> int | None:
    """Return the steps at the first sample that is not finite, None where all are."""
    found: list[int] = []
    for own in part.trace_terms:
        n_rows = last // own.interval - first // own.interval
        bad = np.flatnonzero(~np.isfinite(sampled[:n_rows, own.signals]).all(axis=1))
        found.extend(((first // own.interval + 1 + bad[:1]) * own.interval).tolist())
    return min(found, default=None)
