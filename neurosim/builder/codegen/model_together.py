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
pitch = n if points > 1 else 0  # the current may be the same at all points
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
                at = 2 * j * pitch + k
                i0, i1, i2 = current[at], current[at + pitch], current[at + 2 * pitch]
                {y_} = split_part({x}, i0, i1, i2, h, held, p)
                {freeze}
                {store_y}
                work[{unstable} + k] = 0.0
"""

SINGLE = """
pitch = n if points > 1 else 0
j = n_found = n_unstable = 0
for k in range(n):
    {set_p}
    {fetch}
    held = {held}
    {hold}
    {step}
    {count_unstable}
    y0 += {push}
    {store_y}
    n_found += 1 if fires(v[k], {neuron_y}, p) else 0
if n_found or n_unstable:
    for k in range(n):
        {begin}
        work[{before} + k] = v[k]
{repair}
if n_found:
    ask(n, 0.0, jump, params, work)
"""
"""A step in one loop. Rows of `work` that only spikes and repeated steps need are set later."""

REPAIR_SINGLE = """
if n_unstable:
    n_found = 1
    for k in range(n):
        {set_p}
        {fetch}
        held = {held}
        {hold}
        {synaptic_y}
        if not {good}:
            i0, i1, i2 = current[k], current[k + pitch], current[k + 2 * pitch]
            {y_} = split_part({x}, i0, i1, i2, h, held, p)
            y0 += {push}
            {store_y}
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
    if writer.fuses_step:
        return _single(writer, step)
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


def _single(writer: Writer, step: str) -> str:
    """Return source that advances all neurons by a time step that is one internal step."""
    y = [f"y{j}" for j in range(writer.n)]
    synaptic = range(writer.n_neuron, writer.n)
    pieces = writer.pieces | {
        "fetch": "; ".join(f"x{j} = {x}" for j, x in enumerate(writer.stored())),
        "held": "until[k] >= t" if writer.has_refractory_period else "False",
        "hold": writer.hold(),
        "good": f"({_stability(writer)})",
        "push": "(jump[k] if not held else 0.0)" if writer.clamps else "jump[k]",
        "y_": ", ".join(y) + ("," if writer.n == 1 else ""),
        "store_y": writer.store("y"),
        "synaptic_y": writer.load("y", states=synaptic) or "pass",
        "neuron_y": writer.neuron_y,
        "begin": writer.begin(),
    }
    count, repair = "pass", ""
    if writer.checks_stability:
        count, repair = "n_unstable += 0 if {good} else 1".format(**pieces), REPAIR_SINGLE
    return SINGLE.format(
        step=textwrap.indent(step.strip(), "    ").strip(),
        count_unstable=count,
        repair=repair.strip().format(**pieces),
        **pieces,
    )


def _stability(writer: Writer) -> str:
    """Return the condition that an internal step of neuron k was stable."""
    conditions = []
    if "stable" in methods_of(writer.kind):
        for letter in "xy":
            states = ", ".join(f"{letter}{j}" for j in range(writer.n_neuron))
            conditions.append(f"stable({states}, h, p)")
    if writer.has_stiff_synapses:
        # Conductances at the start or end of the step; those that decay are largest at its start.
        # With v there too, the compiler finds that the equations have been evaluated already.
        decaying = set(writer.exact) - {e.row for e in writer.entries if e.row != e.column}
        synapses = range(writer.n_neuron, writer.n)
        at = [f"x{j}" if j in decaying else f"larger(x{j}, y{j})" for j in synapses]
        at = [*writer.names[: writer.n_neuron], *at]
        conditions.append(f"(h * stiffness({writer.point(at)}, p) < {STIFF})")
    return " & ".join(conditions)


RK4 = """
{half}
{whole}
at = 2 * j * pitch + k
{a} = {rates}({at_x}, current[at], p)
{still_a}
{b} = {rates}({at_a}, current[at + pitch], p)
{still_b}
{c} = {rates}({at_b}, current[at + pitch], p)
{still_c}
{d} = {rates}({at_c}, current[at + 2 * pitch], p)
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
i1 = current[(2 * j + 1) * pitch + k]
# States that propagators advance have their values in the middle of the step.
{half}
{whole}
{middle}
{a} = {rates}({at}, i1, p)
{slopes}
{still_a}
{add}
{start}
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
        middle="; ".join(f"z{j} = x{j}; x{j} = m{j}" for j in writer.exact) or "pass",
        start="; ".join(f"x{j} = z{j}" for j in writer.exact) or "pass",
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
