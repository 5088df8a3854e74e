"""Methods that advance all neurons of a block by one internal step after another."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_split import relaxation
from neurosim.builder.codegen.synapse_source import currents_into
from neurosim.models.equations import methods_of

if TYPE_CHECKING:
    from neurosim.builder.codegen.model_source import Writer

STIFF = 0.5
"""Largest product of step and rate of a synaptic conductance in an explicit step."""

TOGETHER = """
for j in range({n_internal}):
    n_found = n_unstable = 0
    for k in range(n):
        {set_p}
        {fetch}
        held = {is_held}
        {hold}
        {step}
        {check}
        {freeze}
        {remember}
        {store_y}
        {ask}
"""

CHECK = """good = {good}
work[{unstable} + k] = 0.0 if good else 1.0
n_unstable += 0 if good else 1
{unchanged}"""
"""A step that is not good is undone. Loops that count are vectorised, unlike those with flags."""

REPAIR = """    if n_unstable:
        n_found = 1
        for k in range(n):
            if work[{unstable} + k] > 0.0:
                {set_p}
                held = {is_held}
                {load}
                c = 2 * j * n + k
                {y_} = split_part({x}, current[c], current[c + n], current[c + 2 * n], h, held, p)
                {freeze}
                {store_y}
                work[{unstable} + k] = 0.0
"""

AFTER_STEP = """    for k in range(n):
        {set_p}
        {load}
        {x_after} = after_step(work[{before} + k], {neuron_x}, {is_held}, p)
        {store}
"""

FOUND = """    if n_found:
        ask(n, 0.0, jump, params, work)
"""

ASK = """    ask(n, 0.0, jump, params, work)
"""


def together(writer: Writer, step: str) -> str:
    """Return source that advances all neurons by one internal step after another.

    `step` computes the new states of all neurons.
    """
    y = ", ".join(f"y{j}" for j in range(writer.n))
    fetch = [writer.load()]
    if writer.fuses_fetch:
        fetch = [writer.begin(), *(f"x{j} = {x}" for j, x in enumerate(writer.stored()))]
    pieces = writer.pieces | {
        "n_internal": "1" if writer.fuses_fetch else "n_internal",
        "fetch": "; ".join(fetch),
        "y_": y + ("," if writer.n == 1 else ""),
        "hold": writer.hold(),
        "freeze": writer.freeze(),
        "store_y": writer.store("y"),
        "good": _stability(writer),
        "unchanged": "; ".join(f"y{j} = y{j} if good else x{j}" for j in range(writer.n)),
    }
    optional, asks = methods_of(writer.kind), writer.kind.spike_check == "internal"
    scans = asks and "after_step" not in optional
    check, rest = "pass", ""
    if writer.checks_stability:
        check, rest = textwrap.indent(CHECK.format(**pieces), " " * 8).strip(), REPAIR
    if "after_step" in optional:
        rest += AFTER_STEP
    if asks:
        rest += FOUND if scans else ASK
    text = TOGETHER.format(
        step=textwrap.indent(step.strip(), " " * 8).strip(),
        check=check,
        remember=f"{writer.at('before')} = x0" if asks or "after_step" in optional else "pass",
        ask=f"n_found += 1 if fires(x0, {writer.neuron_y}, p) else 0" if scans else "pass",
        **pieces,
    )
    return text + rest.format(**pieces)


def _stability(writer: Writer) -> str:
    """Return the condition that an internal step of neuron k was stable."""
    conditions = []
    if "stable" in methods_of(writer.kind):
        for letter in "xy":
            states = ", ".join(f"{letter}{j}" for j in range(writer.n_neuron))
            conditions.append(f"stable({states}, h, p)")
    if writer.has_stiff_synapses:
        # Conductances at the start or end of the step. With v at its start, the compiler
        # finds that the equations have been evaluated there already.
        synapses = range(writer.n_neuron, writer.n)
        at = [*writer.names[: writer.n_neuron], *(f"larger(x{j}, y{j})" for j in synapses)]
        conditions.append(f"(h * stiffness({writer.point(at)}, p) < {STIFF})")
    return " & ".join(conditions)


RK4 = """
{half}
{whole}
at = 2 * j * n + k
{a} = {rates}({at_x}, current[at], p)
{still_a}
{b} = {rates}({at_a}, current[at + n], p)
{still_b}
{c} = {rates}({at_b}, current[at + n], p)
{still_c}
{d} = {rates}({at_c}, current[at + 2 * n], p)
{still_d}
{add}
"""


def rk4(writer: Writer) -> str:
    """Return source of the classical Runge-Kutta method.

    States that propagators advance are known in the middle (m) and at the end (y) of the step.
    """

    def point(reach: str, slope: str, exact: str) -> str:
        """Return arguments at a stage."""
        return writer.point(
            [
                f"x{j} + {reach} * {slope}{j}" if j in writer.moving else f"{exact}{j}"
                for j in range(writer.n)
            ]
        )

    step = RK4.format(
        half=writer.propagate("m", "x") or "pass",
        whole=writer.propagate("y", "m") or "pass",
        at_x=writer.point(writer.names),
        at_a=point("0.5 * h", "a", "m"),
        at_b=point("0.5 * h", "b", "m"),
        at_c=point("h", "c", "y"),
        add="; ".join(
            f"y{j} = x{j} + h / 6.0 * (a{j} + 2.0 * (b{j} + c{j}) + d{j})" for j in writer.moving
        ),
        **{letter: writer.targets(letter, "derivatives") for letter in "abcd"},
        **{f"still_{letter}": writer.still(letter) for letter in "abcd"},
        **writer.pieces,
    )
    return together(writer, step)


EULER = """
i1 = current[(2 * j + 1) * n + k]
# States that propagators advance have their values in the middle of the step.
{half}
{whole}
{middle}
{a} = {rates}({at}, i1, p)
{slopes}
{still_a}
{add}
"""


def exponential_euler(writer: Writer) -> str:
    """Return source of the exponential Euler method."""
    return _euler(writer, relaxation(writer, "i1", "h", writer.moving))


def euler(writer: Writer) -> str:
    """Return source of the explicit Euler method."""
    return _euler(writer, "; ".join(f"s{j} = h" for j in writer.moving) or "pass")


def _euler(writer: Writer, slopes: str) -> str:
    """Return source that moves each state along its slope, by factors that `slopes` computes."""
    step = EULER.format(
        a=writer.targets("a", "derivatives"),
        at=writer.point(writer.names),
        half=writer.propagate("m", "x") or "pass",
        whole=writer.propagate("y", "m") or "pass",
        middle="; ".join(f"x{j} = m{j}" for j in writer.exact) or "pass",
        slopes=slopes,
        still_a=writer.still("a"),
        add="; ".join(f"y{j} = x{j} + s{j} * a{j}" for j in writer.moving),
        **writer.pieces,
    )
    return together(writer, step)


MODEL_STEP = """
{y_} = step({neuron_x}, {i}, jump[k], h, p)
{hold_y}
{synapses}
"""


def model_step(writer: Writer) -> str:
    """Return source that calls the `step` of the model."""
    synapses = "pass"
    if writer.has_synapses:
        x, y = (
            "".join(f"{letter}{j}, " for j in range(writer.n_neuron, writer.n)) for letter in "xy"
        )
        synapses = f"{y} = advance_synapses({x}h, p)"
    step = MODEL_STEP.format(
        y_=writer.targets("y", "step"),
        hold_y=writer.hold("y"),
        i=currents_into(writer, "current[k]"),
        synapses=synapses,
        **writer.pieces,
    )
    return together(writer, step)
