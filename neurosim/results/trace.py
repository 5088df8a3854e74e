"""Recorded variables over time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results.spike_trains import SpikeTrains, checked_array, chosen_ids, require_recorded
from neurosim.utils.frozen import FrozenMapping, ReadOnlyRecord, set_fields
from neurosim.utils.optional import require
from neurosim.utils.table import MAX_SHOWN, Table, counted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurosim.results.spike_trains import HasIds

UNITS = FrozenMapping(
    {
        "v": "mV",
        "i_syn": "pA",
        "i_exc": "pA",
        "i_inh": "pA",
        "input_exc": "mV or pA",
        "input_inh": "mV or pA",
    }
)
"""Unit of each variable that can be recorded as a trace."""


@dataclass(frozen=True, eq=False, repr=False)
class Trace(ReadOnlyRecord):
    """A recorded variable of some neurons over time.

    Attributes
    ----------
    times : (n_times,) ndarray of float64
        Times of the samples (ms).
    values : (n_times, n_neurons) ndarray of float64
        In `unit`. "v" is the membrane potential itself, at v_reset after a spike; `with_spikes`
        adds action potentials.
    ids : (n_neurons,) ndarray of int64
        Indices of the neurons within their population, one per column. An average or a sum over
        neurons has one column, with index 0.
    unit : str
    spikes : SpikeTrains or None
        For "v": the spikes of these neurons, for `with_spikes`.
    v_peak : float
        For "v": peak of action potentials in figures (mV); NaN: they are part of the dynamics.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 10, ns.LIF())
    >>> drive = net.drive(cells, ns.ConstantCurrent(300.0))
    >>> recording = net.record(cells[[2, 5]], "v", interval=1.0)
    >>> trace = ns.simulate(net, 100.0).traces["cells", "v"]
    >>> trace.values.shape, trace.ids, trace.unit
    ((100, 2), array([2, 5]), 'mV')
    >>> float(trace.of(5).max().round(1))
    -55.0

    With the action potentials drawn in:

    >>> float(trace.with_spikes().max())
    30.0
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    ids: NDArray[np.int64]
    unit: str
    spikes: SpikeTrains | None = None
    v_peak: float = math.nan

    def __post_init__(self) -> None:
        times = checked_array(self.times, "Trace.times", np.float64)
        values = checked_array(self.values, "Trace.values", np.float64, 2, finite=False)
        ids = checked_array(self.ids, "Trace.ids", np.int64)
        shape = (len(times), len(ids))
        if values.shape != shape:
            raise NeurosimError(
                f"Trace.values has shape {values.shape}: {shape[0]} times and {shape[1]} ids "
                f"need shape {shape}"
            )
        set_fields(self, times=times, values=values, ids=ids)

    def __repr__(self) -> str:
        samples = f"{counted(len(self.times), 'sample')} of {counted(len(self.ids), 'neuron')}"
        if self.unit:
            samples += f" ({self.unit})"
        if len(self.times):
            samples += f", {self.times[0]:,.10g} to {self.times[-1]:,.10g} ms"
        return f"<Trace: {samples}>"

    def _repr_html_(self) -> str:
        shown = range(min(len(self.ids), MAX_SHOWN) if len(self.times) else 0)
        values = (self.values[:, k] for k in shown)
        measured = ((float(v.min()), float(v.mean()), float(v.max())) for v in values)
        rows = tuple((int(self.ids[k]), *row) for k, row in zip(shown, measured, strict=True))
        columns = ("neuron", "minimum", "mean", "maximum")
        return Table(repr(self)[1:-1], columns, rows).html_of_first(len(self.ids))

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame with one row per sample and one column per neuron.

        Returns
        -------
        pandas.DataFrame
            Its index is the time (ms), its columns are the indices of the neurons, and
            ``attrs["unit"]`` is the unit of the values.

        Raises
        ------
        NeurosimError
            If pandas is not installed.
        """
        pandas = require("pandas", "to_dataframe")
        index = pandas.Index(self.times, name="time")
        neurons = pandas.Index(self.ids, name="neuron")
        frame = pandas.DataFrame(self.values, index, neurons, copy=True)
        frame.attrs["unit"] = self.unit
        return frame

    def to_xarray(self) -> Any:
        """Return an xarray DataArray with the dimensions time (ms) and neuron.

        Returns
        -------
        xarray.DataArray
            Units are in ``attrs["units"]`` of the array and of its coordinate time. The values
            are not copied, and read-only.

        Raises
        ------
        NeurosimError
            If xarray is not installed.
        """
        xarray = require("xarray", "to_xarray")
        coordinates = {"time": ("time", self.times, {"units": "ms"}), "neuron": self.ids}
        return xarray.DataArray(
            self.values, coordinates, ("time", "neuron"), attrs={"units": self.unit}
        )

    def of(self, neuron: int | np.integer | slice | ArrayLike | HasIds) -> NDArray[np.float64]:
        """Return the values of one neuron or of several.

        Parameters
        ----------
        neuron : int, slice, array_like or PopulationView
            Index or indices within the population, or a mask of its neurons. A slice selects from
            the recorded neurons.

        Returns
        -------
        (n_times,) or (n_times, n_neurons) ndarray
            One column per neuron unless `neuron` is an int.

        Raises
        ------
        NeurosimError
            If a neuron was not recorded.
        """
        if np.isscalar(neuron):
            require_recorded(neuron, self.ids)
            return self.values[:, int(np.flatnonzero(self.ids == neuron)[0])]
        order = np.argsort(self.ids)
        chosen = chosen_ids(neuron, self.ids[order])
        return self.values[:, order[np.searchsorted(self.ids, chosen, sorter=order)]]

    def with_spikes(self, neuron: int | None = None) -> NDArray[np.float64]:
        """Return the values with action potentials added, for figures.

        The first sample at or after each spike is set to `v_peak`, because the potential of
        integrate-and-fire neurons goes directly from threshold to reset.

        Parameters
        ----------
        neuron : int, optional
            Index within the population. Default: all recorded neurons.

        Returns
        -------
        (n_times, n_neurons) or (n_times,) ndarray
            The unchanged values if there are no action potentials to add.

        Raises
        ------
        NeurosimError
            If the neuron was not recorded.
        """
        values = self.values if neuron is None else self.of(neuron)
        if self.spikes is None or math.isnan(self.v_peak):
            return values
        ids = self.ids if neuron is None else np.array([neuron])
        row = np.searchsorted(self.times, self.spikes.times)
        shown = np.isin(self.spikes.ids, ids) & (row < len(self.times))
        order = np.argsort(ids)
        column = order[np.searchsorted(ids, self.spikes.ids[shown], sorter=order)]
        values = values.reshape(len(self.times), len(ids)).copy()
        values[row[shown], column] = self.v_peak
        return values if neuron is None else values[:, 0]
