"""Methods that advance all neurons of a block by one internal step after another."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_split import relaxation
from neurosim.kernels.types import WORK_ROW
from neurosim.models.equations import methods_of

if TYPE_CHECKING:
    from neurosim.builder.codegen.model_source import Writer

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

CHECK = """good = stable({neuron_x}, h, p) & stable({neuron_y}, h, p)
work[{unstable} + k] = 0.0 if good else 1.0
unstable |= not good
"""

REPAIR = """    if unstable:
        for k in range(n):
            if work[{unstable} + k] > 0.0:
                {set_p}
                held = work[{held} + k] > 0.0
                {load}
                c = 2 * j * n + k
                {y_} = split_part({x}, current[c], current[c + n], current[c + 2 * n], h, held, p)
                {store_new}
                work[{unstable} + k] = 0.0
    for k in range(n):
        {set_p}
        held = work[{held} + k] > 0.0
        {load}
        {load_new}
        {freeze}
        {store_y}
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
        "store_new": writer.store("y", writer.n),
        "store_y": writer.store("y"),
    }
    optional, asks = methods_of(writer.kind), writer.kind.spike_check == "internal"
    rest = ""
    if "stable" in optional:
        end, rest = CHECK, REPAIR
    elif asks and "after_step" not in optional:
        end, rest, asks = COMMIT, FOUND, False
    else:
        end = COMMIT_SILENT
    rest += (AFTER_STEP if "after_step" in optional else "") + (ASK if asks else "")
    end = textwrap.indent(end.format(**pieces).strip(), " " * 8).strip()
    step = textwrap.indent(step.strip(), " " * 4).strip()
    return TOGETHER.format(step=step, end=end, **pieces) + rest.format(**pieces)


RK4 = """
for k in range(n):
    {load}
    {begin}
for stage in range(4):
    reach = 0.0 if stage == 0 else (h if stage == 3 else 0.5 * h)
    weight = h / 6.0 if stage == 0 or stage == 3 else h / 3.0
    c = (2 * j + (stage + 1) // 2) * n
    for k in range(n):
        {set_p}
        held = work[{held} + k] > 0.0
        {load}
        {load_new}
        {load_slopes}
        {a} = {rates}({at}, current[c + k], p)
        {still}
        {store_slopes}
        {add}
"""


def rk4(writer: Writer) -> str:
    """Return source of the classical Runge-Kutta method, one stage after another."""
    n = writer.n
    return together(
        writer,
        RK4.format(
            begin="; ".join(
                f"work[{WORK_ROW * (n + j)} + k] = x{j}; work[{WORK_ROW * (2 * n + j)} + k] = 0.0"
                for j in range(n)
            ),
            load_new=writer.load("y", n),
            load_slopes=writer.load("a", 2 * n),
            store_slopes=writer.store("a", 2 * n),
            a=writer.targets("a", "derivatives"),
            at=writer.point([f"{x} + reach * a{j}" for j, x in enumerate(writer.names)]),
            still=writer.still("a"),
            add="; ".join(
                f"work[{WORK_ROW * (n + j)} + k] = y{j} + weight * a{j}" for j in range(n)
            ),
            **writer.pieces,
        ),
    )


EXPONENTIAL_EULER = """
for k in range(n):
    {set_p}
    held = work[{held} + k] > 0.0
    {load}
    i1 = current[(2 * j + 1) * n + k]
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
        slopes=textwrap.indent(relaxation(writer, "i1", "h"), "    ").strip(),
        still_a=writer.still("a"),
        add="; ".join(f"y{j} = {x} + s{j} * a{j}" for j, x in enumerate(writer.names)),
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
    i, synapses = "current[k]", "pass"
    if writer.has_synapses:
        x, y = (
            "".join(f"{letter}{j}, " for j in range(writer.n_neuron, writer.n)) for letter in "xy"
        )
        i += f" + synaptic_current(x0, {x}p)"
        synapses = f"{y} = advance_synapses({x}h, p)"
    step = MODEL_STEP.format(
        y_=writer.targets("y", "step"),
        hold=writer.hold("y"),
        i=i,
        synapses=synapses,
        store_new=writer.store("y", writer.n),
        **writer.pieces,
    )
    return together(writer, step)
