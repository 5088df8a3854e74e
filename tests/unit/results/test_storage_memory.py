"""Insufficient memory is not reported as damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.utils.checksummed import read_checksummed, write_checksummed
from tests.unit.results.test_storage_results import sample

WORDS = r"cannot be read \(Unable to allocate .*\): it needs more memory than this process may use"


def too_large(*_: object) -> None:
    raise MemoryError("Unable to allocate 5 GiB")


def test_a_result_beyond_the_memory_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ns.save(sample(), tmp_path / "result.h5")
    monkeypatch.setattr("neurosim.results.storage.read._read_result", too_large)
    with pytest.raises(ns.NeurosimError, match=WORDS):
        ns.load(tmp_path / "result.h5")


def test_a_checkpoint_beyond_the_memory_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_checksummed(tmp_path / "a.h5", "checkpoint", 1, {"a": np.arange(3)})
    monkeypatch.setattr("neurosim.utils.checksummed._read", too_large)
    with pytest.raises(ns.NeurosimError, match=WORDS):
        read_checksummed(tmp_path / "a.h5", "checkpoint", 1)
