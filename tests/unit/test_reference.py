"""The reference documentation lists every public name."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import bridge
import neurosim

ROOT = Path(__file__).parents[2]
CONSTANTS = {"ACTIVATIONS", "NORMAL_95"}


@pytest.mark.parametrize(
    "module",
    [neurosim, neurosim.analysis, bridge, bridge.classics, bridge.inference, bridge.spiking],
)
def test_every_public_name_is_in_the_reference(module: ModuleType) -> None:
    listed = {line.strip() for line in (ROOT / "docs" / "api.rst").read_text().splitlines()}
    public = {name for name in module.__all__ if not isinstance(getattr(module, name), ModuleType)}
    assert public - listed - CONSTANTS == set()
