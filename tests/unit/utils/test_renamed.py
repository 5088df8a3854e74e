"""Deprecated names still work, with a warning."""

from __future__ import annotations

import pytest

import neurosim as ns
from neurosim.engine.mpi import Communicator


def test_the_earlier_name_of_use_mpi_works() -> None:
    with pytest.warns(DeprecationWarning, match=r"neurosim\.spread_over is now neurosim\.use_mpi"):
        assert ns.spread_over is ns.use_mpi


def test_the_earlier_name_of_is_root_works() -> None:
    with pytest.warns(DeprecationWarning, match="leads is now is_root"):
        assert Communicator().leads
