"""Calls of several processes are compared by everything that a simulation depends on."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.calls import Call, comparable, difference
from neurosim.network.data import describe
from tests.networks import everything, learning


def _call(given: Any) -> Call:
    return Call("made a Simulation", comparable({"network": given}))


@pytest.mark.parametrize("network", [everything, learning])
def test_equal_networks_have_one_digest(network: Any) -> None:
    assert _call(describe(network())).digest() == _call(describe(network())).digest()


def _changed(value: Any) -> Any:
    """Return a value of the same kind that is not equal."""
    if isinstance(value, dict):
        return value | {"w": 1.0}
    if isinstance(value, np.ndarray):
        return np.concatenate([value.ravel()[:-1], value.ravel()[-1:] + 1]).reshape(value.shape)
    if dataclasses.is_dataclass(value):
        return type("Other", (), {})()
    if isinstance(value, bool) or value is None:
        return "another"
    return f"{value}x" if isinstance(value, str) else value + 1


@pytest.mark.parametrize("network", [everything, learning])
def test_every_field_of_every_part_counts(network: Any) -> None:
    known = describe(network())
    call = _call(known)
    for kind, parts in known.items():
        for number, part in enumerate(parts):
            for name, value in part.items():
                others = [dict(p) for p in parts]
                others[number][name] = _changed(value)
                other = _call(known | {kind: others})
                assert call.digest() != other.digest()
                path = f"process 1 was given network.{kind}[{number}].{name}"
                assert (difference([call, other]) or "").startswith(path)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (np.float32(0.5), 0.5), (np.int64(3), 3), ((1, 2), [1, 2]), (np.array(2.0), 2)],
)
def test_equal_numbers_of_other_types_are_equal(one: Any, other: Any) -> None:
    assert comparable({"x": one}) == comparable({"x": other})
    assert (
        Call("ran", comparable({"x": one})).digest()
        == Call("ran", comparable({"x": other})).digest()
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0.1, 0.1 + 1e-16), (float("nan"), 0.0), (None, 0), ("1", 1), ([1, 2], [2, 1])],
)
def test_other_values_differ(one: Any, other: Any) -> None:
    calls = [Call("ran", comparable({"x": value})) for value in (one, other)]
    assert calls[0].digest() != calls[1].digest()
    assert difference(calls) is not None


def test_one_value_of_a_large_array_differs() -> None:
    values = np.linspace(0.0, 1.0, 1000).reshape(10, 100)
    other = values.copy()
    other[9, 99] = np.nextafter(1.0, 2.0)
    found = difference([Call("ran", comparable({"weight": v})) for v in (values, other)])
    assert found is not None
    assert found.startswith("process 1 was given weight = 10 × 100 values (float64, digest ")
    # The memory layout does not matter.
    assert comparable(values) == comparable(np.asfortranarray(values))


def test_the_lowest_process_that_differs_is_named() -> None:
    calls = [Call("ran", {"seed": seed}) for seed in (1, 1, 3, 4)]
    assert difference(calls) == "process 2 was given seed = 3, process 0 seed = 1"
    assert difference(calls[:2]) is None


def test_copies_of_an_edge_file_are_equal_and_other_files_are_not(tmp_path: Path) -> None:
    texts = {"a": "0,1", "copy": "0,1", "other": "1,0"}
    calls = {}
    for name, edge in texts.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(f"source,target\n{edge}\n")
        net = ns.Network()
        cells = net.add("cells", 2, ns.LIF())
        net.connect(cells, cells, ns.CSVEdges(path), psp=0.5)
        calls[name] = _call(describe(net))
    assert calls["a"].digest() == calls["copy"].digest()
    assert "rule.sha256" in (difference([calls["a"], calls["other"]]) or "")
