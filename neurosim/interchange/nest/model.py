"""Building blocks of the conversion of NEST's neuron models."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from neurosim.models import DeltaSynapse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from neurosim.models import Neuron, Synapse

    Synapses = dict[str | int, Synapse]

ENDS = ("ex", "in")
"""Suffixes of excitatory and inhibitory parameters, and names of their receptors."""


@dataclass(frozen=True)
class NestModel:
    """The conversion of a neuron model of NEST.

    Attributes
    ----------
    neuron, synapses : callable
        Take NEST's parameters as attributes, and return the neuron, and its synapses by receptor.
    defaults : mapping of str to object
        NEST's defaults of all parameters and initial values that can be given, except the constant
        input I_e.
    fixed : tuple of str
        Those that must have their default.
    """

    neuron: Callable[[Any], Neuron]
    synapses: Callable[[Any], Synapses]
    defaults: Mapping[str, Any]
    fixed: tuple[str, ...] = ()


def renamed(kind: type[Any], p: Any, **others: Any) -> Any:
    """Return a neuron with the parameters that it shares with `p` (in lower case), and others."""
    given = {name.lower(): value for name, value in vars(p).items()}
    same = {field.name: given[field.name] for field in fields(kind) if field.name in given}
    return kind(**same | others)


def delta_synapses(_: Any) -> Synapses:
    """Return an excitatory and an inhibitory synapse whose weights are in mV."""
    return {end: DeltaSynapse() for end in ENDS}


def currents(kind: type[Any]) -> Callable[[Any], Synapses]:
    """Return a function that creates an excitatory and an inhibitory current."""
    return lambda p: {end: kind(getattr(p, f"tau_syn_{end}")) for end in ENDS}


def ports(kind: type[Any]) -> Callable[[Any], Synapses]:
    """Return a function that creates a current for each receptor port."""
    return lambda p: {k: kind(tau) for k, tau in enumerate(p.tau_syn, 1)}


def conductances(kind: type[Any], *taus: str) -> Callable[[Any], Synapses]:
    """Return a function that creates an excitatory and an inhibitory conductance.

    `taus` are its time constants in NEST, without the suffix. Default: tau_syn.
    """
    names = (*(taus or ("tau_syn",)), "E")
    return lambda p: {
        end: kind(*(getattr(p, f"{name}_{end}") for name in names), name=end) for end in ENDS
    }
