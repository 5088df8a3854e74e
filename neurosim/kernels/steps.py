"""What the time loop calls in every step, each for the neurons and synapses that need it.

All of these functions take a frame and the same five integers: the index of the step in
`State.history_start`, where its input begins in `State.buffer`, the step, and the first and
past-the-last place of what fired in it so far. They return the new past-the-last place.
"""

from neurosim.kernels.address import addressed
from neurosim.kernels.escape import update_soft
from neurosim.kernels.heterogeneous import update_heterogeneous
from neurosim.kernels.inputs import advance_inputs
from neurosim.kernels.models import update_models
from neurosim.kernels.neurons import update
from neurosim.kernels.tables import tables_at


@addressed
def apply_inputs(frame, index, row, t, first, n_fired):
    """Apply currents and given spikes. The frame holds `Inputs`, `Neurons` and `State`."""
    inputs, neurons, state = tables_at(frame)
    advance_inputs(inputs, neurons, state, row, t)
    return n_fired


@addressed
def advance_linear(frame, index, row, t, first, n_fired):
    """Advance neurons with linear equations.

    The frame holds `Neurons`, `Inputs`, `State`, `Scratch` and the thread's row of `Shared.fired`.
    """
    neurons, inputs, state, scratch, fired = tables_at(frame)
    return update(neurons, inputs, state, scratch, row, fired, n_fired, t)


@addressed
def escape(frame, index, row, t, first, n_fired):
    """Let neurons with a soft threshold fire.

    The frame holds `Neurons`, their blocks, `State` and the thread's row of `Shared.fired`.
    """
    neurons, soft, state, fired = tables_at(frame)
    return update_soft(neurons, soft, state, fired, first, n_fired, t)


@addressed
def advance_heterogeneous(frame, index, row, t, first, n_fired):
    """Advance integrate-and-fire neurons that differ within a population.

    The frame holds `Heterogeneous` and what that of `advance_linear` does.
    """
    own, neurons, inputs, state, scratch, fired = tables_at(frame)
    return update_heterogeneous(neurons, own, inputs, state, scratch, row, fired, first, n_fired, t)


@addressed
def advance_models(frame, index, row, t, first, n_fired):
    """Advance neurons whose equations are compiled apart.

    The frame holds `Models` and what that of `advance_linear` does.
    """
    models, neurons, inputs, state, scratch, fired = tables_at(frame)
    return update_models(neurons, models, inputs, state, scratch, row, fired, first, n_fired, t)
