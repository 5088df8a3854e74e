"""Layout of the numbers that the compiled functions of a plasticity rule read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from neurosim.builder.grid import to_steps
from neurosim.models.declare import (
    parameters_of,
    potentials_of,
    signals_of,
    states_of,
    traces_of,
)

if TYPE_CHECKING:
    from neurosim.models import Plasticity

SECTIONS = ("parameters", "pre", "post", "nearest", "signal", "lag", "gain", "number")
"""Parts of a row of `Plastic.rules`, in order."""


class RuleLayout:
    """Names of the variables of a rule, and the columns of their numbers.

    Parameters
    ----------
    kind : type of Plasticity

    Attributes
    ----------
    fields : tuple of str
        Parameters, and "dt".
    pre, post : tuple of str
        Traces of presynaptic and of postsynaptic spikes.
    states, signals, potentials : tuple of str
    is_continuous : bool
        Whether the weight changes between presynaptic spikes, so that it is updated regularly.
    """

    def __init__(self, kind: type[Plasticity]) -> None:
        traces = traces_of(kind)
        self.fields = (*parameters_of(kind), "dt")
        self.pre = tuple(name for name, trace in traces.items() if trace.side == "pre")
        self.post = tuple(name for name, trace in traces.items() if trace.side == "post")
        self.states, self.signals = tuple(states_of(kind)), tuple(signals_of(kind))
        self.potentials = tuple(potentials_of(kind))
        self.is_continuous = bool(self.signals) or hasattr(kind, "between")
        sizes = (
            len(self.fields), len(self.pre), len(self.post), len(self.post), len(self.signals),
            len(self.potentials), len(self.potentials), 1,
        )  # fmt: skip
        self._first = {name: sum(sizes[:k]) for k, name in enumerate(SECTIONS)}

    def column(self, section: str, k: int = 0) -> int:
        """Return a column of `Plastic.rules`."""
        return self._first[section] + k

    @property
    def synapse_columns(self) -> tuple[str, ...]:
        """Values of each synapse besides the weight: traces, states, and the last update."""
        return (*self.pre, *self.states, *(["updated"] if self.is_continuous else []))

    @property
    def spike_columns(self) -> tuple[str, ...]:
        """Values of each postsynaptic spike, or of each step in which the rule is active."""
        return self.potentials or self.post


def rule_values(rule: Plasticity, dt: float, number: int) -> list[float]:
    """Return the numbers of a rule, a row of `Plastic.rules`.

    Parameters
    ----------
    rule : Plasticity
    dt : float
        ms.
    number : int
        Index among the plastic projections.
    """
    layout, traces = RuleLayout(type(rule)), traces_of(type(rule))
    signals, potentials = signals_of(type(rule)), potentials_of(type(rule)).values()

    def rates(names: tuple[str, ...], declared: Any) -> list[float]:
        return [dt / number_of(rule, declared[name].tau) for name in names]

    taus = [number_of(rule, potential.tau) for potential in potentials]
    return [
        *(float(getattr(rule, name)) for name in layout.fields[:-1]),
        dt,
        *rates(layout.pre, traces),
        *rates(layout.post, traces),
        *(float(traces[name].nearest) for name in layout.post),
        *rates(layout.signals, signals),
        *(float(lag) for lag in lags(rule, dt)),
        *(-math.expm1(-dt / tau) if tau > 0.0 else 1.0 for tau in taus),
        float(number),
    ]


def initial_values(rule: Plasticity) -> list[float]:
    """Return the values of a synapse at time 0, in the order of `synapse_columns`."""
    layout, traces, states = (
        RuleLayout(type(rule)),
        traces_of(type(rule)),
        states_of(type(rule)),
    )
    return [
        *(number_of(rule, traces[name].initial) for name in layout.pre),
        *(number_of(rule, states[name].initial) for name in layout.states),
        *([-1.0] if layout.is_continuous else []),
    ]


def lags(rule: Plasticity, dt: float) -> list[int]:
    """Return the delays of the potentials of a rule (steps)."""
    declared = potentials_of(type(rule)).values()
    return [int(to_steps(number_of(rule, potential.delay), dt)) for potential in declared]


def number_of(rule: Plasticity, value: float | str) -> float:
    """Return a number, or the value of the parameter of this name."""
    return float(getattr(rule, value) if isinstance(value, str) else value)
