"""Exact integration of linear equations by the propagator of a time step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_one_by_one import carried_currents
from neurosim.builder.codegen.model_together import together

if TYPE_CHECKING:
    from neurosim.builder.codegen.model_source import Writer
    from neurosim.builder.linear import Entry

STEP = """
{load_currents}
{entries}
{rows}
{hold_y}
"""

CURRENT = """for k in range(n):
    {set_p}
    {load_currents}
    {entries}
    {rows}
"""


def exact(writer: Writer) -> str:
    """Return source that multiplies the state by the propagator.

    Synaptic currents are read from and written to `current`: the injected current of all neurons,
    then each variable of each port.
    """
    _, decays, arrivals = carried_currents(writer)
    n, n_currents = writer.n, len(decays)
    load = [f"x{n + m} = current[{m + 1} * n + k]" for m in range(n_currents)]
    values = [f"m{e} = {writer.value(writer.n_parameters + e)}" for e in range(len(writer.entries))]
    uniform, each = (values, ["pass"]) if writer.is_uniform else (["pass"], values)
    rows = [f"y{j} = {_row(writer, j)}" for j in range(n)]
    step = STEP.format(
        entries="; ".join(each),
        load_currents="; ".join([*load, f"x{n + n_currents} = current[k]"]),
        rows="\n".join(rows),
        hold_y=writer.hold("y"),
    )
    text = "\n" + "; ".join(uniform) + together(writer, step)
    if decays:
        text += CURRENT.format(
            load_currents="; ".join(load),
            entries="; ".join(each),
            rows="; ".join(
                f"current[{m + 1} * n + k] = {_row(writer, n + m)}{arriving}"
                for m, arriving in enumerate(arrivals)
            ),
            **writer.pieces,
        )
    return text


def _row(writer: Writer, row: int) -> str:
    """Return the expression of a variable after the step."""
    terms: dict[bool, list[str]] = {False: [], True: []}
    for e, entry in enumerate(writer.entries):
        if entry.row == row:
            terms[entry.held].append(_term(writer, e, entry))
    free, held = (" + ".join(terms[key]) for key in (False, True))
    return f"{held} if held else {free}" if held else free


def _term(writer: Writer, e: int, entry: Entry) -> str:
    """Return the contribution of a variable; the last variable is 1."""
    is_one = entry.column == writer.n_variables - 1
    return f"m{e}" if is_one else f"m{e} * x{entry.column}"
