"""What the bridge exports is imported late, and is what its name says."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import bridge
import bridge.spiking
from neurosim import LIF

PACKAGES = ("classics", "datasets", "inference", "recordings", "spiking")


def test_no_function_has_the_name_of_a_module() -> None:
    for module in pkgutil.iter_modules(bridge.__path__):
        importlib.import_module(f"bridge.{module.name}")
    modules = [name for name in bridge.__all__ if isinstance(getattr(bridge, name), ModuleType)]
    assert sorted(modules) == sorted(PACKAGES)


def test_what_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = bridge.nothing


@pytest.mark.parametrize(
    ("package", "old", "new"),
    [
        (bridge, "compare_worlds", "compare_neurons"),
        (bridge, "Descent", "OptimizeResult"),
        (bridge, "FilteredTwin", "FilteredNeuron"),
        (bridge, "threshold_gap", "threshold_distance"),
        (bridge.spiking, "spiking_twin", "to_spiking"),
        (bridge.spiking, "RateTwin", "RateCodedNetwork"),
        (bridge.spiking, "LatencyTwin", "LatencyCodedNetwork"),
        (bridge.spiking, "ChanceTwin", "ChanceCodedNetwork"),
        (bridge.spiking, "GroupTwin", "NeuronGroup"),
        (bridge.spiking, "SpikingTwin", "SpikingNetwork"),
    ],
)
def test_old_names_work_with_a_warning(package: ModuleType, old: str, new: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"{old} is now .*{new}"):
        found = getattr(package, old)
    assert found is getattr(package, new)


def test_old_attributes_work_with_a_warning() -> None:
    noise = bridge.EscapeNoise(1.0)
    unit = bridge.SpikingUnit(LIF(), [1.0], noise, 10.0)
    neuron = bridge.LogisticNeuron()
    for thing, old, new in (
        (noise, "shift", "bias"),
        (unit, "gap", "threshold_distance"),
        (unit, "lift", "current_depolarisation"),
        (unit, "logistic_gap", "logistic_threshold_distance"),
        (bridge.validity(unit, [[1.0]]), "rest", "recovery_time"),
        (neuron, "gap", "threshold_distance"),
    ):
        with pytest.warns(DeprecationWarning, match=f"{old} is now .*{new}"):
            found = getattr(thing, old)
        assert found == getattr(thing, new)
    with pytest.raises(AttributeError, match="nothing"):
        _ = unit.nothing


def test_old_keywords_work_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="threshold_distance"):
        assert bridge.LogisticNeuron(gap=20.0).threshold_distance == 20.0
    with pytest.warns(DeprecationWarning, match="threshold_distance"):
        noise = bridge.OrnsteinUhlenbeckNoise(2.0, gap=12.0)
    assert noise.threshold_distance == 12.0
    assert "threshold_distance" in bridge.LogisticNeuron().get_params()
