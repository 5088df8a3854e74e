from __future__ import annotations

import sys
from types import ModuleType

import pytest

from neurosim import NeurosimError
from scenarios import _kit as kit


def test_a_lesson_takes_its_parts_from_its_module(monkeypatch):
    module = ModuleType("scenarios.networks.two_cells", "Two cells.\n\nThey are coupled.")
    parts = ("Settings", "network", "findings", "figures", "warmup")
    vars(module).update({part: part for part in parts})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    made = kit.lesson(module.__name__, row="S99", lectures=("L3",), duration=50.0)
    assert (made.name, made.title, made.description) == (
        "two-cells", "Two cells", "They are coupled."
    )  # fmt: skip
    assert (made.group, made.row, made.source) == ("Networks", "S99", "Núñez Fernández")
    assert (made.duration, made.dt) == (50.0, 0.1)
    assert (made.network, made.warmup, made.compare) == ("network", "warmup", None)


def test_a_lesson_without_a_part_is_refused(monkeypatch):
    module = ModuleType("scenarios.networks.empty", "Empty.")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(NeurosimError, match="does not define Settings, network, findings, figures"):
        kit.lesson(module.__name__, duration=50.0)


def test_an_undefined_finding_is_printed():
    found = {"cv": None, "rate_hz": -1.5}
    assert kit.sentences(found, "CV {cv:.2f}, {rate_hz:g} Hz") == ["CV undefined, −1.5 Hz"]
    lists = {"bits": [1.0, None], "by": {"exc": None}}
    assert kit.sentences(lists, "{bits[1]:.1f} and {by[exc]:.0%}") == ["undefined and undefined"]
