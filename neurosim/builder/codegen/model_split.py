"""Unconditionally stable step: each state relaxes while the others are constant."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurosim.builder.codegen.model_source import Writer

PIECES = 2**12
"""Largest number of pieces of an internal step; a power of two."""
TOLERANCE = 1e-4
"""Largest accepted error of a piece (mV); where |v| is above 100 mV, a millionth of |v|."""

RELAX = """
@called
def relax({x}, i, h, held, p):
    \"\"\"Return how far each state moves in h (ms) while the others are constant.\"\"\"
    {a} = slopes({at}, i, p)
    {slopes}
    {still}
    return {moves}


@called
def split_step({x}, i, h, held, p):
    \"\"\"Advance all states by h (ms), stably at any rate: half a step, v alone, half a step.\"\"\"
    {a} = relax({x}, i, 0.5 * h, held, p)
    {add_gates}
    {a} = relax({x}, i, h, held, p)
    x0 += a0
    {a} = relax({x}, i, 0.5 * h, held, p)
    {add_gates}
    return {x_}


@called
def split_part({x}, first, middle, last, h, held, p):
    \"\"\"Advance all states by an internal step, in pieces adapted by step doubling.

    `first`, `middle` and `last` are the current (pA) at its start, middle and end.
    \"\"\"
    rise, bend = 4.0 * middle - 3.0 * first - last, 2.0 * (first + last) - 4.0 * middle
    done, size = 0, {pieces}
    while done < {pieces}:
        piece = h * size / {pieces}
        z, quarter = (done + 0.5 * size) / {pieces}, 0.25 * size / {pieces}
        i = first + z * (rise + z * bend)
        {u_} = split_step({x}, i, piece, held, p)
        z -= quarter
        i = first + z * (rise + z * bend)
        {w_} = split_step({x}, i, 0.5 * piece, held, p)
        z += 2.0 * quarter
        i = first + z * (rise + z * bend)
        {w_} = split_step({w}, i, 0.5 * piece, held, p)
        error = abs(u0 - w0) / max(1.0, 0.01 * abs(w0))
        if error > {tolerance} and size > 1:
            size //= 2
            continue
        {x_} = {w_}
        if error <= {tolerance}:  # else v grows to a spike within the shortest piece
            # Richardson extrapolation: the error of a symmetric step is of third order.
            {extrapolate}
        done += size
        if error < 0.1 * {tolerance} and done % (2 * size) == 0:
            size *= 2
    return {x_}
"""


def relaxation(
    writer: Writer,
    current: str,
    step: str,
    states: Sequence[int],
    function: str = "",
) -> str:
    """Return lines that compute the relaxation of some states in a step.

    The relaxation is per unit of the state's slope.
    """
    lines = []
    function = function or str(writer.pieces["rates"])
    for j in states:
        x, near = writer.names[j], [*writer.names]
        near[j] = f"{x} + e{j}"
        lines.append(f"e{j} = 1e-4 * max(1.0, abs({x}))")
        lines.append(
            f"{writer.targets('b', 'derivatives')} = {function}({writer.point(near)}, {current}, p)"
        )
        lines.append(f"s{j} = {step} * slope_ratio({step} * (b{j} - a{j}) / e{j})")
    return "\n".join(lines)


def split_source(writer: Writer) -> str:
    """Return the functions of the step, for models that define `stable`."""

    def names(letter: str) -> str:
        return ", ".join(f"{letter}{j}" for j in range(writer.n))

    def tuple_of(letter: str) -> str:
        return names(letter) + ("," if writer.n == 1 else "")

    gates = range(1, writer.n)
    return RELAX.strip().format(
        x=names("x"),
        x_=tuple_of("x"),
        u_=tuple_of("u"),
        w=names("w"),
        w_=tuple_of("w"),
        a=writer.targets("a", "derivatives"),
        at=writer.point(writer.names),
        still=writer.still("a"),
        moves=", ".join(f"s{j} * a{j}" for j in range(writer.n))
        + ("," if writer.n == 1 and "derivatives" not in writer.numbers else ""),
        slopes=textwrap.indent(
            relaxation(writer, "i", "h", range(writer.n), "slopes"), "    "
        ).strip(),
        add_gates="; ".join(f"x{j} += a{j}" for j in gates) or "pass",
        extrapolate="; ".join(f"x{j} = w{j} + (w{j} - u{j}) / 3.0" for j in range(writer.n)),
        pieces=PIECES,
        tolerance=TOLERANCE,
    )
