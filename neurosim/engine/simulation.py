"""Running a network: in one go, or step by step."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from neurosim.builder.grid import MAX_STEPS, check_dt, whole_steps
from neurosim.builder.memory import check_recordings
from neurosim.builder.parameters import drawn_neuron, values_of
from neurosim.engine.advance import CHUNK, Engine
from neurosim.engine.autosave import new_autosave
from neurosim.engine.checkpoint import FOREIGN, KIND, Checkpoint, read_checkpoint, write_checkpoint
from neurosim.engine.interrupt import stop_on_interrupt
from neurosim.engine.mpi import current_communicator
from neurosim.engine.pacing import Pacer
from neurosim.engine.stream import Chunk
from neurosim.engine.threads import choose_threads
from neurosim.errors import NeurosimError
from neurosim.kernels import without_collection
from neurosim.models.declare import parameters_of
from neurosim.models.quantity import is_uniform
from neurosim.network import Network, Projection
from neurosim.network.changes import check_weights, with_parameters, with_weights
from neurosim.network.data import describe
from neurosim.results import Result, RunStats
from neurosim.results.interrupted import Interrupted
from neurosim.utils.checks import check_flag, show
from neurosim.utils.checksummed import damaged
from neurosim.utils.progress import progress_bar

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from neurosim.builder import Plan
    from neurosim.engine.autosave import Autosave
    from neurosim.network import Population, PopulationView
    from neurosim.results.connections import Connections

_KINDS = ("populations", "projections", "drives", "recordings")
"""Kinds of parts of a network."""
PACED_CHUNK = 20.0
"""Longest time between looks at the clock (ms) in a run that is paced to it."""


class Simulation:
    """A network that is being simulated.

    Parameters
    ----------
    network : Network
        A snapshot is taken. The simulation refuses to go on when something is added later.
    dt : float
        Step of the time grid (ms).
    seed : int
        All randomness follows from it. The same seed gives the same bits for any number of threads,
        in one run or in many.
    threads : int, optional
        Default: one per available core, or one where the network is small.
    progress : bool
        Whether `run` shows a progress bar on the standard error stream.
    profile : bool
        Whether `RunStats.profile` says what the time went to.
    debug : bool
        Whether to run the equations of `NeuronModel` classes as plain Python instead of compiling
        them: `print` and debuggers work in them, and the numbers are the same. Slow.

    Raises
    ------
    NeurosimError
        If the network does not fit the time grid or an argument is out of range.

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
        progress: bool = False,
        profile: bool = False,
        debug: bool = False,
    ) -> None:
        started = time.perf_counter()
        self._network = _check_network(network).copy()
        self._described = network
        self._sizes = {kind: len(getattr(network, kind)) for kind in _KINDS}
        self._timed = check_flag(profile, "profile")
        self._comm = current_communicator()
        if not self._comm.is_serial:
            given = {"dt": dt, "seed": seed, "network": describe(self._network)}
            self._comm.require_same("made a Simulation", given)
        self._number = self._comm.count_simulation()
        self._engine = Engine(
            self._network,
            dt=dt,
            seed=seed,
            threads=self._comm.bcast(choose_threads(network, threads, self._comm)),
            timed=self._timed,
            debug=check_flag(debug, "debug"),
        )
        self._progress = check_flag(progress, "progress")
        self._asked = 0
        self._wall = 0.0
        self._marks: dict[int, int] = {}
        self._answers: list[Connections] = []
        self._asked_for = 0
        self._interrupted = False
        self._pacer = Pacer()
        self._running = threading.Lock()
        self._autosave = new_autosave()
        found = self._find(self._autosave) if self._autosave else None
        if found:
            self._set_state(found)
        self._build = time.perf_counter() - started

    def _find(self, autosave: Autosave) -> Checkpoint | None:
        """Return the journal's checkpoint of this simulation, if there is one."""
        if not self._comm.bcast(autosave.exists):
            return None
        found = autosave.read(self._network, self._plan.dt, self._plan.seed)
        steps = found.engine.steps if found else None
        self._comm.require_same("read a checkpoint", {"steps": steps})
        return found

    @classmethod
    def restore(
        cls,
        path: str | os.PathLike[str],
        *,
        threads: int | None = None,
        progress: bool = False,
        profile: bool = False,
    ) -> Simulation:
        """Return a simulation as `save` found it; it goes on with the same bits.

        Parameters
        ----------
        path : path-like
        threads : int, optional
            Need not be as many as before.
        progress, profile : bool
            As for a new simulation.

        Raises
        ------
        NeurosimError
            Where the file is missing, no checkpoint, damaged, or of a later format, and for what
            the network or this machine's memory refuses.

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
        simulation = cls(
            checkpoint.network,
            dt=checkpoint.dt,
            seed=checkpoint.seed,
            threads=threads,
            progress=progress,
            profile=profile,
        )
        try:
            simulation._set_state(checkpoint)
        except FOREIGN as error:
            raise damaged(path, KIND, error) from error
        simulation._asked = checkpoint.engine.steps
        return simulation

    def __reduce__(self) -> tuple[Any, ...]:
        options = {"progress": self._progress, "profile": self._timed}
        with self._alone():
            return _revive, (self._get_state(), self._asked, len(self._plan.threads), options)

    def __deepcopy__(self, memo: dict[int, Any]) -> Simulation:
        revive, arguments = self.__reduce__()
        return revive(*deepcopy(arguments, memo))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint, from which `restore` goes on with the same bits.

        The file holds the network, all that has changed since time 0, and all that was recorded;
        it is there whole or not at all, and vouches for itself with a checksum.

        Parameters
        ----------
        path : path-like
            HDF5; a file already there is replaced, but only by a whole new one.

        Raises
        ------
        NeurosimError
            Where the file cannot be written, the simulation is running, or the network has parts
            that are not neurosim's own.
        """
        self._require_same("called Simulation.save")
        with self._alone():
            checkpoint = self._get_state()
            self._comm.run_on_root(lambda: write_checkpoint(path, checkpoint))

    def _require_same(self, name: str, **given: object) -> None:
        """Compare a call of all processes; see `Communicator.require_same`."""
        if not self._comm.is_serial:
            stands = {"simulation": self._number, "time": f"{self.time:.12g} ms"}
            self._comm.require_same(name, stands | given)

    @property
    def network(self) -> Network:
        """The network that is simulated, with the values that were set."""
        return self._network

    def _get_state(self) -> Checkpoint:
        """Return all that there is to know of the simulation between two chunks."""
        return Checkpoint(
            network=self._network,
            dt=self._plan.dt,
            seed=self._plan.seed,
            wall=self._wall,
            marks=self._marks,
            answers=self._answers,
            engine=self._engine.get_state(),
        )

    def _set_state(self, checkpoint: Checkpoint) -> None:
        """Become what a simulation of the same network was."""
        self._engine.set_state(checkpoint.engine)
        self._wall = checkpoint.wall
        self._marks = dict(checkpoint.marks)
        self._answers = list(checkpoint.answers)

    @property
    def _plan(self) -> Plan:
        return self._engine.plan

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse to do two things at a time."""
        if not self._running.acquire(blocking=False):
            raise NeurosimError("The simulation is running: wait until that run is over")
        try:
            yield
        finally:
            self._running.release()

    @property
    def time(self) -> float:
        """Simulated time so far (ms)."""
        return self._asked * self._plan.dt

    def run(self, duration: float, *, realtime: bool = False) -> Result:
        """Simulate on from where the last run stopped.

        Ctrl-C stops the run at the end of the current chunk of steps and raises `Interrupted`,
        whose `result` holds all that was recorded until then.

        Parameters
        ----------
        duration : float
            ms, a multiple of dt.
        realtime : bool
            Whether simulated time must not run ahead of the clock on the wall. What comes late is
            counted in `Result.stats`.

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
        end = self._end_after(duration)
        self._require_same("called Simulation.run", duration=self._span_to(end), realtime=realtime)
        chunk = min(CHUNK, max(1, round(PACED_CHUNK / self._plan.dt))) if realtime else CHUNK
        return self._go_on(end, chunk, None, realtime)

    def stream(
        self,
        chunk_ms: float,
        on_chunk: Callable[[Chunk], object],
        *,
        duration: float | None = None,
        realtime: bool = False,
    ) -> Result:
        """Simulate on, showing what each chunk of time brought and taking live input for the next.

        Without live input the bits are those of `run`, whatever the chunks; with it they follow
        from the seed and from what `on_chunk` does in simulated time. Ctrl-C stops a stream as it
        stops a run; the last chunk may be shorter than the others. All that is recorded is kept for
        the result: for an endless stream record little.

        Parameters
        ----------
        chunk_ms : float
            Length of a chunk (ms), a multiple of dt.
        on_chunk : callable
            Called with the `Chunk` that is over: in it are its spikes and traces, through it live
            currents are set, live spikes sent, and the stream is ended.
        duration : float, optional
            ms, a multiple of dt. Default: until `Chunk.finish` or Ctrl-C.
        realtime : bool
            Whether `on_chunk` is to be called when the end of the chunk has come on the wall clock
            too. The time that it takes is lost to the next chunk; what is late is counted in
            `Result.stats`.

        Returns
        -------
        Result
            Everything recorded since the start of the simulation.

        Raises
        ------
        NeurosimError
            If a time is not a positive multiple of dt, or `on_chunk` is no function. What
            `on_chunk` raises ends the stream; the simulation can be continued.
        Interrupted
            After Ctrl-C; its `result` holds all that was recorded until then.

        Examples
        --------
        A current that grows until the neuron fires:

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
        chunk = whole_steps(chunk_ms, self._plan.dt, "chunk_ms")
        if not callable(on_chunk):
            raise NeurosimError(f"on_chunk = {show(on_chunk)} cannot be called: give a function")
        self._require_complete()
        end = MAX_STEPS if duration is None else self._end_after(duration)
        self._require_same(
            "called Simulation.stream",
            chunk_ms=f"{chunk * self._plan.dt:.12g} ms",
            duration=None if duration is None else self._span_to(end),
            realtime=realtime,
        )
        self._autosave = None  # a journal cannot go on in the midst of calls of `on_chunk`
        return self._go_on(end, chunk, on_chunk, realtime)

    def _end_after(self, duration: float) -> int:
        """Return the step before which a run of `duration` (ms) from now ends."""
        self._require_complete()
        end = self._asked + whole_steps(duration, self._plan.dt, "duration")
        if end > MAX_STEPS:
            raise NeurosimError(
                f"duration = {duration:g} ms would take the simulation past {MAX_STEPS} steps of "
                f"{self._plan.dt:g} ms: take a larger dt"
            )
        check_recordings(self._network, end * self._plan.dt, self._plan.dt)
        self._engine.recorder.reserve(end)
        return end

    def _require_complete(self) -> None:
        """Refuse to go on where a part was added after the simulation was made."""
        for network in (self._described, self._network):
            for kind, size in self._sizes.items():
                for part in getattr(network, kind)[size:]:
                    raise NeurosimError(
                        f"{show(part)} was added after the simulation was made, which does not "
                        "have it: add it before, or make a new Simulation"
                    )

    def _span_to(self, end: int) -> str:
        """Return the time from now to a step, for messages."""
        return f"{(end - self._asked) * self._plan.dt:.12g} ms"

    def _go_on(
        self, end: int, chunk: int, on_chunk: Callable[[Chunk], object] | None, realtime: bool
    ) -> Result:
        """Simulate up to step `end` in chunks of at most `chunk` steps: the loop of all runs."""
        check_flag(realtime, "realtime")
        engine, first, dt = self._engine, self._engine.steps, self._plan.dt
        n_threads = len(self._plan.threads)
        started, waited, wall = self._pacer.clock(), self._pacer.waited, self._wall
        bar = progress_bar((end - first) * dt, show=self._progress and first < end < MAX_STEPS)
        going = True
        with self._alone():
            pool = ThreadPoolExecutor(n_threads - 1) if n_threads > 1 else nullcontext()
            try:
                with pool as workers, stop_on_interrupt() as stop, bar as done:
                    self._pacer.start()

                    def stopped() -> bool:
                        return self._comm.any(stop.is_set())

                    while going and engine.steps < end and not stopped():
                        start, until = engine.steps, min(engine.steps + chunk, end)
                        while engine.steps < until and not stopped():
                            engine.run(min(engine.chunk, until - engine.steps), workers)
                            done((engine.steps - first) * dt)
                            if self._autosave and self._comm.any(self._autosave.is_due):
                                self._wall = wall + self._pacer.clock() - started
                                self._keep(self._autosave)
                        if realtime:
                            self._pacer.keep((engine.steps - first) * dt, stop.is_set)
                        if on_chunk:
                            going = self._hand_over(on_chunk, start)
            finally:
                taken = self._pacer.clock() - started - (self._pacer.waited - waited)
                self._wall = wall + taken
                self._asked = min(end, engine.steps)
        return self._reached(end, going, taken if engine.steps > first else 0.0)

    def _reached(self, end: int, going: bool, taken: float) -> Result:
        """Return what was recorded, once a run up to step `end` is over; keep it in a journal.

        `taken` is how long it took (s): nothing where a journal had it all.
        """
        self._interrupted = going and self._asked < end
        self._marks.setdefault(self._asked, self._engine.delivered)
        if self._autosave:
            kept = self._interrupted or self._autosave.is_worthwhile(taken)
            if self._comm.bcast(kept):
                self._keep(self._autosave)
        result = self._engine.recorder.result(self._asked, self._stats())
        if self._interrupted:
            raise Interrupted(result)
        return result

    def _keep(self, autosave: Autosave) -> None:
        """Write a checkpoint into the journal."""
        checkpoint = self._get_state()
        self._comm.run_on_root(lambda: autosave.write(checkpoint))

    def _hand_over(self, on_chunk: Callable[[Chunk], object], start: int) -> bool:
        """Call `on_chunk` for what happened since step `start`; return whether to go on."""
        engine = self._engine
        chunk = Chunk(engine.recorder, engine.live, start, engine.steps, self._plan.dt)
        try:
            on_chunk(chunk)
        finally:
            going = chunk.close()
        self._require_same("returned from on_chunk", finish=not going, live_input=chunk.live_input)
        return going

    def connections(self, projection: Projection) -> Connections:
        """Return the connections of a projection as they are now.

        Static connections are not kept in this form while the network runs: each call makes them
        once more from the seed.

        Parameters
        ----------
        projection : Projection
            What `Network.connect` returned.

        Returns
        -------
        Connections
            Sources, targets, weights and delays, by source, then target. Weights of plastic
            synapses are those of each one's last presynaptic spike.

        Raises
        ------
        NeurosimError
            For a projection of another network.
        """
        number = self._number_of(projection)
        self._require_same("called Simulation.connections", projection=number)
        if self._autosave is None or self._network.projections[number].plasticity is None:
            return self._engine.connections(number)
        # In a journal the simulation may be further than what it is asked about.
        self._asked_for += 1
        if self._asked_for > len(self._answers):
            self._answers.append(self._engine.connections(number))
        return self._answers[self._asked_for - 1]

    def synapses(self, projection: Projection) -> Connections:
        """Return `connections` of a projection: the earlier name."""
        return self.connections(projection)

    def parameters(self, part: Population | PopulationView) -> dict[str, Any]:
        """Return the present parameters of neurons, those included that were drawn.

        Parameters
        ----------
        part : Population or PopulationView

        Returns
        -------
        dict
            By name: a number, or an array with one value for each neuron of `part`.

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
        population, ids = self._network.resolve(self._network.current(part), "part")
        neuron = drawn_neuron(population, self._plan.seed)
        values = {name: getattr(neuron, name) for name in parameters_of(type(neuron))}
        if ids is None:
            return values
        return {name: v if is_uniform(v) else v[ids] for name, v in values.items()}

    def set(self, part: Population | PopulationView | Projection, **values: Any) -> None:
        """Change parameters of neurons, or weights, from now on.

        The state of the run stays as it is, and so do weights that were given as `psp`. The
        network of the simulation is described anew: a checkpoint has the new values.

        Parameters
        ----------
        part : Population, PopulationView or Projection
            Of the network that is simulated.
        **values
            Of neurons, parameters of their model, such as ``v_threshold=-50.0``: each a number, an
            array with one per neuron, or for a whole population a distribution. Of a projection,
            ``weights``: a number, or an array in the order of `connections`, in the unit of the
            synapse. Postsynaptic spikes since the last presynaptic one still act on the new weight
            of a plastic synapse.

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
            number = self._number_of(part)
            self._require_same("called Simulation.set", projection=number, **values)
            with self._alone():
                self._set_weights(number, **values)
        else:
            population, ids = self._network.resolve(self._network.current(part), "part")
            self._require_same("called Simulation.set", population=population.name, **values)
            with self._alone():
                self._set_parameters(population, ids, values)
        self._autosave = None  # a journal does not know what is set

    def _set_parameters(
        self, population: Population, ids: NDArray[np.int64] | None, values: dict[str, Any]
    ) -> None:
        def drawn(name: str, value: Any) -> NDArray[np.float64]:
            return values_of(population, value, f"parameter {name}", self._plan.seed)

        network = with_parameters(self._network, population, ids, values, drawn)
        self._engine = self._engine.with_network(network, rewired=False)
        self._network = network

    def _set_weights(self, number: int, *, weights: Any = None, **others: Any) -> None:
        if others or weights is None:
            raise NeurosimError(
                f"{', '.join(others) or 'weights = None'} cannot be set of a projection: give "
                "weights=, a number or an array"
            )
        found = self._engine.connections(number)
        checked = check_weights(self._network, number, weights, len(found))
        if self._network.projections[number].plasticity is not None:
            self._engine.set_plastic_weights(number, checked)
            return
        network = with_weights(self._network, number, checked, found)
        self._engine = self._engine.with_network(network, rewired=True)
        self._network = network

    def _number_of(self, projection: Projection) -> int:
        """Return the number of a projection in the network."""
        current = self._network.current(projection)
        for k, own in enumerate(self._network.projections):
            if own is current:
                return k
        raise NeurosimError(
            f"projection = {show(projection)} is none of this simulation's network: give what "
            "Network.connect returned before the simulation was made"
        )

    @property
    def table_bytes(self) -> int:
        """Memory that the synapses take (bytes)."""
        return self._engine.table_bytes

    @property
    def weights_in_common(self) -> bool:
        """Whether synapses have their weights in common with others, instead of each its own."""
        return len(self._plan.threads[0].table.common) > 0

    def _stats(self) -> RunStats:
        return RunStats(
            neurons=int(self._plan.first_id[-1]),
            synapses=self._engine.n_synapses,
            threads=self._plan.n_threads,
            build_s=self._build,
            wall_s=self._wall,
            real_time_factor=self._wall * 1e3 / self.time if self._asked else 0.0,
            interrupted=self._interrupted,
            events=self._marks[self._asked],
            profile=self._engine.profile() if self._timed else None,
            paced_chunks=self._pacer.chunks,
            late_chunks=self._pacer.late_chunks,
            largest_lateness_ms=self._pacer.largest_lateness,
        )


def _check_network(network: Network) -> Network:
    """Refuse what is not a network."""
    if not isinstance(network, Network):
        raise NeurosimError(
            f"network = {show(network)} is not a Network: give what ns.Network() returned"
        )
    return network


def _revive(
    checkpoint: Checkpoint, asked: int, threads: int, options: dict[str, bool]
) -> Simulation:
    """Return the simulation that was pickled."""
    simulation = Simulation(
        checkpoint.network, dt=checkpoint.dt, seed=checkpoint.seed, threads=threads, **options
    )
    simulation._set_state(checkpoint)
    simulation._asked = asked
    return simulation


def simulate(
    network: Network,
    duration: float,
    *,
    dt: float = 0.1,
    seed: int = 1,
    threads: int | None = None,
    progress: bool = False,
    profile: bool = False,
    realtime: bool = False,
    debug: bool = False,
) -> Result:
    """Build a network and simulate it.

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
        If the network does not fit the time grid or the memory, or an argument is out of range.
    Interrupted
        After Ctrl-C; its `result` holds all that was recorded until then.

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
    simulation = Simulation(
        network,
        dt=dt,
        seed=seed,
        threads=threads,
        progress=progress,
        profile=profile,
        debug=debug,
    )
    return simulation.run(duration, realtime=realtime)
