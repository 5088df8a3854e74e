"""Source of the random firing of a model: its own hazard, or escape noise."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from neurosim.models.equations import methods_of

if TYPE_CHECKING:
    from neurosim.builder.codegen.model_source import Writer
    from neurosim.models.neuron_model import NeuronModel

FIRES = '''@function
def fires(v_before, {neuron_x}, p):
    """Return whether the spike condition is met, with an infinite threshold under escape noise."""
    return {condition}'''

HAZARD = '''@function
def hazard({neuron_x}, p):
    """Return the rate of escape noise (spikes per ms)."""
    x = ({excess}) / p.escape.delta
    return {link} / p.escape.tau'''

LINKS = {
    "softplus": "(max(x, 0.0) + mathematics.log1p(mathematics.exp(-abs(x))))",
    # No overflow: at e^700 per step the neuron fires for certain.
    "exponential": "mathematics.exp(min(x, 700.0))",
}
"""Rate of each link of `EscapeRate` at x, times tau."""

AT_RANDOM = """
whole, fired = n_internal * h, False
for k in range(n):
    {set_p}
    {load}
    chance = -mathematics.expm1(-whole * hazard({neuron_x}, p))
    free = (not {is_held}) & (work[{spiked} + k] == 0.0)
    hit = (current[(points + {n_ports}) * n + k] < chance) & free
    work[{random} + k] = 1.0 if hit else 0.0
    fired |= hit
if fired:
    for k in range(n):
        if work[{random} + k] > 0.0:
            {set_p}
            {load}
            {spike}
"""


def fires_at_random(model: NeuronModel) -> bool:
    """Whether a model needs a random number per neuron and step."""
    return model.escape is not None or "hazard" in methods_of(type(model))


def spike_functions(writer: Writer) -> list[str]:
    """Return the source of the spike condition and of the hazard."""
    escape, neuron_x, methods = writer.escape, writer.pieces["neuron_x"], methods_of(writer.kind)
    condition = "False"
    if "spikes" in methods:
        p = "p"
        if escape is not None:
            softened = {writer.kind.threshold: "math.inf"}
            p = f"P({', '.join(softened.get(name, f'p.{name}') for name in writer.p_fields)})"
        condition = f"spikes(v_before, {neuron_x}, {p})"
    functions = [FIRES.format(neuron_x=neuron_x, condition=condition)]
    if escape is not None:
        excess = f"x0 - p.{writer.kind.threshold}"
        if "excess" in methods:
            excess = f"excess({neuron_x}, p)"
        functions.append(HAZARD.format(neuron_x=neuron_x, excess=excess, link=LINKS[escape.link]))
    return functions


def random_spikes(writer: Writer) -> str:
    """Return lines that let neurons fire at random at the end of a time step."""
    spike = textwrap.indent(writer.spike, " " * 12).strip()
    return AT_RANDOM.format(spike=spike, n_ports=len(writer.ports), **writer.pieces)
