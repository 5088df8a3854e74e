"""Integration methods by name; each returns source that advances a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_exact import exact
from neurosim.builder.codegen.model_one_by_one import adaptive, gsl
from neurosim.builder.codegen.model_together import (
    euler,
    exponential_euler,
    model_step,
    rk4,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurosim.builder.codegen.model_source import Writer


@dataclass(frozen=True)
class Method:
    """A method of integration.

    Attributes
    ----------
    source : callable
        Returns the lines that advance the neurons of a block.
    is_adaptive : bool
        Whether step sizes are adaptive.
    takes_jump : bool
        Whether it applies the input of delta synapses itself.
    n_slopes : int
        Slopes of each state that are stored in `work`.
    carries_currents : bool
        Whether it integrates the synaptic currents together with the states. The last step of each
        neuron is then stored after its states.
    is_explicit : bool
        Whether fixed steps can be unstable.
    has_fixed_steps : bool
        Whether all neurons take the same internal steps. It then advances the states of synapses
        exactly, if their equations are linear.
    """

    source: Callable[[Writer], str]
    is_adaptive: bool = False
    takes_jump: bool = False
    n_slopes: int = 0
    carries_currents: bool = False
    is_explicit: bool = False
    has_fixed_steps: bool = False


METHODS = {
    "rk4": Method(rk4, is_explicit=True, has_fixed_steps=True),
    "euler": Method(euler, is_explicit=True, has_fixed_steps=True),
    "exponential_euler": Method(exponential_euler, has_fixed_steps=True),
    "adaptive": Method(adaptive, is_adaptive=True),
    "gsl": Method(gsl, is_adaptive=True, takes_jump=True, carries_currents=True, n_slopes=6),
    "exact": Method(exact, carries_currents=True),
    "step": Method(model_step, takes_jump=True),
}
"""Methods by name; "step" is the `step` of a model."""
