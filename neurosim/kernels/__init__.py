"""Numba-compiled functions on plain arrays, without Python objects."""

from neurosim.kernels.address import Entry, address_table
from neurosim.kernels.compiled import without_collection
from neurosim.kernels.connect import count_rows, draw_row, fill_rows
from neurosim.kernels.delivery import (
    deliver,
    deliver_in_common,
    deliver_into_ring,
    deliver_scaled,
)
from neurosim.kernels.edge_lists import Edges, count_edges, insert_rows, place_edges
from neurosim.kernels.escape import escape
from neurosim.kernels.exchange import exchange
from neurosim.kernels.gap_junctions import Couplings, Potentials, couple, store_changes
from neurosim.kernels.heterogeneous import advance_heterogeneous
from neurosim.kernels.input_types import Inputs
from neurosim.kernels.inputs import add_noise, apply_inputs, count_noise
from neurosim.kernels.loop import advance, sample
from neurosim.kernels.models import advance_models
from neurosim.kernels.neurons import (
    advance_by_port,
    advance_delta,
    advance_exponential,
    advance_linear,
    advance_two_exponentials,
)
from neurosim.kernels.plasticity import (
    UPDATE_INTERVAL,
    drop_spikes,
    modulate,
    record_post,
    record_potentials,
    transmit_plastic,
    update_all,
    update_plastic,
)
from neurosim.kernels.poisson import poisson_spikes, poisson_tables
from neurosim.kernels.pools import Pools, advance_pools
from neurosim.kernels.random_rows import Lists, Rules, Workspace, count_sources, invert_in_degree
from neurosim.kernels.state_types import Loop, Ranks, RecordingTable, Scratch, Shared, State
from neurosim.kernels.synapse_types import Plastic, PlasticityState, Table
from neurosim.kernels.transmission import Sites, Transmission, deliver_released
from neurosim.kernels.types import Heterogeneous, Models, Neurons
