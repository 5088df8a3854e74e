"""Methods that advance all neurons of a block by one internal step after another."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_split import relaxation
from neurosim.builder.codegen.synapse_source import currents_into
from neurosim.kernels.types import WORK_ROW
from neurosim.models.equations import methods_of

if TYPE_CHECKING:
    from neurosim.builder.codegen.model_source import Writer

STIFF = 0.5
"""Largest product of step and rate of a synaptic conductance in an explicit step."""

TOGETHER = """
for j in range(n_internal):
    for k in range(n):
        {set_p}
        held = work[{held} + k] > 0.0
        {load}
        {hold}
        {store}
        work[{before} + k] = x0
    {step}
    found = unstable = False
    for k in range(n):
        {set_p}
        held = work[{held} + k] > 0.0
        {load}
        {load_new}
        {end}
"""

COMMIT = """{freeze}
{store_y}
found |= fires(work[{before} + k], {neuron_y}, p)
"""

COMMIT_SILENT = """{freeze}
{store_y}
"""

CHECK = """good = {good}
work[{unstable} + k] = 0.0 if good else 1.0
unstable |= not good
{unchanged}
"""

REPAIR = """    if unstable:
        found = True
        for k in range(n):
            if work[{unstable} + k] > 0.0:
                {set_p}
                held = work[{held} + k] > 0.0
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
        {x_after} = after_step(work[{before} + k], {neuron_x}, work[{held} + k] > 0.0, p)
        {store}
"""

FOUND = """    if found:
        ask(n, 0.0, jump, params, work)
"""

ASK = """    ask(n, 0.0, jump, params, work)
"""


def together(writer: Writer, step: str) -> str:
    """Return source that advances all neurons by one internal step after another.

    `step` computes the new states of all neurons.
    """
    y = ", ".join(f"y{j}" for j in range(writer.n))
    pieces = writer.pieces | {
        "neuron_y": writer.neuron_y,
        "y_": y + ("," if writer.n == 1 else ""),
        "hold": writer.hold(),
        "freeze": writer.freeze(),
        "load_new": writer.load("y", writer.n),
        "store_y": writer.store("y"),
        "good": _stability(writer),
        "unchanged": "; ".join(f"y{j} = y{j} if good else x{j}" for j in range(writer.n)),
    }
    optional, asks = methods_of(writer.kind), writer.kind.spike_check == "internal"
    end, rest, ask = "", "", ASK
    if writer.checks_stability:
        end, rest = CHECK, REPAIR
    if asks and "after_step" not in optional:
        end, ask = end + COMMIT, FOUND
    else:
        end += COMMIT_SILENT
    rest += (AFTER_STEP if "after_step" in optional else "") + (ask if asks else "")
    end = textwrap.indent(end.format(**pieces).strip(), " " * 8).strip()
    step = textwrap.indent(step.strip(), " " * 4).strip()
    return TOGETHER.format(step=step, end=end, **pieces) + rest.format(**pieces)


def _stability(writer: Writer) -> str:
    """Return the condition that an internal step of neuron k was stable."""
    conditions = []
    if "stable" in methods_of(writer.kind):
        for letter in "xy":
            states = ", ".join(f"{letter}{j}" for j in range(writer.n_neuron))
            conditions.append(f"stable({states}, h, p)")
    if writer.has_stiff_synapses:
        for letter in "xy":
            states = ", ".join(f"{letter}{j}" for j in range(writer.n))
            conditions.append(f"(h * stiffness({states}, p) < {STIFF})")
    return " & ".join(conditions)


RK4 = """
for k in range(n):
    {load}
    {begin}
    {begin_exact}
for stage in range(4):
    reach = 0.0 if stage == 0 else (h if stage == 3 else 0.5 * h)
    weight = h / 6.0 if stage == 0 or stage == 3 else h / 3.0
    c = (2 * j + (stage + 1) // 2) * n
    {propagate}
    for k in range(n):
        {set_p}
        held = work[{held} + k] > 0.0
        {load_moving}
        {load_exact}
        {load_new}
        {load_slopes}
        {a} = {rates}({at}, current[c + k], p)
        {still}
        {store_slopes}
        {add}
"""

PROPAGATE = """if stage == 1 or stage == 3:
    for k in range(n):
        {set_p}
        {load_exact}
        {propagate}
        {store_stage}
        {store_new}
"""


def rk4(writer: Writer) -> str:
    """Return source of the classical Runge-Kutta method, one stage after another.

    The states that propagators advance have their values at each stage in the rows of slopes.
    """
    n, moving, exact = writer.n, writer.moving, writer.exact
    new, stage = n, 2 * n
    at = [f"{x} + reach * a{j}" if j in moving else x for j, x in enumerate(writer.names)]
    load_exact = writer.load("x", stage, exact) or "pass"
    propagate = PROPAGATE.format(
        set_p=writer.pieces["set_p"],
        load_exact=load_exact,
        propagate=writer.propagate("y", "x"),
        store_stage=writer.store("y", stage, exact),
        store_new=writer.store("y", new, exact),
    )
    step = RK4.format(
        begin="; ".join(
            f"work[{WORK_ROW * (new + j)} + k] = x{j}; work[{WORK_ROW * (stage + j)} + k] = 0.0"
            for j in moving
        ),
        begin_exact=writer.store("x", stage, exact) or "pass",
        propagate=textwrap.indent(propagate.strip(), "    ").strip() if exact else "pass",
        load_moving=writer.load("x", 0, moving),
        load_exact=load_exact,
        load_new=writer.load("y", new, moving),
        load_slopes=writer.load("a", stage, moving),
        store_slopes=writer.store("a", stage, moving),
        a=writer.targets("a", "derivatives"),
        at=writer.point(at),
        still=writer.still("a"),
        add="; ".join(f"work[{WORK_ROW * (new + j)} + k] = y{j} + weight * a{j}" for j in moving),
        **writer.pieces,
    )
    return together(writer, step)


EXPONENTIAL_EULER = """
for k in range(n):
    {set_p}
    held = work[{held} + k] > 0.0
    {load}
    i1 = current[(2 * j + 1) * n + k]
    # States that propagators advance have their values in the middle of the step.
    {half}
    {whole}
    {middle}
    {a} = {rates}({at}, i1, p)
    {slopes}
    {still_a}
    {add}
    {store_new}
"""


def exponential_euler(writer: Writer) -> str:
    """Return source of the exponential Euler method."""
    step = EXPONENTIAL_EULER.format(
        a=writer.targets("a", "derivatives"),
        at=writer.point(writer.names),
        half=writer.propagate("a", "x") or "pass",
        whole=writer.propagate("y", "a") or "pass",
        middle="; ".join(f"x{j} = a{j}" for j in writer.exact) or "pass",
        slopes=textwrap.indent(relaxation(writer, "i1", "h", writer.moving), "    ").strip(),
        still_a=writer.still("a"),
        add="; ".join(f"y{j} = x{j} + s{j} * a{j}" for j in writer.moving),
        store_new=writer.store("y", writer.n),
        **writer.pieces,
    )
    return together(writer, step)


MODEL_STEP = """
for k in range(n):
    {set_p}
    held = work[{held} + k] > 0.0
    {load}
    {y_} = step({neuron_x}, {i}, jump[k], h, p)
    {hold}
    {synapses}
    {store_new}
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
        hold=writer.hold("y"),
        i=currents_into(writer, "current[k]"),
        synapses=synapses,
        store_new=writer.store("y", writer.n),
        **writer.pieces,
    )
    return together(writer, step)
