"""Methods that advance all neurons of a block by one internal step after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_functions import indented
from neurosim.builder.codegen.model_split import relaxation
from neurosim.builder.codegen.synapse_source import currents_into

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
        held = {held}
        {hold}
        {step}
        {check}
        {change}
        {remember}
        {store_y}
        {ask}
    {prepare}
    {repair}
    {after}
    {found}
"""

CHECK = """good = {good}
work[{unstable} + k] = 0.0 if good else 1.0
n_unstable += 0 if good else 1
{unchanged}"""
"""A step that is not good is undone. Loops that count are vectorised, unlike those with flags."""

REPAIR = """if n_unstable:
    n_found = 1
    for k in range(n):
        {set_p}
        {fetch_again}
        held = {held}
        {hold}
        {synaptic_y}
        if {is_unstable}:
            at = 2 * j * pitch + k
            i0, i1, i2 = current[at], current[at + pitch], current[at + 2 * pitch]
            {y_} = split_part({x}, i0, i1, i2, h, held, p)
            {change}
            {store_y}
            {repaired}"""

PREPARE = """if n_found or n_unstable:
    for k in range(n):
        {begin}
        work[{before} + k] = v[k]"""
"""Rows of `work` that only spikes and repeated steps need, if a time step is done in one loop."""

AFTER_STEP = """for k in range(n):
    {set_p}
    {load}
    {x_after} = after_step(work[{before} + k], {neuron_x}, {is_held}, p)
    {store}"""

ASK = "ask(n, 0.0, jump, params, work)"


def together(writer: Writer, step: str) -> str:
    """Return source that advances all neurons by one internal step after another.

    `step` computes the new states of all neurons.
    """
    asks, has_after_step = writer.kind.spike_check == "internal", writer.has("after_step")
    scans = writer.fuses_step or (asks and not has_after_step)
    pieces = writer.pieces | {"hold": writer.hold(), "good": _stability(writer)}
    pieces |= _one_loop(writer) if writer.fuses_step else _with_rows(writer)
    before = "v[k]" if writer.fuses_step else "x0"
    blocks = {
        "check": ("n_unstable += 0 if ({good}) else 1" if writer.fuses_step else CHECK, 2),
        "repair": (REPAIR, 1),
    }
    checked = writer.checks_stability
    return TOGETHER.format(
        n_internal="1" if writer.fuses_fetch else "n_internal",
        step=indented(step, 2),
        remember=f"{writer.at('before')} = x0" if asks or has_after_step else "pass",
        ask=f"n_found += 1 if fires({before}, {writer.neuron_y}, p) else 0" if scans else "pass",
        prepare=indented(PREPARE.format(**pieces), 1) if writer.fuses_step else "pass",
        **{
            name: indented(text.format(**pieces), depth) if checked else "pass"
            for name, (text, depth) in blocks.items()
        },
        after=indented(AFTER_STEP.format(**pieces), 1) if has_after_step else "pass",
        found=f"if n_found:\n        {ASK}" if scans else (ASK if asks else "pass"),
        **pieces,
    )


def _with_rows(writer: Writer) -> dict[str, str]:
    """Return pieces of code that mark refractory and unstable neurons in rows of `work`."""
    return {
        "fetch": f"{writer.begin()}; {writer.fetch()}" if writer.fuses_fetch else writer.load(),
        "fetch_again": writer.load(),
        "held": writer.is_held,
        "change": writer.freeze(),
        "unchanged": "; ".join(f"y{j} = y{j} if good else x{j}" for j in range(writer.n)),
        "synaptic_y": "pass",
        "is_unstable": f"{writer.at('unstable')} > 0.0",
        "repaired": f"{writer.at('unstable')} = 0.0",
    }


def _one_loop(writer: Writer) -> dict[str, str]:
    """Return pieces of a time step in one loop, which needs these rows only after spikes."""
    return {
        "begin": writer.begin(),
        "fetch": writer.fetch(),
        "fetch_again": writer.fetch(),
        "held": "until[k] >= t" if writer.has_refractory_period else "False",
        "change": f"y0 += {'(jump[k] if not held else 0.0)' if writer.clamps else 'jump[k]'}",
        "synaptic_y": writer.load("y", range(writer.n_neuron, writer.n)) or "pass",
        "is_unstable": f"not ({_stability(writer)})",
        "repaired": "pass",
    }


def _stability(writer: Writer) -> str:
    """Return the condition that an internal step of neuron k was stable."""
    conditions = []
    if writer.has("stable"):
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


def rk4(writer: Writer) -> str:
    """Return source of the classical Runge-Kutta method.

    States that propagators advance are known in the middle (m) and at the end (y) of the step.
    """

    def point(reach: str, slope: str, exact: str) -> list[str]:
        """Return the states at a stage."""
        return [
            f"x{j} + {reach} * {slope}{j}" if j in writer.moving else f"{exact}{j}"
            for j in range(writer.n)
        ]

    new = "y{0} = x{0} + h / 6.0 * (a{0} + 2.0 * (b{0} + c{0}) + d{0})"
    lines = [
        writer.propagate("m", "x"),
        writer.propagate("y", "m"),
        "at = 2 * j * pitch + k",
        writer.slopes("a", writer.names, "current[at]"),
        writer.slopes("b", point("0.5 * h", "a", "m"), "current[at + pitch]"),
        writer.slopes("c", point("0.5 * h", "b", "m"), "current[at + pitch]"),
        writer.slopes("d", point("h", "c", "y"), "current[at + 2 * pitch]"),
        "; ".join(map(new.format, writer.moving)),
    ]
    return together(writer, "\n".join(lines))


def exponential_euler(writer: Writer) -> str:
    """Return source of the exponential Euler method."""
    return _euler(writer, relaxation(writer, "i1", "h", writer.moving))


def euler(writer: Writer) -> str:
    """Return source of the explicit Euler method."""
    return _euler(writer, "; ".join(f"s{j} = h" for j in writer.moving) or "pass")


def _euler(writer: Writer, factors: str) -> str:
    """Return source that moves each state along its slope, by `factors`."""
    lines = [
        "i1 = current[(2 * j + 1) * pitch + k]",
        "# States that propagators advance have their values in the middle of the step.",
        writer.propagate("m", "x"),
        writer.propagate("y", "m"),
        "; ".join(f"z{j} = x{j}; x{j} = m{j}" for j in writer.exact) or "pass",
        writer.slopes("a", writer.names, "i1", factors),
        "; ".join(f"y{j} = x{j} + s{j} * a{j}" for j in writer.moving),
        "; ".join(f"x{j} = z{j}" for j in writer.exact) or "pass",
    ]
    return together(writer, "\n".join(lines))


def model_step(writer: Writer) -> str:
    """Return source that calls the `step` of the model."""
    new, states = writer.targets("y", "step"), writer.pieces["neuron_x"]
    currents = currents_into(writer, "current[k]")
    lines = [f"{new} = step({states}, {currents}, jump[k], h, p)", writer.hold("y")]
    if writer.has_synapses:
        x, y = (
            "".join(f"{letter}{j}, " for j in range(writer.n_neuron, writer.n)) for letter in "xy"
        )
        lines.append(f"{y} = advance_synapses({x}h, p)")
    return together(writer, "\n".join(lines))
