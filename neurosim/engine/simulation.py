"""`Simulation` of a network, and `simulate`, which creates and runs one."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from neurosim.builder.grid import MAX_STEPS, check_dt, whole_steps
from neurosim.builder.memory import check_recordings
from neurosim.engine.advance import CHUNK
from neurosim.engine.checkpoint import INVALID, KIND, Checkpoint, read_checkpoint, write_checkpoint
from neurosim.engine.mpi import current_communicator
from neurosim.engine.runner import Runner
from neurosim.engine.values import projection_index, read_parameters, set_parameters, set_weights
from neurosim.errors import NeurosimError
from neurosim.kernels import without_collection
from neurosim.network import Network, Population, PopulationView, Projection
from neurosim.network.data import KINDS, PLASTIC_KINDS
from neurosim.utils.checks import check_flag, show
from neurosim.utils.checksummed import damaged
from neurosim.utils.table import counted

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from neurosim.engine.stream import Chunk
    from neurosim.results import Result
    from neurosim.results.connections import Connections

_KINDS = (*KINDS, *PLASTIC_KINDS)
"""Kinds of parts of a network."""
PACED_CHUNK = 20.0
"""Longest chunk (ms) of a run in real time."""


class Simulation:
    """Simulation of a network, in one run or many.

    Parameters
    ----------
    network : Network
        The simulation uses a copy. It cannot continue if parts are added to the network later.
    dt : float
        Time step (ms).
    seed : int
        Determines all random numbers. The same seed gives bit-identical results with any number
        of threads, in one run or several.
    threads : int, optional
        Default: one per available core; a single one for a small network.
    progress : bool, optional
        Whether building and `run` show progress and the time left on the standard error stream.
        Default: in a terminal or notebook, if they take longer than two seconds, but not during
        streams. The environment variable ``NEUROSIM_PROGRESS=0`` switches this off, and also the
        notice that functions are compiled for their first use on this machine.
    profile : bool
        Whether `RunStats.profile` reports the computing time of each phase.
    debug : bool
        Whether to run the equations of `NeuronModel` classes as plain Python, so that `print` and
        debuggers work in them. The numbers are the same. Slow.

    Raises
    ------
    NeurosimError
        If an argument is out of range, or a time in the network does not fit the time step.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(200.0))
    >>> simulation = ns.Simulation(net)
    >>> result = simulation.run(50.0)
    >>> result = simulation.run(50.0)
    >>> result.duration
    100.0
    """

    @without_collection()
    def __init__(
        self,
        network: Network,
        *,
        dt: float = 0.1,
        seed: int = 1,
        threads: int | None = None,
        progress: bool | None = None,
        profile: bool = False,
        debug: bool = False,
    ) -> None:
        self._original = _check_network(network)
        self._sizes = {kind: len(getattr(network, kind)) for kind in _KINDS}
        self._runner = Runner(
            network.copy(),
            dt=dt,
            seed=seed,
            threads=threads,
            progress=None if progress is None else check_flag(progress, "progress"),
            profile=check_flag(profile, "profile"),
            debug=check_flag(debug, "debug"),
        )

    @classmethod
    def restore(
        cls,
        path: str | os.PathLike[str],
        *,
        threads: int | None = None,
        progress: bool | None = None,
        profile: bool = False,
    ) -> Simulation:
        """Restore a simulation from a file written by `save`.

        The restored simulation gives bit-identical results to the saved one.

        Parameters
        ----------
        path : path-like
        threads : int, optional
            May differ from before.
        progress, profile : bool
            As for a new simulation.

        Raises
        ------
        NeurosimError
            If the file is missing, not a checkpoint, damaged, or of a later format, or if the
            network needs more memory than there is.

        Examples
        --------
        >>> import os, tempfile
        >>> import neurosim as ns
        >>> net = ns.Network()
        >>> cell = net.add("cell", 1, ns.LIF())
        >>> drive = net.drive(cell, ns.ConstantCurrent(200.0))
        >>> simulation = ns.Simulation(net)
        >>> result = simulation.run(50.0)
        >>> path = os.path.join(tempfile.mkdtemp(), "state.h5")
        >>> simulation.save(path)
        >>> ns.Simulation.restore(path).run(50.0).duration
        100.0
        """
        checkpoint = read_checkpoint(path)
        current_communicator().require_same(
            "called Simulation.restore", {"checkpoint": checkpoint.engine._asdict()}
        )
        options: Any = {"threads": threads, "progress": progress, "profile": profile}
        simulation = cls(checkpoint.network, dt=checkpoint.dt, seed=checkpoint.seed, **options)
        try:
            simulation._runner.set_state(checkpoint, checkpoint.engine.steps)
        except INVALID as error:
            raise damaged(path, KIND, error) from error
        return simulation

    def __repr__(self) -> str:
        neurons = counted(self.network.size, "neuron")
        dt = self._runner.engine.plan.dt
        return f"<Simulation: {neurons}, {self.time:,.10g} ms simulated, step {dt:g} ms>"

    def __reduce__(self) -> tuple[Any, ...]:
        runner, threads = self._runner, len(self._runner.engine.plan.threads)
        options = {"threads": threads, "progress": runner.progress, "profile": runner.profile}
        with runner.exclusive():
            return _unpickle, (runner.get_state(), runner.steps, options)

    def __deepcopy__(self, memo: dict[int, Any]) -> Simulation:
        unpickle, arguments = self.__reduce__()
        return unpickle(*deepcopy(arguments, memo))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint, from which `restore` continues the simulation exactly.

        The file holds the network, its state, and all recorded data. It is written atomically and
        contains a checksum.

        Parameters
        ----------
        path : path-like
            HDF5 file; an existing file is replaced.

        Raises
        ------
        NeurosimError
            If the file cannot be written, or the simulation is running.
        """
        runner = self._runner
        runner.require_same("called Simulation.save")
        with runner.exclusive():
            checkpoint = runner.get_state()
            runner.comm.run_on_root(lambda: write_checkpoint(path, checkpoint))

    @property
    def network(self) -> Network:
        """The simulated network, with the values that `set` has changed."""
        return self._runner.network

    @property
    def time(self) -> float:
        """Simulated time so far (ms)."""
        return self._runner.time

    @property
    def table_bytes(self) -> int:
        """Memory of the synapses (bytes)."""
        return self._runner.engine.table_bytes

    @property
    def weights_in_common(self) -> bool:
        """Whether synapses share stored weights, instead of storing one each."""
        return len(self._runner.engine.plan.threads[0].table.common) > 0

    def run(self, duration: float, *, realtime: bool = False) -> Result:
        """Continue the simulation.

        Ctrl-C stops the run at the end of the current chunk of steps and raises `Interrupted`,
        whose `result` holds everything recorded until then.

        Parameters
        ----------
        duration : float
            ms, a multiple of dt.
        realtime : bool
            Whether to slow the simulation down to real time. `Result.stats` counts the chunks
            that are late.

        Returns
        -------
        Result
            Everything recorded since the start of the simulation.

        Raises
        ------
        NeurosimError
            If `duration` is not a positive multiple of dt, or recordings do not fit into memory.
        Interrupted
            After Ctrl-C.
        """
        check_flag(realtime, "realtime")
        dt, end = self._runner.engine.plan.dt, self._end_after(duration)
        self._runner.require_same(
            "called Simulation.run", duration=self._until(end), realtime=realtime
        )
        chunk = min(CHUNK, max(1, round(PACED_CHUNK / dt))) if realtime else CHUNK
        return self._runner.run(end, chunk, None, realtime)

    def stream(
        self,
        chunk_ms: float,
        on_chunk: Callable[[Chunk], object],
        *,
        duration: float | None = None,
        realtime: bool = False,
    ) -> Result:
        """Continue the simulation, and call a function after each chunk of simulated time.

        The function reads the spikes and traces of the chunk, and may set live input for the next
        one. Without live input the results are bit-identical to those of `run`, for any chunk
        length. With live input they are determined by the seed and the input. Ctrl-C stops a
        stream as it stops a run. The last chunk may be shorter. All recorded data is kept for the
        result: in an unbounded stream, record little.

        Parameters
        ----------
        chunk_ms : float
            Length of a chunk (ms), a multiple of dt.
        on_chunk : callable
            Called with a `Chunk`.
        duration : float, optional
            ms, a multiple of dt. Default: until `Chunk.finish` or Ctrl-C.
        realtime : bool
            Whether to slow the simulation down to real time. The time that `on_chunk` takes is
            not available for the next chunk. `Result.stats` counts the chunks that are late.

        Returns
        -------
        Result
            Everything recorded since the start of the simulation.

        Raises
        ------
        NeurosimError
            If a time is not a positive multiple of dt, or `on_chunk` is not callable. An exception
            in `on_chunk` ends the stream; the simulation can be continued.
        Interrupted
            After Ctrl-C; its `result` holds everything recorded until then.

        Examples
        --------
        Increase a current until the neuron fires:

        >>> import neurosim as ns
        >>> net = ns.Network()
        >>> cell = net.add("cell", 1, ns.LIF())
        >>> current = net.drive(cell, ns.LiveCurrent())
        >>> def grow(chunk):
        ...     chunk.inject(current, chunk.stop)
        ...     if len(chunk.spikes["cell"]):
        ...         chunk.finish()
        >>> result = ns.Simulation(net).stream(10.0, grow)
        >>> result.duration
        220.0
        """
        dt = self._runner.engine.plan.dt
        chunk = whole_steps(chunk_ms, dt, "chunk_ms")
        if not callable(on_chunk):
            raise NeurosimError(f"on_chunk = {show(on_chunk)} cannot be called: give a function")
        check_flag(realtime, "realtime")
        self._check_complete()
        end = MAX_STEPS if duration is None else self._end_after(duration)
        self._runner.require_same(
            "called Simulation.stream",
            chunk_ms=f"{chunk * dt:.12g} ms",
            duration=None if duration is None else self._until(end),
            realtime=realtime,
        )
        self._runner.autosave = None  # calls of `on_chunk` cannot be resumed halfway
        return self._runner.run(end, chunk, on_chunk, realtime)

    def _end_after(self, duration: float) -> int:
        """Allocate the recordings of a run of `duration` (ms); return the step after its last."""
        self._check_complete()
        runner, plan = self._runner, self._runner.engine.plan
        end = runner.steps + whole_steps(duration, plan.dt, "duration")
        if end > MAX_STEPS:
            raise NeurosimError(
                f"duration = {duration:g} ms would take the simulation past {MAX_STEPS} steps of "
                f"{plan.dt:g} ms: use a larger dt"
            )
        sampled = [*runner.engine.recorder.sampled, *runner.engine.weights.sampled]
        if any(rows.capacity < end // interval for rows, interval in sampled):
            check_recordings(runner.network, end * plan.dt, plan.dt)
            for rows, interval in sampled:
                rows.reserve(end // interval)
        return end

    def _until(self, end: int) -> str:
        """Return the time from now to a step, for comparison between processes."""
        return f"{(end - self._runner.steps) * self._runner.engine.plan.dt:.12g} ms"

    def _check_complete(self) -> None:
        """Raise an error if a part was added after the simulation was created."""
        for network in (self._original, self.network):
            for kind, size in self._sizes.items():
                for part in getattr(network, kind)[size:]:
                    raise NeurosimError(
                        f"{show(part)} was added after the simulation was made: add it before, or "
                        "make a new Simulation"
                    )

    def connections(self, projection: Projection) -> Connections:
        """Return the connections of a projection at the current time.

        Static connections are not kept in this form during a simulation: each call draws them
        again from the seed.

        Parameters
        ----------
        projection : Projection
            Returned by `Network.connect`.

        Returns
        -------
        Connections
            Sources, targets, weights and delays, ordered by source, then target. A plastic weight
            is the one at the last presynaptic spike.

        Raises
        ------
        NeurosimError
            If the projection belongs to another network.
        """
        index = projection_index(self.network, projection)
        self._runner.require_same("called Simulation.connections", projection=index)
        return self._runner.connections(index)

    def synapses(self, projection: Projection) -> Connections:
        """Former name of `connections`."""
        return self.connections(projection)

    def parameters(self, part: Population | PopulationView) -> dict[str, Any]:
        """Return the current parameters of neurons, including random ones.

        Parameters
        ----------
        part : Population or PopulationView

        Returns
        -------
        dict
            By name: a number, or an array with one value per neuron of `part`.

        Examples
        --------
        >>> import neurosim as ns
        >>> net = ns.Network()
        >>> cells = net.add("cells", 100, ns.LIF(v_threshold=ns.Normal(-55.0, 1.0)))
        >>> simulation = ns.Simulation(net)
        >>> values = simulation.parameters(cells)
        >>> values["tau_m"], values["v_threshold"].shape
        (20.0, (100,))
        """
        return read_parameters(self.network, part, self._runner.engine.plan.seed)

    def set(self, part: Population | PopulationView | Projection, **values: Any) -> None:
        """Change parameters or states of neurons, or weights, at the current time.

        All other states are unchanged, and so are weights that were given as `psp`. `network` and
        checkpoints contain the new values.

        Parameters
        ----------
        part : Population, PopulationView or Projection
        **values
            For neurons, parameters of their model, such as ``v_threshold=-50.0``, and states, such
            as ``v=-60.0``: a number, an array with one value per neuron, or, for a whole
            population, a distribution. Refractory neurons that are clamped stay at reset. For a
            projection, ``weights``: a number, or an array in the order of `connections`, in the
            unit of the synapse. Postsynaptic spikes since the last presynaptic one still change
            the new weight of a plastic synapse.

        Raises
        ------
        NeurosimError
            As when the network is described, and while the simulation is running.

        Examples
        --------
        >>> import neurosim as ns
        >>> net = ns.Network()
        >>> cell = net.add("cell", 1, ns.LIF())
        >>> drive = net.drive(cell, ns.ConstantCurrent(200.0))
        >>> simulation = ns.Simulation(net)
        >>> len(simulation.run(50.0).spikes["cell"])
        0
        >>> simulation.set(cell, v_threshold=-60.0)
        >>> result = simulation.run(50.0)
        >>> result.spikes["cell"].times[:1]
        array([50.1])
        """
        if not values:
            raise NeurosimError("Nothing is set: give a value, such as v_threshold=-50.0")
        if isinstance(part, Projection):
            set_weights(self._runner, part, values)
        else:
            set_parameters(self._runner, part, values)
        self._runner.autosave = None  # checkpoints of a resumed job would hold the new values


def _check_network(network: Network) -> Network:
    """Return `network`; raise an error if it is not a `Network`."""
    if not isinstance(network, Network):
        raise NeurosimError(
            f"network = {show(network)} is not a Network: give what ns.Network() returned"
        )
    return network


def _unpickle(checkpoint: Checkpoint, steps: int, options: dict[str, Any]) -> Simulation:
    """Return the simulation that was pickled."""
    simulation = Simulation(checkpoint.network, dt=checkpoint.dt, seed=checkpoint.seed, **options)
    simulation._runner.set_state(checkpoint, steps)
    return simulation


def simulate(
    network: Network,
    duration: float,
    *,
    dt: float = 0.1,
    seed: int = 1,
    threads: int | None = None,
    progress: bool | None = None,
    profile: bool = False,
    realtime: bool = False,
    debug: bool = False,
) -> Result:
    """Simulate a network from time 0.

    Parameters
    ----------
    network : Network
    duration : float
        ms, a multiple of dt.
    dt, seed, threads, progress, profile, debug
        As for `Simulation`.
    realtime
        As for `Simulation.run`.

    Returns
    -------
    Result

    Raises
    ------
    NeurosimError
        If an argument is out of range, a time in the network does not fit the time step, or the
        network needs more memory than there is.
    Interrupted
        After Ctrl-C; its `result` holds everything recorded until then.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(300.0))
    >>> result = ns.simulate(net, 100.0)
    >>> len(result.spikes["cell"])
    4
    """
    dt = check_dt(dt)
    whole_steps(duration, dt, "duration")
    check_recordings(_check_network(network), duration, dt)
    options: Any = {"progress": progress, "profile": profile, "debug": debug}
    simulation = Simulation(network, dt=dt, seed=seed, threads=threads, **options)
    return simulation.run(duration, realtime=realtime)
