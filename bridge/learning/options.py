"""How to train a neuron: its parameters, each in range and none at odds with another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.learning.losses import find_loss
from bridge.learning.validation import seed_of
from bridge.utils.checks import as_float, one_of, shown
from neurosim import NeurosimError

if TYPE_CHECKING:
    from bridge.learning.logistic import LogisticNeuron
    from bridge.learning.losses import PointLoss

SOLVERS = ("auto", "newton", "accelerated", "gradient", "stochastic")


@dataclass(frozen=True)
class Options:
    """How to train; the parameters of `LogisticNeuron`."""

    loss: PointLoss
    solver: str
    ridge: float
    firth: bool
    fit_intercept: bool
    tol: float
    max_iter: int | None
    batch_size: int
    seed: int | np.random.Generator
    threads: int | None
    progress: bool


def options_of(neuron: LogisticNeuron) -> Options:
    """Return a neuron's parameters, checked.

    Raises
    ------
    NeurosimError
        For one out of range, and for two that make no sense together.
    """
    loss = find_loss(neuron.loss, neuron.activation)
    if not one_of(neuron.solver, SOLVERS):
        raise NeurosimError(
            f"solver = {neuron.solver!r} is unknown: give one of {', '.join(SOLVERS)}"
        )
    _require_numbers(neuron)
    if neuron.firth:
        _require_firth(neuron, loss)
    if not loss.smooth:
        _require_perceptron(neuron)
    return Options(
        loss=loss,
        solver=neuron.solver,
        ridge=float(neuron.ridge),
        firth=bool(neuron.firth),
        fit_intercept=bool(neuron.fit_intercept),
        tol=float(neuron.tol),
        max_iter=neuron.max_iter,
        batch_size=neuron.batch_size,
        seed=_seed(neuron) if neuron.solver == "stochastic" else 0,
        threads=neuron.threads,
        progress=bool(neuron.progress),
    )


def _require_numbers(neuron: LogisticNeuron) -> None:
    for name in ("ridge", "tol", "gap"):
        as_float(getattr(neuron, name), name)
    for name in ("firth", "fit_intercept", "progress"):
        value = getattr(neuron, name)
        if not isinstance(value, (bool, np.bool_, int)):
            raise NeurosimError(f"{name} = {shown(value)} is neither True nor False")
    if not (math.isfinite(neuron.ridge) and neuron.ridge >= 0):
        raise NeurosimError(f"ridge = {neuron.ridge:g} is not a finite number from 0")
    for name in ("tol", "gap"):
        value = getattr(neuron, name)
        if not (math.isfinite(value) and value > 0):
            raise NeurosimError(f"{name} = {value:g} is not a finite number above 0")
    for name, optional, means in (
        ("max_iter", True, "allow at least one step"),
        ("batch_size", False, "a step looks at one trial or more"),
        ("threads", True, "give at least one, or None for all cores"),
    ):
        value = getattr(neuron, name)
        if optional and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise NeurosimError(f"{name} = {value!r} is not an integer")
        if value < 1:
            raise NeurosimError(f"{name} = {value} is below 1: {means}")


def _require_firth(neuron: LogisticNeuron, loss: PointLoss) -> None:
    if not loss.likelihood:
        raise NeurosimError(
            f"firth = True penalises a likelihood, and loss = {neuron.loss!r} is none: give "
            "loss='cross-entropy', or firth=False"
        )
    if neuron.class_weight is not None:
        raise NeurosimError(
            "firth = True penalises a likelihood, which weights of classes make it none: give "
            "class_weight=None, or firth=False"
        )
    if neuron.ridge > 0:
        raise NeurosimError(
            f"firth = True and ridge = {neuron.ridge:g} are two penalties for one purpose: give "
            "one of them"
        )
    if neuron.solver not in ("auto", "newton"):
        raise NeurosimError(
            f"solver = {neuron.solver!r} does not go with firth = True, for whose gradient no "
            "Lipschitz constant is known: give solver='newton'"
        )


def _require_perceptron(neuron: LogisticNeuron) -> None:
    if neuron.solver in ("newton", "accelerated"):
        raise NeurosimError(
            f"solver = {neuron.solver!r} does not go with loss = {neuron.loss!r}, whose slope "
            "jumps: give solver='gradient' or 'stochastic'"
        )
    if neuron.ridge > 0:
        raise NeurosimError(
            f"ridge = {neuron.ridge:g} does not go with loss = {neuron.loss!r}, which leaves the "
            "size of the weights open: give ridge=0"
        )


def _seed(neuron: LogisticNeuron) -> int | np.random.Generator:
    if isinstance(neuron.random_state, np.random.Generator):
        return neuron.random_state
    return seed_of(neuron.random_state)
