"""Convert a neuron model of NEST."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nest.adapting import ADAPTING
from neurosim.interchange.nest.hodgkin_huxley import HODGKIN_HUXLEY
from neurosim.interchange.nest.leaky import LEAKY
from neurosim.utils.checks import show, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurosim.models import Neuron, Synapse

MODELS = LEAKY | ADAPTING | HODGKIN_HUXLEY
"""NEST's models by name."""


def from_nest(
    model: str, params: Mapping[str, Any] | None = None
) -> tuple[Neuron, dict[str | int, Synapse]]:
    """Convert a neuron model of NEST and its receptors.

    The integration method is the one that reproduces NEST: spike times are equal at every step and
    potentials within 1e-6 mV, with the time step of the NEST simulation.

    Parameters
    ----------
    model : str
        Name of the model in NEST, such as "iaf_cond_exp".
    params : mapping of str to object, optional
        Parameters and initial values (such as V_m) with NEST's names and units. Those that are
        missing have NEST's defaults.

    Returns
    -------
    neuron : Neuron
    synapses : dict
        Synapse models by receptor: "ex" and "in", the number of the receptor port, or "AMPA",
        "GABA" and "NMDA".

    Raises
    ------
    NeurosimError
        If a model or a parameter is unknown, or cannot be converted.

    Notes
    -----
    Weights of conductances are positive for both receptors; NEST selects the receptor by their
    sign. For other models, weights have the sign and the unit of NEST. In NEST, a current that is
    switched on at t by a generator with the minimum delay acts one step later than here.

    Examples
    --------
    >>> import neurosim as ns
    >>> neuron, synapses = ns.from_nest("iaf_cond_exp", {"g_L": 10.0, "tau_syn_ex": 2.0})
    >>> neuron.tau_m, neuron.method
    (25.0, 'gsl')
    >>> synapses["ex"]
    ExpConductance(tau=2.0, e_rev=0.0, name='ex')
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, neuron)
    >>> drive = net.drive(cell, ns.SpikeTimes([5.0]), synapse=synapses["ex"], weight=4.0)
    """
    if model not in MODELS:
        raise NeurosimError(f"NEST model {show(model)} is unknown: {suggest(model, MODELS)}")
    entry = MODELS[model]
    known = {"I_e": 0.0, **entry.defaults}
    try:
        given = {} if params is None else dict(params)
    except (TypeError, ValueError):
        raise NeurosimError(
            f"params = {show(params)} is not a dict: give values by name, such as {{'C_m': 250.0}}"
        ) from None
    for name, value in given.items():
        if name not in known:
            raise NeurosimError(f"{model} has no parameter {name!r}: {suggest(name, known)}")
        if name == "I_e" and np.any(value != 0.0):
            raise NeurosimError(
                f"I_e = {show(value)} is an input: leave it out, and give the population "
                f"ns.ConstantCurrent({show(value)})"
            )
        if name in entry.fixed and np.any(value != known[name]):
            raise NeurosimError(
                f"{model} with {name} = {show(value)} cannot be converted: leave out {name}"
            )
    p = SimpleNamespace(**known | given)
    try:
        return entry.neuron(p), entry.synapses(p)
    except NeurosimError:
        raise
    except (ArithmeticError, TypeError, ValueError):
        listed = ", ".join(f"{name} = {show(value)}" for name, value in given.items())
        raise NeurosimError(
            f"{model} cannot be converted with {listed}: give finite numbers, and conductances and "
            "rates above 0"
        ) from None
