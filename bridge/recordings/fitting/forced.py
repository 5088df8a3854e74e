"""Neuron models that spike when the recorded neuron did.

A copy of the class of a model is generated with two more states. `forced` is the potential of a
compartment that receives the recorded spikes; it triggers the reset of the model. `rate` holds the
rate at which the model would fire at random at the end of the time step. The thresholds of models
without random firing are softened for this purpose.

The potential between recorded spikes thus depends smoothly on the parameters. A missing or
additional spike would change everything that follows it. For the global search, the potential of
non-linear models is also coupled to the recorded one by `coupling` (per ms), because a neuron that
is about to spike at another time than the recorded one would stay at the peak (H. D. I. Abarbanel
et al., SIAM J. Appl. Dyn. Syst. 8:1341, 2009).
"""

from __future__ import annotations

import linecache
import math
from dataclasses import dataclass
from functools import cache
from types import FunctionType, new_class
from typing import Any, ClassVar

import neurosim as ns

LARGEST = 1e9
"""States are kept within ± this value, so that bad candidates do not stop the simulation."""
LOWEST, HIGHEST = -1e3, 1e2
"""Range in which the potential is kept (mV)."""
SOFT_DEFAULTS = {"soft_delta": 1.0, "soft_tau": 1.0, "soft_shift": 0.0}
"""Parameters of the soft threshold: width (mV), time scale (ms), distance of its middle (mV)."""
SOFT = tuple(SOFT_DEFAULTS)

FUNCTIONS = """
def derivatives({states}, forced, rate, {currents}, i_forced, p):
    {slopes}{derivatives_comma} = base_derivatives({states}, {currents}, p)
    {wait}
    {couple}
    return {slopes}, 0.0, 0.0


def step({states}, forced, rate, {currents}, i_forced, jump, dt, p):
    {new}{step_comma} = base_step({states}, {currents}, jump, dt, p)
    return {new}, forced, rate


def spikes(v_before, {states}, forced, rate, p):
    return forced > 0.5


def reset({states}, forced, rate, p):
    {new}{reset_comma} = base_reset({states}, p)
    return {new}, 0.0, {kept_rate}


def stable({states}, forced, rate, h, p):
    return base_stable({states}, h, p)


def after_step(v_before, {states}, forced, rate, refractory, p):
    {new} = {after}
    new_0 = max(min(new_0, {ceiling}), {lowest})
    {clip}
    rate = -rate if rate < 0.0 else (0.0 if refractory else {rate})
    return {new}, forced, rate
"""
"""Methods of a forced model."""

RATES = {
    "softplus": "(max({x}, 0.0) + math.log1p(math.exp(-abs({x})))) / p.soft_tau",
    "exponential": "math.exp(min({x}, 700.0)) / p.soft_tau",
}
"""Rate of each link of `EscapeRate` (spikes per ms)."""


@dataclass(frozen=True, eq=False)
class _Leaky(ns.NeuronModel):
    """The equations of `LIF` as a `NeuronModel`, with the same parameters."""

    v_rest: Any = ns.parameter(-70.0, "mV")
    v_threshold: Any = ns.parameter(-55.0, "mV")
    v_reset: Any = ns.parameter(-70.0, "mV")
    tau_m: Any = ns.parameter(20.0, "ms")
    c_m: Any = ns.parameter(250.0, "pF")
    t_ref: Any = ns.parameter(5.0, "ms")
    v: ClassVar = ns.state("mV", "v_rest")
    method = "exact"

    @staticmethod
    def derivatives(v: Any, i: Any, p: Any) -> Any:
        return (p.v_rest - v) / p.tau_m + i / p.c_m

    @staticmethod
    def spikes(v_before: Any, v: Any, p: Any) -> Any:
        return v > p.v_threshold

    @staticmethod
    def reset(v: Any, p: Any) -> Any:
        return p.v_reset


def equations_of(neuron: Any) -> type[ns.NeuronModel]:
    """Return the class with the equations of a neuron."""
    return _Leaky if isinstance(neuron, ns.LIF) else type(neuron)


def link_of(neuron: Any) -> str | None:
    """Return how the rate depends on the potential: "hazard", a link, or None without threshold."""
    kind = equations_of(neuron)
    if hasattr(kind, "hazard"):
        return "hazard"
    if neuron.escape is not None:
        return str(neuron.escape.link)
    has_threshold = hasattr(kind, "excess") or kind.threshold in kind.declared_parameters()
    return "softplus" if has_threshold else None


METHODS = ("derivatives", "step", "reset", "stable", "after_step", "hazard", "excess")
"""Methods of a model that its forced copy calls."""


def forced_class(neuron: Any) -> type[ns.NeuronModel]:
    """Return the class of the forced copies of a neuron."""
    kind: Any = equations_of(neuron)
    return _forced_class(kind, link_of(neuron), _tuples(kind, neuron))


@cache
def _forced_class(
    kind: type[ns.NeuronModel], link: str | None, tuples: frozenset[str]
) -> type[ns.NeuronModel]:
    """Return the class of forced neurons, whose methods call those of a model."""
    name = f"Forced{kind.__name__}"
    methods = _methods(kind, link, tuples, f"<{name} {id(kind):x} {link}>")
    wanted = ["spikes", "reset", "after_step"]
    wanted += [m for m in ("derivatives", "step", "stable") if hasattr(kind, m)]
    body = _declarations(kind) | {m: staticmethod(methods[m]) for m in wanted}
    body |= {
        "__module__": __name__,
        "__doc__": "A model that spikes at recorded times.",
        "forced": ns.state("mV", 0.0, "recorded spikes", compartment="forced"),
        "rate": ns.state("1/ms", 0.0, "rate of random firing at the end of the step"),
        # A neuron with an upstroke spikes within a step, on average in the middle.
        "spike_check": "internal" if resets_midway(kind) else "step",
    }
    options = {"abstract": True}  # not in the registry of models
    made = new_class(name, (ns.NeuronModel,), options, lambda space: space.update(body))
    return dataclass(frozen=True, eq=False, repr=False)(made)


def can_couple(neuron: Any) -> bool:
    """Whether the forced copy of a neuron can be coupled to the recorded potential."""
    return _is_integrated(equations_of(neuron))


def resets_midway(kind: type[ns.NeuronModel]) -> bool:
    """Whether forced neurons are reset in the middle of a step, the first of two internal ones.

    The rate is then negative until the end of the step, so that it remains that before the spike.
    """
    return kind.v_max is not None and _is_integrated(kind)


def _is_integrated(kind: type[ns.NeuronModel]) -> bool:
    """Whether the equations of a model are integrated numerically."""
    return not _is_exact(kind) and not hasattr(kind, "step")


def _is_exact(kind: type[ns.NeuronModel]) -> bool:
    """Whether the equations of a model are solved exactly."""
    return kind.__dataclass_fields__["method"].default == "exact" and not hasattr(kind, "step")


def _declarations(kind: type[ns.NeuronModel]) -> dict[str, Any]:
    """Return parameters, states and options of a model, without its methods."""
    own = kind.__dataclass_fields__
    parameters = {
        name: ns.parameter(own[name].default)  # derivatives at a bound need values beyond it
        for name in kind.declared_parameters()
    } | {
        name: ns.parameter(default) for name, default in {**SOFT_DEFAULTS, "coupling": 0.0}.items()
    }
    states: dict[str, Any] = kind.declared_states()
    initial = {one.initial for one in states.values() if isinstance(one.initial, str)}
    return {
        "__annotations__": dict.fromkeys(parameters, Any),
        **parameters,
        **states,
        **{name: getattr(kind, name) for name in initial - set(parameters)},
        **{name: getattr(kind, name) for name in ("v_max", "refractory")},
        # With fixed steps the potential is a smooth function of the parameters.
        "method": "exact" if _is_exact(kind) else "rk4",
        "substep": own["substep"].default,
    }


def _methods(
    kind: type[ns.NeuronModel], link: str | None, tuples: frozenset[str], file: str
) -> dict[str, Any]:
    """Return the methods of a forced model, whose source `inspect` can read."""
    states = kind.declared_states()
    new = [f"new_{j}" for j in range(len(states))]
    after = ", ".join(states) + ("," if "after_step" in tuples else "")
    if hasattr(kind, "after_step"):
        after = f"base_after_step(v_before, {', '.join(states)}, refractory, p)"
    compartments = [f"i_{one.compartment}" for one in states.values() if one.compartment]
    text = FUNCTIONS.format(
        states=", ".join(states),
        currents=", ".join(["i", *compartments]),
        slopes=", ".join(f"d_{j}" for j in range(len(states))),
        new=", ".join(new),
        after=after,
        wait=_wait(kind),
        couple="" if _is_exact(kind) else f"d_0 += p.coupling * (i_forced - {next(iter(states))})",
        kept_rate="-rate" if resets_midway(kind) else "rate",
        ceiling=_ceiling(kind),
        lowest=LOWEST,
        clip="; ".join(f"{n} = max(min({n}, {LARGEST}), {-LARGEST})" for n in new[1:]) or "pass",
        rate=_rate(kind, link, ", ".join(new)),
        **{f"{m}_comma": "," if m in tuples else "" for m in ("derivatives", "step", "reset")},
    )
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names: dict[str, Any] = {"math": math}
    names |= {
        f"base_{m}": _named(f"base_{m}", getattr(kind, m)) for m in METHODS if hasattr(kind, m)
    }
    exec(compile(text, file, "exec"), names)  # generated above from the names of declarations
    return names


def _named(name: str, function: Any) -> Any:
    """Return a copy of a function with another name."""
    return FunctionType(function.__code__, function.__globals__, name, None, function.__closure__)


def _ceiling(kind: type[ns.NeuronModel]) -> str:
    """Return the expression of the highest potential of a neuron."""
    peak = kind.v_max or ("v_peak" if "v_peak" in kind.declared_parameters() else None)
    return f"p.{peak}" if peak else str(HIGHEST)


def _wait(kind: type[ns.NeuronModel]) -> str:
    """Return lines that hold the other states while v has reached its peak before the spike."""
    v, n = next(iter(kind.declared_states())), len(kind.declared_states())
    if kind.v_max is None or n == 1:
        return "pass"
    return "; ".join(f"d_{j} = d_{j} if {v} < p.{kind.v_max} else 0.0" for j in range(1, n))


def _rate(kind: type[ns.NeuronModel], link: str | None, states: str) -> str:
    """Return the expression of the rate of random firing (spikes per ms)."""
    if link is None:
        return "0.0"
    if link == "hazard":
        return f"base_hazard({states}, p)"
    excess = f"new_0 - p.{kind.threshold}"
    if hasattr(kind, "excess"):
        excess = f"base_excess({states}, p)"
    return RATES[link].format(x=f"(({excess} - p.soft_shift) / p.soft_delta)")


def _tuples(kind: type[ns.NeuronModel], neuron: Any) -> frozenset[str]:
    """Return the methods of a model with one state that return a tuple, not a number."""
    arguments = {"derivatives": (-65.0, 0.0), "step": (-65.0, 0.0, 0.0, 0.1), "reset": (-65.0,)}
    if len(kind.declared_states()) > 1:
        return frozenset()
    return frozenset(
        name
        for name, values in arguments.items()
        if hasattr(kind, name) and isinstance(getattr(kind, name)(*values, neuron), tuple)
    )
