"""Damaged or malicious checkpoints are refused in one sentence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.checkpoint import pack, unpack
from neurosim.models.registry import Part, address_of
from tests.fuzz import fuzz_count, mutants
from tests.networks import everything, learning

BLOCK = 512


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("kept") / "state.h5"
    simulation = ns.Simulation(learning())
    simulation.run(20.0)
    simulation.save(path)
    return path.read_bytes()


def _checksummed(data: bytes, version: int = 1) -> bytes:
    """Return content with a valid checksum."""
    seal = f"neurosim checkpoint {version} sha256 {hashlib.sha256(data[BLOCK:]).hexdigest()}\n"
    return seal.encode().ljust(BLOCK, b"\0") + data[BLOCK:]


def _refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(ns.NeurosimError) as refused:
        ns.Simulation.restore(path)
    words = str(refused.value)
    assert str(path) in words
    assert "\n" not in words
    return words


def test_the_file_is_hdf5_that_others_can_open(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "state.h5").write_bytes(kept)
    with h5py.File(tmp_path / "state.h5") as file:
        assert file["steps"][()] == 200
        assert file["state/v"].shape == (48,)
    assert kept.startswith(b"neurosim checkpoint 1 sha256 ")


def test_other_files_are_refused(tmp_path: Path, kept: bytes) -> None:
    path = tmp_path / "state.h5"
    assert "is not a checkpoint" in _refused(path, b"")
    assert "is not a checkpoint" in _refused(path, b"\0" * 4096)
    assert "is not a checkpoint" in _refused(path, kept.replace(b"checkpoint", b"breakpoint"))
    assert "install a later neurosim" in _refused(path, _checksummed(kept, version=2))
    with pytest.raises(ns.NeurosimError, match="cannot be read"):
        ns.Simulation.restore(tmp_path / "nowhere.h5")
    with pytest.raises(ns.NeurosimError, match="cannot be read"):
        ns.Simulation.restore(tmp_path)


def test_a_changed_or_missing_byte_is_detected(tmp_path: Path, kept: bytes) -> None:
    for index in np.random.default_rng(1).integers(BLOCK, len(kept), 50).tolist():
        changed = bytearray(kept)
        changed[index] ^= 1
        assert "checksum" in _refused(tmp_path / "state.h5", bytes(changed))
    assert "checksum" in _refused(tmp_path / "state.h5", kept[:-1])


def _edited(kept: bytes, tmp_path: Path, change: Callable[[h5py.File], None]) -> bytes:
    path = tmp_path / "edited.h5"
    path.write_bytes(kept)
    with h5py.File(path, "r+") as file:
        change(file)
    return _checksummed(path.read_bytes())


def _replace(name: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = value

    return change


def _change(name: str, value: float) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[name][0] = value

    return change


def _huge(file: h5py.File) -> None:
    del file["state/v"]
    file.create_dataset("state/v", shape=(2**40,), dtype=float)


def _packed(file: h5py.File) -> None:
    del file["state/v"]
    file.create_dataset("state/v", data=np.zeros(10**7), compression="gzip")


def _elsewhere(file: h5py.File) -> None:
    del file["state/v"]
    file["state/v"] = h5py.ExternalLink("/etc/passwd", "v")


def _stored_elsewhere(file: h5py.File) -> None:
    del file["state/v"]
    file.create_dataset("state/v", (48,), float, external=[("/etc/passwd", 0, 384)])


def _circle(file: h5py.File) -> None:
    file["state/state"] = file["/"]


def _many_times(file: h5py.File) -> None:
    for k in range(5000):
        file[f"live/{k}"] = file["network/floats"]


CHANGES: dict[str, Callable[[h5py.File], None]] = {
    "no_steps": _replace("steps", -1),
    "steps_of_words": _replace("steps", np.bytes_(b"many")),
    "other_potentials": _replace("state/v", np.zeros(47)),
    "undefined_potentials": _replace("state/v", np.full(48, np.nan)),
    "states_beyond_their_range": _replace("state/states", np.full(44, 1e200)),
    "undefined_currents": _replace("state/synaptic", np.full(11, np.inf)),
    "spikes_of_none": _replace("state/fired", np.full(3, 2**30, np.int32)),
    "no_spikes_in_any_step": _replace("state/fired_in", np.zeros(1, np.int64)),
    "recorded_of_none": _replace("recorded/ids", np.full(7, 48, np.int32)),
    "other_traces": _replace("recorded/samples 0", np.zeros((3, 3))),
    "other_synapses": _replace("learned/targets", np.zeros(5, np.int64)),
    "unseen_spikes": _replace("learned/spike_neurons", np.full(9, 99, np.int64)),
    "undefined_weights": _change("learned/weights", np.nan),
    "weights_beyond_their_range": _change("learned/weights", 1e9),
    "undefined_traces": _change("learned/traces", np.nan),
    "spikes_to_come": _change("learned/spike_steps", 10**6),
    "other_live_currents": _replace("live/amplitudes", np.zeros(99)),
    "no_network": _replace("network/text", np.frombuffer(b"{}", np.uint8)),
    "a_deep_network": _replace("network/text", np.frombuffer(b"[" * 10**5, np.uint8)),
    "an_unknown_part": _replace(
        "network/text", np.frombuffer(b'{"populations":[{"type":"eval"}]}', np.uint8)
    ),
    "huge": _huge,
    "packed": _packed,
    "elsewhere": _elsewhere,
    "stored_elsewhere": _stored_elsewhere,
    "circle": _circle,
    "many_times": _many_times,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_invalid_content_is_refused(
    tmp_path: Path, kept: bytes, change: Callable[[h5py.File], None]
) -> None:
    assert "is damaged" in _refused(tmp_path / "state.h5", _edited(kept, tmp_path, change))


@pytest.mark.parametrize("n_gates", [3, 4])
def test_a_checkpoint_of_an_earlier_version_is_continued(tmp_path: Path, n_gates: int) -> None:
    def as_earlier(file: h5py.File) -> None:
        states = file["state/states"][:].reshape(-1, 4)
        assert states[:, 3].any()
        del file["state/states"]
        file["state/gates"] = states[:, :n_gates].ravel()
        file["state/v"][:9] -= ns.HodgkinHuxley().v_rest

    net = ns.Network()
    squid = net.add("squid", 9, ns.HodgkinHuxley(t_ref=2.0))
    net.add("plain", 3, ns.LIF())
    net.drive(squid, ns.ConstantCurrent(np.linspace(500.0, 3000.0, 9)))
    net.record(squid, "v")
    simulation = ns.Simulation(net)
    # During an action potential, before its peak.
    while not (simulation.run(0.1).traces["squid", "v"].values[-1] > 0.0).any():
        pass
    simulation.save(tmp_path / "state.h5")
    whole = simulation.run(20.0).spikes["squid"]
    changed = _edited((tmp_path / "state.h5").read_bytes(), tmp_path, as_earlier)
    (tmp_path / "early.h5").write_bytes(changed)
    found = ns.Simulation.restore(tmp_path / "early.h5").run(20.0).spikes["squid"]
    assert len(found) > 9
    assert np.array_equal(found.ids, whole.ids)
    assert np.array_equal(found.times, whole.times)


def test_damage_with_a_valid_checksum_does_no_harm(tmp_path: Path, kept: bytes) -> None:
    path = tmp_path / "state.h5"
    refused = 0
    for data in mutants(kept, fuzz_count(150), 1):
        if len(data) <= BLOCK:
            continue
        path.write_bytes(_checksummed(data))
        try:
            simulation = ns.Simulation.restore(path)
        except ns.NeurosimError:
            refused += 1
            continue
        simulation.run(0.5)
    assert refused > 20


def test_a_network_is_read_as_it_was_described() -> None:
    for network in (everything(), learning()):
        packed = pack(network)
        again = pack(unpack(packed))
        for name, array in packed.items():
            np.testing.assert_array_equal(again[name], array)


class Slow(ns.LIF):
    """A user-defined class."""


def test_a_user_defined_part_is_restored_if_it_is_defined(tmp_path: Path, monkeypatch) -> None:
    net = ns.Network()
    net.add("cell", 1, Slow(tau_m=50.0))
    ns.Simulation(net).save(tmp_path / "state.h5")
    restored = ns.Simulation.restore(tmp_path / "state.h5")
    assert restored.network["cell"].neuron == Slow(tau_m=50.0)
    monkeypatch.delitem(Part.registry, address_of(Slow))
    with pytest.raises(ns.NeurosimError, match="uses Slow, which is not defined here: import"):
        ns.Simulation.restore(tmp_path / "state.h5")
