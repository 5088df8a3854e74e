"""Weights of plastic synapses over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results.spike_trains import checked_array
from neurosim.utils.frozen import ReadOnlyRecord, set_fields
from neurosim.utils.optional import require
from neurosim.utils.table import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class WeightTrace(ReadOnlyRecord):
    """Recorded weights of a projection over time.

    Synapses are ordered by source, target and delay, as in `Connections`. A weight is that of the
    last spike that arrived; weights that change between spikes are up to date.

    Attributes
    ----------
    times : (n_times,) ndarray of float64
        Times of the samples (ms).
    values : (n_times, n_synapses) ndarray of float64
        In `unit`.
    sources, targets : (n_synapses,) ndarray of int64
        Indices of the neurons within their populations.
    delays : (n_synapses,) ndarray of float64
        ms.
    unit : str

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> pre, post = net.add("pre", 20, ns.LIF()), net.add("post", 1, ns.LIF())
    >>> drive = net.drive(pre, ns.Poisson(20.0), psp=16.0)
    >>> rule = ns.STDP(w_max=2.0, learning_rate=0.05)
    >>> plastic = net.connect(pre, post, ns.AllToAll(), weight=1.0, plasticity=rule)
    >>> recording = net.record(plastic, "weight", interval=100.0)
    >>> weights = ns.simulate(net, 1000.0).weights["pre", "post"]
    >>> weights.times[:3], weights.values.shape, weights.unit
    (array([100., 200., 300.]), (10, 20), 'mV')
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    delays: NDArray[np.float64]
    unit: str

    def __post_init__(self) -> None:
        fields = {
            "times": checked_array(self.times, "WeightTrace.times", np.float64),
            "values": checked_array(self.values, "WeightTrace.values", np.float64, 2),
            "sources": checked_array(self.sources, "WeightTrace.sources", np.int64),
            "targets": checked_array(self.targets, "WeightTrace.targets", np.int64),
            "delays": checked_array(self.delays, "WeightTrace.delays", np.float64),
        }
        shape = (len(fields["times"]), len(fields["sources"]))
        sizes = {len(fields[name]) for name in ("sources", "targets", "delays")}
        if fields["values"].shape != shape or len(sizes) > 1:
            raise NeurosimError(
                f"WeightTrace.values has shape {fields['values'].shape}: {shape[0]} times and "
                f"{shape[1]} synapses need shape {shape}"
            )
        set_fields(self, **fields)

    def __repr__(self) -> str:
        samples = f"{counted(len(self.times), 'sample')} of {counted(len(self.sources), 'weight')}"
        return f"<WeightTrace: {samples} ({self.unit})>"

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with one row per sample and one column per synapse.

        Returns
        -------
        pandas.DataFrame
            Its index is the time (ms). Its columns are pairs of source and target.

        Raises
        ------
        NeurosimError
            If pandas is not installed.
        """
        pandas = require("pandas", "to_dataframe")
        pairs = pandas.MultiIndex.from_arrays(
            [self.sources, self.targets], names=["source", "target"]
        )
        frame = pandas.DataFrame(
            self.values, pandas.Index(self.times, name="time"), pairs, copy=True
        )
        frame.attrs["unit"] = self.unit
        return frame
