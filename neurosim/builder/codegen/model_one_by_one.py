"""Methods with adaptive steps, which advance one neuron after another."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from neurosim.builder.propagators import port_kind
from neurosim.kernels.types import ALPHA
from neurosim.models.equations import methods_of

if TYPE_CHECKING:
    from neurosim.builder.codegen.model_source import Writer
    from neurosim.models.neuron_model import NeuronModel

# Coefficients of the embedded pair: E. Fehlberg, NASA Technical Report R-315 (1969), table III.
# Weights of the earlier slopes at each stage, and of all six in the solutions of fifth and fourth
# order.
STAGES = (
    (),
    (1 / 4,),
    (3 / 32, 9 / 32),
    (1932 / 2197, -7200 / 2197, 7296 / 2197),
    (439 / 216, -8.0, 3680 / 513, -845 / 4104),
    (-8 / 27, 2.0, -3544 / 2565, 1859 / 4104, -11 / 40),
)
TIMES = (0.0, 1 / 4, 3 / 8, 12 / 13, 1.0, 1 / 2)
FIFTH = (16 / 135, 0.0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55)
FOURTH = (25 / 216, 0.0, 1408 / 2565, 2197 / 4104, -1 / 5, 0.0)
MOST_TRIALS = 2000
"""Trial steps per time step after which the error is accepted: a run must end."""

ONE_BY_ONE = """
whole = n_internal * h
for k in range(n):
    {set_p}
    held = work[{held} + k] > 0.0
    {load}
    {load_currents}
    size = states[{m} * k + {m} - 1]
    done, trials = 0.0, 0
    while done < whole{unless_frozen}:
        {hold}
        before = x0
        {trial}
        {after}
        {ask}
    {store}
    {keep_currents}
    work[{held} + k] = 1.0 if held else 0.0
    states[{m} * k + {m} - 1] = size
"""

ASK_ONE = """if not held and fires(before, {neuron_x}, p):
            v_before = before
            {x_reset} = {reset}
            work[{spiked} + k] = 1.0
            held = params[{header} + k * stride] > 0.0"""

ADAPTIVE = """
last = done + size >= whole * (1.0 - 1e-12)
s = whole - done if last else size
{stages}
error = 0.0
{errors}
error = math.sqrt(error)
trials += 1
accepted = error <= 1.0 or trials >= {trials} or s <= 1e-9 * whole
change = 0.2
if error == error and error < 1e300:
    change = min(5.0, max(0.2, 0.9 * mathematics.pow(error + 1e-30, -0.2)))
if accepted:
    {add}
    done = whole if last else done + s
    if not last or change < 1.0:
        size = s * change
else:
    size = s * change
size = min(size, whole)
if not accepted:
    continue
"""


GSL = """
last = size > whole - done
s = whole - done if last else size
accepted = False
while not accepted:
    {stages}
    {errors}
    trials += 1
    accepted = error <= 1.1 or trials >= {trials}
    if not accepted:
        s *= max(0.2, 0.9 * mathematics.pow(error, -0.2)) if error < 1e300 else 0.2
        last = False
{add}
done = whole if last else done + s
size = s
if error < 0.5:
    more = 5.0 if error == 0.0 else 0.9 * mathematics.pow(error, -1.0 / 6.0)
    size = s * min(5.0, max(1.0, more))
"""


def _combined(weights: tuple[float, ...], j: int) -> str:
    """Return the weighted sum of the slopes of state j, times the step."""
    terms = [f"{w!r} * {q}{j}" for w, q in zip(weights, "abcdef", strict=False) if w]
    return f"s * ({' + '.join(terms)})"


def _stages(writer: Writer) -> str:
    """Return the lines that compute the six slopes of the pair."""
    lines = []
    for letter, weights, time in zip("abcdef", STAGES, TIMES, strict=True):
        values = writer.names
        if weights:
            values = [f"{x} + {_combined(weights, j)}" for j, x in enumerate(writer.names)]
        now = f"current_at(current, k, n, points, (done + s * {time!r}) / whole)"
        target = writer.targets(letter, "derivatives")
        lines += [f"{target} = slopes({writer.point(values)}, {now}, p)", writer.still(letter)]
    return "\n".join(lines)


def _one_by_one(
    writer: Writer, trial: str, load_currents: str = "pass", keep_currents: str = "pass"
) -> str:
    """Return source that advances one neuron after another with adaptive steps."""
    after = "pass"
    if "after_step" in methods_of(writer.kind):
        after = "{x_after} = after_step(before, {neuron_x}, held, p)".format(**writer.pieces)
    return ONE_BY_ONE.format(
        m=writer.m,
        unless_frozen=" and not held" if writer.freezes and not writer.has_synapses else "",
        hold=writer.hold(),
        trial=textwrap.indent(trial.strip(), " " * 8).strip(),
        load_currents=load_currents,
        keep_currents=keep_currents,
        after=after,
        ask=ASK_ONE.format(**writer.pieces) if writer.kind.spike_check == "internal" else "pass",
        **writer.pieces,
    )


def tolerance_of(model: NeuronModel) -> float:
    """Return the largest error of a state in an internal step."""
    if model.tolerance is not None:
        return model.tolerance
    return 1e-3 if model.method == "gsl" and model.error_control == "y" else 1e-6


def _off(j: int) -> str:
    """Return the difference of the solutions of fifth and fourth order of state j."""
    return _combined(tuple(high - low for high, low in zip(FIFTH, FOURTH, strict=True)), j)


def adaptive(writer: Writer) -> str:
    """Return source of the pair of Fehlberg with error control."""
    tolerance = tolerance_of(writer.model)
    trial = ADAPTIVE.format(
        stages=_stages(writer),
        errors="\n".join(
            f"error += ({_off(j)} / ({tolerance!r} * max(1.0, abs({x})))) ** 2"
            for j, x in enumerate(writer.names)
        ),
        trials=MOST_TRIALS,
        add="; ".join(f"{x} += {_combined(FIFTH, j)}" for j, x in enumerate(writer.names)),
    )
    return _one_by_one(writer, trial)


def gsl(writer: Writer) -> str:
    """Return source that reproduces NEST's solver.

    The synaptic currents are part of the solver's vector.

    They are read from and written to `current`: the injected current of all neurons, then each
    variable of each port.
    """
    flowing, decays, arrivals = carried_currents(writer)
    names = [*writer.names, *(f"x{writer.n + m}" for m in range(len(decays)))]

    def slopes(letter: str, at: list[str]) -> list[str]:
        """Return lines that compute all slopes at a point."""
        total = " + ".join(["injected", *(at[j] for j in flowing)])
        target = writer.targets(letter, "derivatives")
        lines = [f"{target} = slopes({writer.point(at[: writer.n])}, {total}, p)"]
        lines.append(writer.still(letter))
        for m, (tau, rise) in enumerate(decays, writer.n):
            grown = "" if rise is None else f"{at[rise]} "
            lines.append(f"{letter}{m} = {grown}- {at[m]} / {tau}")
        return lines

    stages = []
    for letter, weights in zip("abcdef", STAGES, strict=True):
        at = [f"({x} + {_combined(weights, j)})" if weights else x for j, x in enumerate(names)]
        stages += slopes(letter, at)
    after = [f"{x} + {_combined(FIFTH, j)}" for j, x in enumerate(names)]
    tolerance = tolerance_of(writer.model)
    errors = ["error = 0.0"]
    if writer.model.error_control == "yp":
        errors += slopes("g", [f"({x})" for x in after])
    for j in range(len(names)):
        allowed = f"{tolerance!r}"
        if writer.model.error_control == "yp":
            allowed = f"({tolerance!r} + {tolerance!r} * abs(s * g{j}))"
        errors.append(f"error = max(error, abs({_off(j)}) / {allowed})")
    trial = GSL.format(
        stages="\n    ".join(stages),
        errors="\n    ".join(errors),
        trials=MOST_TRIALS,
        add="; ".join(f"{x} = {value}" for x, value in zip(names, after, strict=True)),
    )
    load, keep = ["injected = current[k]"], []
    for m, (x, arriving) in enumerate(zip(names[writer.n :], arrivals, strict=True), 1):
        load.append(f"{x} = current[{m} * n + k]")
        keep.append(f"current[{m} * n + k] = {x}{arriving}")
    return _one_by_one(writer, trial, "; ".join(load), "; ".join(keep) or "pass")


def carried_currents(writer: Writer) -> tuple[list[int], list[tuple[str, int | None]], list[str]]:
    """Return the variables of the currents that the solver integrates.

    Returns
    -------
    flowing : list of int
        Indices of the currents in the vector of states and variables.
    decays : list of (str, int or None)
        Time constant of each variable, and index of the variable by which it grows.
    arrivals : list of str
        Input of each at the end of the time step.
    """
    flowing: list[int] = []
    decays: list[tuple[str, int | None]] = []
    arrivals = []
    for number, port in enumerate(writer.ports):
        if port.has_equations:
            continue
        tau = f"p.synapse{number}.tau"
        arriving = f"current[(points + {number}) * n + k]"
        flowing.append(writer.n + len(decays))
        if port_kind(port) == ALPHA:
            decays.append((tau, flowing[-1] + 1))
            arrivals.append("")
            arriving = f"math.e / {tau} * {arriving}"
        decays.append((tau, None))
        arrivals.append(f" + {arriving}")
    return flowing, decays, arrivals
