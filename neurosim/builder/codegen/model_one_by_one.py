"""Methods with adaptive steps, which advance one neuron after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_functions import indented
from neurosim.builder.propagators import port_kind
from neurosim.kernels.types import ALPHA, WORK_ROW

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurosim.builder.codegen.model_source import Writer
    from neurosim.models.neuron_model import NeuronModel

MOST_TRIALS = 10_000
"""Trial steps per time step; after more the potential is NaN, which stops the run."""

ONE_BY_ONE = """
whole = n_internal * h
for k in range(n):
    {begin}
    done, trials = 0.0, 0
    while done < whole and x0 == x0{unless_frozen}:
        {hold}
        before = x0
        {trial}
        {push}
        {after}
        {ask}
    {store}
    {end}
    work[{held} + k] = 1.0 if held else 0.0
"""

ASK_ONE = """if not held and fires(before, {neuron_x}, p):
            v_before = before
            {x_reset} = {reset}
            work[{spiked} + k] += 1.0
            held = {refractory} > 0.0"""

# The classical Runge-Kutta method with an error estimate of third order by a fifth stage:
# J. A. Zonneveld, Automatic Numerical Integration, Mathematisch Centrum (1964).
ATTEMPT = '''@function
def attempt({x}, i0, i1, i2, i3, s, held, p):
    """Return the states after a step of s (ms), and the square of its error relative to the bound.

    i0 to i3 are the current at its start, in the middle, at three quarters and at its end.
    """
    {stages}
    {add}
    error = 0.0
    {errors}
    return {y}, error


@called
def attempt_alone({x}, i0, i1, i2, i3, s, held, p):
    """The same, where it need not be computed for several neurons at once."""
    return attempt({x}, i0, i1, i2, i3, s, held, p)'''

TRY_TOGETHER = """
s, quarter, n_rejected = n_internal * h, (points - 1) // 4 * n, 0
for k in range(n):
    {set_p}
    held = {is_held}
    {load}
    {hold}
    i0, i1 = current[k], current[2 * quarter + k]
    i2, i3 = current[3 * quarter + k], current[4 * quarter + k]
    {y}, error = attempt({x}, i0, i1, i2, i3, s, held, p)
    accepted = error <= 1.0
    {locate}
    work[{unstable} + k] = 0.0 if accepted else (max(error, 1.0) if error < 1e300 else 1e300)
    n_rejected += 0 if accepted else 1
    {freeze}
    work[{before} + k] = x0
    {store_accepted}
"""
"""The whole time step as one step, for all neurons of a block at once."""

AFTER_FIRST = """for k in range(n):
    if work[{unstable} + k] == 0.0:
        {set_p}
        {load}
        {x_after} = after_step(work[{before} + k], {neuron_x}, {is_held}, p)
        {store}
"""

REST = """if n_rejected:
    {one_by_one}
"""

BEGIN_REJECTED = """if work[{unstable} + k] == 0.0:
    continue
{set_p}
held = {is_held}
{load}
size = whole * max(0.2, 0.9 * mathematics.pow(work[{unstable} + k], -0.125))
work[{unstable} + k] = 0.0
"""

TRY = """for stage in range(6):
    {begin}
    for q in range(stage):
        weight, at = s * STAGES[6 * stage + q], {first} + {stride} * q + k
        {add}
    {slopes}
    {still}
    at = {first} + {stride} * stage + k
    {store}
{clear}
for q in range(6):
    fifth, off, at = FIFTH[q], OFF[q], {first} + {stride} * q + k
    {sum}
"""
"""Slopes at the six stages, their sums y for the solution of fifth order, and the difference e to
that of fourth order, each to be multiplied by the step."""

ADAPTIVE = """
last = done + size >= whole * (1.0 - 1e-12)
s = whole - done if last else size
i0, i1 = {i0}, {i1}
i2, i3 = {i2}, {i3}
{y}, error = attempt_alone({x}, i0, i1, i2, i3, s, held, p)
trials += 1
accepted = error <= 1.0 or s <= 1e-9 * whole
change = 0.2
if error == error and error < 1e300:
    change = min(5.0, max(0.2, 0.9 * mathematics.pow(error + 1e-30, -0.125)))
{locate}
size = min(s * change, whole)
if not accepted:
    if trials > {trials}:
        x0 = math.nan
    continue
{accept}
done = whole if last else done + s
if trials > {trials}:
    x0 = math.nan
"""

LOCATE = """if error <= 1.0 and not held and s > 0.01 * whole:
    if fires(x0, {neuron_y}, p):
        accepted, change = False, 0.2"""
"""A spike is located within a hundredth of the time step."""

GSL = """
last = size > whole - done
s = whole - done if last else size
accepted = False
while not accepted:
    {slopes}
    {end_slopes}
    error = 0.0
    {errors}
    trials += 1
    accepted = error <= 1.1 or trials > {trials}
    if not accepted:
        s *= max(0.2, 0.9 * mathematics.pow(error, -0.2)) if error < 1e300 else 0.2
        last = False
{add}
x0 = math.nan if trials > {trials} else x0
done = whole if last else done + s
size = s
if error < 0.5:
    more = 5.0 if error == 0.0 else 0.9 * mathematics.pow(error, -1.0 / 6.0)
    size = s * min(5.0, max(1.0, more))
"""


def _one_by_one(writer: Writer, begin: str, trial: str, end: str = "pass", push: str = "") -> str:
    """Return source that advances one neuron after another with adaptive steps.

    `begin`, `trial` and `end` are lines before, for and after the internal steps of a neuron;
    `push` is a line after each internal step.
    """
    after = "pass"
    if writer.has("after_step"):
        after = "{x_after} = after_step(before, {neuron_x}, held, p)".format(**writer.pieces)
    return ONE_BY_ONE.format(
        begin=indented(begin, 1),
        unless_frozen=" and not held" if writer.freezes and not writer.has_synapses else "",
        hold=writer.hold(),
        trial=indented(trial, 2),
        push=push or "pass",
        after=after,
        ask=ASK_ONE.format(**writer.pieces) if writer.kind.spike_check == "internal" else "pass",
        end=indented(end, 1),
        **writer.pieces,
    )


def _try(writer: Writer, names: list[str], slopes: Callable[[list[str]], str]) -> str:
    """Return lines that compute the solutions at the end of a trial step of one neuron.

    `slopes` returns the lines that compute the slopes a0, a1, … at a point.
    """
    indices = range(len(names))
    return TRY.format(
        begin="; ".join(f"y{j} = {x}" for j, x in enumerate(names)),
        first=WORK_ROW * writer.slope_row(0),
        stride=WORK_ROW * len(names),
        add="; ".join(f"y{j} += weight * work[at + {WORK_ROW * j}]" for j in indices),
        slopes=indented(slopes([f"y{j}" for j in indices]), 1),
        still=writer.still("a"),
        store="; ".join(f"work[at + {WORK_ROW * j}] = a{j}" for j in indices),
        clear="; ".join(f"y{j} = e{j} = 0.0" for j in indices),
        sum="; ".join(
            f"y{j} += fifth * work[at + {WORK_ROW * j}]; e{j} += off * work[at + {WORK_ROW * j}]"
            for j in indices
        ),
    )


def tolerance_of(model: NeuronModel) -> float:
    """Return the largest error of a state in an internal step."""
    if model.tolerance is not None:
        return model.tolerance
    if model.method == "adaptive":
        return 1e-4
    return 1e-3 if model.error_control == "y" else 1e-6


def attempt(writer: Writer) -> str:
    """Return the functions of a step of "adaptive"."""
    tolerance, states = repr(tolerance_of(writer.model)), range(writer.n)
    # Slopes, how far the state moves along the slopes before, and the current.
    stages = [
        ("a", "", "i0"),
        ("b", "0.5 * a{0}", "i1"),
        ("c", "0.5 * b{0}", "i1"),
        ("d", "c{0}", "i3"),
        ("e", "(5.0 * a{0} + 7.0 * b{0} + 13.0 * c{0} - d{0}) / 32.0", "i2"),
    ]

    def point(moved: str) -> list[str]:
        """Return the states at a stage."""
        return [f"x{j} + s * ({moved.format(j)})" if moved else f"x{j}" for j in states]

    new = "y{0} = x{0} + s * (a{0} + 2.0 * (b{0} + c{0}) + d{0}) * (1.0 / 6.0)"
    error = (
        "error += (s * (a{0} - 3.0 * (b{0} + c{0} + d{0}) + 8.0 * e{0}) "
        f"* (2.0 / 3.0 / {tolerance}) / max(1.0, abs(x{{0}}))) ** 2"
    )
    lines = [writer.slopes(letter, point(moved), current) for letter, moved, current in stages]
    return ATTEMPT.format(
        stages=indented("\n".join(lines), 1),
        add="; ".join(map(new.format, states)),
        errors="\n    ".join(map(error.format, states)),
        **writer.pieces,
    )


def adaptive(writer: Writer) -> str:
    """Return source of the classical Runge-Kutta method with error control.

    A step of the length of the time step is tried for all neurons of a block together. Those in
    which its error is too large are then advanced one by one in shorter steps.
    """
    states, asks = range(writer.n), writer.kind.spike_check == "internal"
    locates = asks and not writer.has("after_step")
    text = TRY_TOGETHER.format(
        hold=writer.hold(),
        freeze=writer.freeze(),
        locate=f"accepted &= held | (not fires(x0, {writer.neuron_y}, p))" if locates else "pass",
        store_accepted="; ".join(
            f"work[{WORK_ROW * j} + k] = y{j} if accepted else x{j}" for j in states
        ),
        **writer.pieces,
    )
    if writer.has("after_step"):
        text += AFTER_FIRST.format(**writer.pieces)
        text += "ask(n, 0.0, jump, params, work)\n" if asks else ""
    times = {"i0": "done", "i1": "(done + 0.5 * s)", "i2": "(done + 0.75 * s)", "i3": "(done + s)"}
    trial = ADAPTIVE.format(
        locate=LOCATE.format(neuron_y=writer.neuron_y) if locates else "pass",
        trials=MOST_TRIALS,
        accept="; ".join(f"x{j} = y{j}" for j in states),
        **{i: f"current_at(current, k, n, points, {time} / whole)" for i, time in times.items()},
        **writer.pieces,
    )
    begin = BEGIN_REJECTED.format(**writer.pieces)
    return text + REST.format(one_by_one=indented(_one_by_one(writer, begin, trial), 1))


def gsl(writer: Writer) -> str:
    """Return source that reproduces NEST's solver.

    The synaptic currents are part of the solver's vector. They are read from and written to
    `current`: the injected current of all neurons, then each variable of each port.
    """
    flowing, decays, arrivals = carried_currents(writer)
    names = [f"x{j}" for j in range(writer.n + len(decays))]
    by_change = writer.model.error_control == "yp"
    tolerance = repr(tolerance_of(writer.model))

    def slopes(at: list[str], letter: str = "a") -> str:
        """Return lines that compute all slopes at a point."""
        total = " + ".join(["injected", *(at[j] for j in flowing)])
        target = writer.targets(letter, "derivatives")
        lines = [f"{target} = slopes({writer.point(at[: writer.n])}, {total}, p)"]
        for m, (tau, rise) in enumerate(decays, writer.n):
            grown = "" if rise is None else f"{at[rise]} "
            lines.append(f"{letter}{m} = {grown}- {at[m]} / {tau}")
        return "\n".join(lines)

    allowed = f"({tolerance} + {tolerance} * abs(s * g{{0}}))" if by_change else tolerance
    end = [slopes([f"({x} + s * y{j})" for j, x in enumerate(names)], "g"), writer.still("g")]
    trial = GSL.format(
        slopes=indented(_try(writer, names, slopes), 1),
        end_slopes=indented("\n".join(end), 1) if by_change else "pass",
        errors="\n    ".join(
            f"error = max(error, abs(s * e{j}) / {allowed.format(j)})" for j in range(len(names))
        ),
        trials=MOST_TRIALS,
        add="; ".join(f"{x} += s * y{j}" for j, x in enumerate(names)),
    )
    begin = [str(writer.pieces["set_p"]), f"held = {writer.is_held}", writer.load()]
    begin += [f"size = states[{writer.m} * k + {writer.m - 1}]", "injected = current[k]"]
    ends = [f"states[{writer.m} * k + {writer.m - 1}] = size"]
    for m, (x, arriving) in enumerate(zip(names[writer.n :], arrivals, strict=True), 1):
        begin.append(f"{x} = current[{m} * n + k]")
        ends.append(f"current[{m} * n + k] = {x}{arriving}")
    # The input of delta synapses acts after the first internal step.
    begin.append(f"push = {writer.jump()}")
    push = "x0 += push; push = 0.0"
    return _one_by_one(writer, "\n".join(begin), trial, "\n".join(ends), push)


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
