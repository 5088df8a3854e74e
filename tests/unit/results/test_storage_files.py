from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neurosim.errors import NeurosimError
from neurosim.utils.atomic_files import atomic_path, write_json


def fail_half_way(path: Path, failure: BaseException) -> None:
    with atomic_path(path) as part:
        part.write_text("half")
        raise failure


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


def test_a_file_appears_only_once_it_is_whole(tmp_path: Path):
    target = tmp_path / "figure.png"
    with atomic_path(target) as part:
        assert part.suffix == ".png"
        part.write_text("whole")
        assert not target.exists()
    assert names(tmp_path) == ["figure.png"]
    assert target.read_text() == "whole"


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), RuntimeError("no"), OSError(28, "full")])
def test_a_failure_leaves_the_former_file_and_nothing_else(tmp_path: Path, failure: BaseException):
    target = tmp_path / "result.h5"
    target.write_text("former")
    expected = NeurosimError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected):
        fail_half_way(target, failure)
    assert names(tmp_path) == ["result.h5"]
    assert target.read_text() == "former"


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(NeurosimError, match=r"none/a\.json cannot be written \(No such file"):
        write_json({}, tmp_path / "none" / "a.json")
    with pytest.raises(NeurosimError, match=r"cannot be written \(Is a directory"):
        write_json({}, tmp_path)


def test_json_takes_the_numbers_of_numpy_and_writes_nan_as_null(tmp_path: Path):
    value = {
        "rate": np.float64(3.5),
        "count": np.int64(3),
        "fired": np.True_,
        "cv": [np.nan, np.inf, 0.1],
        "ids": np.arange(3),
        ("a", "b"): (1, None, "−70 mV"),
    }
    write_json(value, tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == {
        "rate": 3.5,
        "count": 3,
        "fired": True,
        "cv": [None, None, 0.1],
        "ids": [0, 1, 2],
        "('a', 'b')": [1, None, "−70 mV"],
    }


def test_what_json_cannot_hold_leaves_no_file(tmp_path: Path):
    with pytest.raises(TypeError):
        write_json({"network": object()}, tmp_path / "summary.json")
    assert names(tmp_path) == []
