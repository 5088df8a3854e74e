"""Warnings name the line of the user's code, however deep they arise."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import bridge
import neurosim as ns
from neurosim.utils.warn import warn


def test_the_caller_outside_of_the_packages_is_named() -> None:
    with pytest.warns(RuntimeWarning, match="here") as caught:
        warn("here", RuntimeWarning)
    assert caught[0].filename == __file__


def deviating_strength() -> None:
    net = ns.Network()
    cells = net.add("cells", 10, ns.LIF(), dale=True)
    net.connect(cells, cells, ns.AllToAll(), psp=ns.Normal(0.5, 1.0))


def never_converging_fit() -> None:
    X = np.random.default_rng(1).normal(size=(100, 2))
    bridge.LogisticNeuron(max_iter=1).fit(X, X @ [1.0, 2.0] + X[:, 0] ** 3 > 0.3)


@pytest.mark.parametrize("code", [deviating_strength, never_converging_fit])
def test_warnings_of_public_functions_name_the_line_of_the_user(code) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code()
    assert caught
    assert {warning.filename for warning in caught} == {__file__}
