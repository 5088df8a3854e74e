"""What the bridge exports is imported late, and is what its name says."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import bridge

PACKAGES = ("classics", "datasets", "inference", "spiking")


def test_no_function_has_the_name_of_a_module() -> None:
    for module in pkgutil.iter_modules(bridge.__path__):
        importlib.import_module(f"bridge.{module.name}")
    modules = [name for name in bridge.__all__ if isinstance(getattr(bridge, name), ModuleType)]
    assert sorted(modules) == sorted(PACKAGES)


def test_what_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = bridge.nothing
