"""Free parameters of a model: bounds, scales and starting points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats.qmc import LatinHypercube

import neurosim as ns
from bridge.recordings.fitting.forced import SOFT, equations_of, link_of
from bridge.utils.checks import finite
from neurosim import NeurosimError
from neurosim.utils.checks import show, suggest

HELD = ("t_ref", "v_peak", "lambda_0", "tau_eta_*", "tau_gamma_*")
"""Parameters that are not fitted unless they are named."""
ESCAPE = {"escape.delta": SOFT[0], "escape.tau": SOFT[1]}
"""Names of the parameters of escape noise, and of the forced model."""
FACTOR = 4.0
"""Starting points of positive parameters are within this factor of the given value."""
REACH = {"mV": 5.0, "pA": 100.0, "nS": 5.0}
"""Smallest distance of starting points of signed parameters from the given value, by unit."""
POTENTIAL = 15.0
"""Distance of starting points of potentials from the given value (mV)."""
STEP = 1e-4
"""Step of numerical derivatives, relative to the scale of a parameter."""
NARROWEST = 0.02
"""Smallest width of the threshold of models without random firing (mV)."""


@dataclass(frozen=True)
class Free:
    """A free parameter.

    Attributes
    ----------
    name : str
        Name in the forced model.
    label : str
        Name for the user; empty for a nuisance parameter.
    unit : str
    value, low, high : float
        Initial value and bounds.
    start : (float, float)
        Range of starting points.
    is_log : bool
        Whether it is fitted on a logarithmic scale.
    """

    name: str
    label: str
    unit: str
    value: float
    low: float
    high: float
    start: tuple[float, float]
    is_log: bool


@dataclass(frozen=True)
class Space:
    """The free parameters of a model.

    A point is an array of the parameters; those of `is_log` are their logarithms.
    """

    free: tuple[Free, ...]

    @property
    def names(self) -> list[str]:
        """Names in the forced model."""
        return [one.name for one in self.free]

    @property
    def logs(self) -> NDArray[np.bool_]:
        """Which coordinates are logarithms."""
        return np.array([one.is_log for one in self.free])

    def point(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points of parameters."""
        return np.where(self.logs, np.log(np.where(self.logs, values, 1.0)), values)

    def values(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the parameters of points."""
        return np.where(self.logs, np.exp(np.where(self.logs, points, 0.0)), points)

    def clip(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the nearest points within the bounds."""
        low, high = map(self.point, np.array([(one.low, one.high) for one in self.free]).T)
        return np.clip(points, low, high)

    @property
    def steps(self) -> NDArray[np.float64]:
        """Steps of numerical derivatives."""
        scales = [1.0 if one.is_log else max(1.0, 0.1 * abs(one.value)) for one in self.free]
        return STEP * np.array(scales)

    @property
    def start(self) -> NDArray[np.float64]:
        """The point of the initial values."""
        return self.clip(self.point(np.array([one.value for one in self.free])))

    def starts(self, number: int, seed: int) -> NDArray[np.float64]:
        """Return random starting points, the first of which is that of the initial values."""
        low, high = map(self.point, np.array([one.start for one in self.free]).T)
        cube = LatinHypercube(len(self.free), rng=np.random.default_rng(seed)).random(number - 1)
        return self.clip(np.vstack([self.start, low + cube * (high - low)]))


def space_of(neuron: Any, free: Iterable[str] | None, bounds: Mapping[str, Any] | None) -> Space:
    """Return the free parameters of a neuron.

    Parameters
    ----------
    neuron : neuron model
    free, bounds
        See `fit_neuron`.
    """
    declared = _declared(neuron)
    names = _names(neuron, declared, free)
    limits = dict(bounds or {})
    for name in limits:
        if name not in names:
            raise NeurosimError(f"bounds of {name!r}, which is not free: {suggest(name, names)}")
    found = [_free(neuron, name, declared[name], limits.get(name)) for name in names]
    return Space((*found, *_nuisance(neuron)))


def _declared(neuron: Any) -> dict[str, Any]:
    """Return the declarations of all parameters that could be fitted."""
    dynamic = equations_of(neuron).declared_parameters()
    found = {n: d for n, d in type(neuron).declared_parameters().items() if n in dynamic}
    if neuron.escape is not None:
        escape = {f"escape.{f}": f for f in ("delta", "tau")}
        metadata = type(neuron.escape).__dataclass_fields__
        found |= {name: metadata[f].metadata["parameter"] for name, f in escape.items()}
    return found


def _names(neuron: Any, declared: Mapping[str, Any], free: Iterable[str] | None) -> list[str]:
    """Return the names of the free parameters."""
    if free is None:
        held = [*HELD, *ESCAPE]
        return [name for name in declared if not any(fnmatch(name, h) for h in held)]
    names = [free] if isinstance(free, str) else list(free)
    for name in names:
        if name not in declared:
            hint = suggest(name, declared)
            raise NeurosimError(
                f"free: {type(neuron).__name__} has no parameter {show(name)}: {hint}"
            )
    if "t_ref" in names:
        raise NeurosimError(
            "t_ref cannot be fitted, because it is a number of time steps: set it in the model, "
            "such as to the shortest interval between spikes"
        )
    if not names or len(set(names)) < len(names):
        raise NeurosimError("free must name at least one parameter, and none of them twice")
    return names


def value_of(neuron: Any, name: str) -> Any:
    """Return a parameter of a neuron by its name, such as "tau_m" or "escape.delta"."""
    part, _, field = name.rpartition(".")
    return getattr(getattr(neuron, part) if part else neuron, field)


def _free(neuron: Any, name: str, declared: Any, limits: Any) -> Free:
    """Return a free parameter."""
    value, low, high = float(value_of(neuron, name)), declared.low, declared.high
    if limits is not None:
        low, high = _limits(name, limits, low, high)
    is_log = low > 0.0 or (declared.low == 0.0 and value > 0.0 and limits is None)
    if is_log and low <= 0.0:
        low = value * 1e-6
    value = min(max(value, low), high)
    if limits is not None:
        start = (low, high)
    elif is_log:
        start = (value / FACTOR, value * FACTOR)
    else:
        potential = declared.unit == "mV" and abs(value) >= 2.0 * POTENTIAL
        reach = POTENTIAL if potential else max(abs(value), REACH.get(declared.unit, 1.0))
        start = (value - reach, value + reach)
    return Free(ESCAPE.get(name, name), name, declared.unit, value, low, high, start, is_log)


def _limits(name: str, limits: Any, low: float, high: float) -> tuple[float, float]:
    """Return checked bounds of a parameter."""
    try:
        first, last = limits
    except (TypeError, ValueError):
        raise NeurosimError(f"bounds of {name}: give a pair such as ({low:g}, {high:g})") from None
    first, last = finite(first, f"bounds of {name}"), finite(last, f"bounds of {name}")
    if not low <= first < last <= high:
        raise NeurosimError(
            f"bounds of {name} = ({first:g}, {last:g}) must ascend within {low:g} to {high:g}"
        )
    return first, last


def _nuisance(neuron: Any) -> list[Free]:
    """Return the parameters that soften the threshold of a model without random firing."""
    if link_of(neuron) in (None, "hazard") or neuron.escape is not None:
        return []
    width = Free(SOFT[0], "", "mV", 1.0, NARROWEST, 50.0, (0.3, 5.0), True)
    shift = Free(SOFT[2], "", "mV", 0.0, -100.0, 100.0, (-5.0, 20.0), False)
    return [width, shift] if has_upstroke(neuron) else [width]


def has_upstroke(neuron: Any) -> bool:
    """Whether the model spikes at another potential than its threshold."""
    return equations_of(neuron).v_max is not None and not isinstance(neuron, ns.LIF)
