"""A resumed job of several simulations gives the results of an uninterrupted one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.autosave import Autosave, CheckpointSeries, remove_checkpoints
from tests.networks import bits, everything, learning


class _KilledError(Exception):
    """Stands for the death of the process."""


def _job() -> list[bytes]:
    """Run, read connections, stream, and run again with a seed that depends on the results."""
    found: list[bytes] = []
    simulation = ns.Simulation(learning(), threads=2)
    plastic = [p for p in simulation.network.projections if p.plasticity]
    for duration in (10.0, 30.0, 0.5):
        found += bits(simulation.run(duration))
        found += [simulation.connections(projection).weights.tobytes() for projection in plastic]
        found.append(np.float64(simulation.time).tobytes())

    current = simulation.network.drives[-2]
    simulation.stream(
        5.0, lambda chunk: chunk.inject(current, len(chunk.spikes["cells"])), duration=20.0
    )
    found += bits(simulation.run(10.0))
    found += [simulation.connections(projection).weights.tobytes() for projection in plastic]
    result = ns.simulate(everything(), 60.0)
    found += [*bits(result), str(result.stats.events).encode()]
    seed = len(result.spikes["exc"])
    return found + bits(ns.simulate(everything(), 30.0, seed=seed))


@pytest.fixture(scope="module")
def undisturbed() -> list[bytes]:
    return _job()


def _attempt(folder: Path, every: float, writes: int, patch: pytest.MonkeyPatch) -> list[bytes]:
    """Run the job with autosave; kill it after a number of checkpoints."""
    write, left = Autosave.write, [writes]

    def counted(self: Autosave, checkpoint: object) -> None:
        if left[0] == 0:
            raise _KilledError
        left[0] -= 1
        write(self, checkpoint)

    with patch.context() as patched:
        patched.setattr("neurosim.engine.autosave.MIN_RUN_TIME", 0.0)
        patched.setattr(Autosave, "write", counted)
        patched.setattr("neurosim.engine.simulation.CHUNK", 50)
        series = CheckpointSeries(folder, every)
        series.prepare()
        with series.active():
            return _job()


@pytest.mark.parametrize("every", [1e-9, 1e9])
def test_a_job_that_is_killed_repeatedly(
    tmp_path: Path, undisturbed: list[bytes], monkeypatch: pytest.MonkeyPatch, every: float
) -> None:
    for attempt in range(200):
        try:
            found = _attempt(tmp_path / "kept", every, 1 + attempt % 3, monkeypatch)
        except _KilledError:
            continue
        break
    assert attempt > 1
    assert found == undisturbed


def test_a_checkpoint_of_another_simulation_is_ignored(tmp_path: Path) -> None:
    series = CheckpointSeries(tmp_path, 1e9)
    autosave = series.new_autosave()
    simulation = ns.Simulation(everything())
    autosave.write(simulation._runner.get_state())
    again = CheckpointSeries(tmp_path, 1e9).new_autosave()
    assert again.exists
    assert again.read(everything(), 0.1, 1) is not None
    assert again.read(everything(), 0.1, 2) is None
    assert again.read(everything(), 0.2, 1) is None
    assert again.read(learning(), 0.1, 1) is None


def test_a_damaged_checkpoint_is_reported_with_the_fix(tmp_path: Path) -> None:
    autosave = CheckpointSeries(tmp_path, 1e9).new_autosave()
    autosave.write(ns.Simulation(everything())._runner.get_state())
    path = tmp_path / "000001.h5"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ns.NeurosimError, match=r"000001\.h5 is damaged .*: remove this file"):
        autosave.read(everything(), 0.1, 1)


def test_an_invalid_interval_is_refused(tmp_path: Path) -> None:
    for every in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ns.NeurosimError, match="checkpoint-every"):
            CheckpointSeries(tmp_path, every)


def test_removing_checkpoints_leaves_nothing(tmp_path: Path) -> None:
    series = CheckpointSeries(tmp_path / "kept", 1.0)
    remove_checkpoints(series.folder)
    series.prepare()
    series.new_autosave().write(ns.Simulation(everything())._runner.get_state())
    remove_checkpoints(series.folder)
    assert list(tmp_path.iterdir()) == []
