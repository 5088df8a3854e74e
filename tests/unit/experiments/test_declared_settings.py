from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest

import neurosim as ns
from neurosim import NeurosimError
from neurosim.experiments.settings import parse_settings, settings_of
from neurosim.scenario import BaseSettings, setting


@dataclass(frozen=True)
class Declared(BaseSettings):
    """Settings with ranges."""

    trials: int = setting(400, "", 20, 5000, "trials at each point")
    tau: float = setting(5.0, "ms", 0.1, 1000.0, "time constant")
    psps: tuple[float, ...] = setting((1.0, -2.0), "mV", -100.0, 100.0, "PSPs", length=(1, 3))
    kind: Literal["delta", "alpha"] = setting("delta", help="time course")
    plot: bool = setting(False, help="whether to draw")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trials": 10}, "trials = 10 is outside 20 to 5000"),
        ({"trials": 30.5}, "trials = 30.5 is not a whole number"),
        ({"tau": 0.0}, "tau = 0 ms is outside 0.1 to 1000 ms"),
        ({"tau": float("nan")}, "tau = nan is not finite"),
        ({"psps": ()}, "psps has 0 values: give 1 to 3, in mV"),
        ({"psps": (1.0, 200.0)}, r"psps\[1\] = 200 mV is outside -100 to 100 mV"),
        ({"psps": 3.0}, "psps = 3.0 is not a list of numbers in mV"),
        ({"kind": "aplha"}, "kind = 'aplha' is unknown: did you mean 'alpha'"),
        ({"plot": "yes"}, "plot = 'yes' is neither True nor False"),
    ],
)
def test_declared_ranges_are_checked(values, message):
    with pytest.raises(NeurosimError, match=message):
        Declared(**values)


def test_declared_settings_are_described():
    described = settings_of(Declared)
    assert described["trials"].range == "20 to 5,000"
    assert described["psps"].range == "−100 to 100"
    assert described["kind"].range == ""
    assert Declared(trials=np.int64(50), tau=3).tau == 3.0


@dataclass(frozen=True)
class Parameters(BaseSettings):
    """Settings declared like the parameters of a model."""

    current: float = ns.parameter(300.0, "pA", 0.0, 1e4, "injected current")
    size: int = ns.parameter(3, "", 1, help="number of cells")
    name: Any = ns.parameter("a", help="a letter", check=lambda value, name, *_: value.upper())


def test_parameters_of_models_can_be_settings():
    described = settings_of(Parameters)
    assert (described["current"].unit, described["current"].range) == ("pA", "0 to 10,000")
    assert described["size"].range == "1 or more"
    assert parse_settings(Parameters, ["current=5", "size=7"]) == Parameters(5.0, 7, "a")
    assert Parameters(name="b").name == "B"
    with pytest.raises(NeurosimError, match="current = -1 pA is outside 0 to 10000 pA"):
        Parameters(current=-1.0)
