"""Fixtures of tests in several folders."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Literal

import numpy as np
import pytest
from hypothesis import settings as hypothesis_settings
from matplotlib.figure import Figure

from neurosim.errors import NeurosimError
from neurosim.interchange import isolation, load, readers
from neurosim.models import LIF
from neurosim.network import Network
from neurosim.results import PopulationInfo, Result, RunStats, SpikeTrains, Trace
from neurosim.scenario import Scenario

collect_ignore_glob = ["data/*"]
"""The programs that made the data have other dependencies."""

# Without the notice of compilation, the messages of a command do not depend on the cache.
os.environ["NEUROSIM_PROGRESS"] = "0"

# The same examples in every run, so that a failure is due to a change, not to chance.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis_settings.load_profile("repeatable")


@dataclass(frozen=True)
class ToySettings:
    psps: tuple[float, ...] = field(
        default=(-6.0, 10.0), metadata={"help": "peaks of the potentials", "unit": "mV"}
    )
    tau_m: float = field(default=20.0, metadata={"help": "time constant", "unit": "ms"})
    trials: int = field(default=3, metadata={"help": "number of trials"})
    noisy: bool = field(default=False, metadata={"help": "whether noise is on"})
    regime: Literal["AI", "SR", "SI-fast"] = field(default="AI", metadata={"help": "regime"})

    def __post_init__(self) -> None:
        if self.tau_m <= 0:
            raise NeurosimError(f"tau_m = {self.tau_m:g} ms must be above 0 ms")


class ToyComparison:
    title = "toy against logistic"
    rows = (("agreement", "0.9", "of 10 windows"),)
    all_rows = (*rows, ("bits per spike", "0.4", ""))
    conclusion = "They agree in 9 of 10 windows."

    def as_dict(self) -> dict[str, object]:
        return {"agreement": np.float64(0.9)}

    def figures(self) -> dict[str, Figure]:
        return {"plane": Figure()}


def toy_result(duration: float = 100.0, interrupted: bool = False) -> Result:
    """One neuron that fired at 20, 60 and 80 ms and then sat at rest."""
    neuron = PopulationInfo("exc", 1, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, 1)
    fired = np.array([20.0, 60.0, 80.0])
    fired = fired[fired <= duration]
    zero = np.zeros(1, np.int64)
    trace = Trace(np.arange(3.0), np.full((3, 1), -70.0), zero, "mV")
    return Result(
        dt=0.1,
        duration=duration,
        seed=1,
        populations={"exc": neuron},
        spikes={"exc": SpikeTrains(fired, np.zeros(len(fired), np.int64), zero)},
        traces={("exc", "v"): trace},
        stats=RunStats(1, 2, 1, 0.1, 0.2, 2.0, interrupted),
    )


def _toy_network() -> Network:
    network = Network()
    network.add("exc", 1, LIF())
    return network


def toy_scenario(name: str, **changes: object) -> Scenario[ToySettings]:
    parts = {
        "title": f"the scenario {name}",
        "group": "Networks",
        "row": "S7",
        "source": "L0",
        "description": "A paragraph.",
        "settings": ToySettings,
        "duration": 100.0,
        "network": lambda settings, options: _toy_network(),
        "findings": lambda result, settings: {"peak_mv": np.float64(-63.0), "fired": np.True_},
        "figures": lambda result, settings: {"trace": Figure()},
        "compare": lambda result, settings: ToyComparison(),
    }
    return Scenario(name=name, **(parts | changes))


class Registry:
    """Stands in for what is installed; `simulate` gives `result` and keeps what it was asked."""

    def __init__(self) -> None:
        self.scenarios = {
            scenario.name: scenario
            for scenario in (toy_scenario("toy"), toy_scenario("plain-toy", compare=None))
        }
        self.result: Result | BaseException = toy_result()
        self.asked: dict[str, object] = {}

    def add(self, name: str, **changes: object) -> None:
        self.scenarios[name] = toy_scenario(name, **changes)

    def entry_points(self, group: str) -> list[Installed]:
        assert group == "neurosim.scenarios"
        return [Installed(name, scenario) for name, scenario in self.scenarios.items()]

    def simulate(self, network: object, duration: float, **options: object) -> Result:
        self.asked = {"duration": duration, **options}
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


class Installed:
    """An entry point that is already loaded."""

    def __init__(self, name: str, scenario: object) -> None:
        self.name, self.value, self.scenario = name, f"toys:{name}", scenario

    def load(self) -> object:
        if isinstance(self.scenario, Exception):
            raise self.scenario
        return self.scenario


@pytest.fixture
def rng() -> np.random.Generator:
    """A new generator for each test: the order of tests does not change its data."""
    return np.random.default_rng(1)


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in this process: a subprocess takes half a second to start."""

    def read(path: Path, function: str, **options: object) -> object:
        stream = io.BytesIO()
        isolation.answer(stream, partial(resolve_name(function), path, **options))
        stream.seek(0)
        try:
            return isolation.receive(stream)
        except NeurosimError as error:
            raise NeurosimError(f"{path}: {error}") from None

    monkeypatch.setattr(readers, "limit_resources", lambda size: None)
    monkeypatch.setattr(load, "read_in_subprocess", read)


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The scenarios `toy` and `plain-toy` (no comparison) in place of those installed."""
    registry = Registry()
    monkeypatch.setattr("neurosim.experiments.catalogue.entry_points", registry.entry_points)
    monkeypatch.setattr("neurosim.engine.simulation.simulate", registry.simulate)
    return registry
