"""Methods of integration, as source: what advances the neurons of a block by one time step."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from neurosim.kernels.types import WORK_ROW
from neurosim.network.equations import methods_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurosim.build.model_source import Writer


class Source(Protocol):
    """Something that gives source for a model."""

    def source(self, writer: Writer) -> str:
        """Return it."""


@dataclass(frozen=True)
class Method:
    """A method of integration.

    Attributes
    ----------
    source : callable
        Returns the lines that advance the neurons of a block.
    is_adaptive : bool
        Whether it chooses its steps, neuron by neuron, and keeps the last in `states`.
    takes_jump : bool
        Whether it takes in the input of delta synapses itself.
    n_rows : int
        Rows of `work` for each state that it needs beside the states and the new states.
    carries_currents : bool
        Whether it integrates the synaptic currents together with the states.
    """

    source: Callable[[Writer], str]
    is_adaptive: bool = False
    takes_jump: bool = False
    n_rows: int = 0
    carries_currents: bool = False


TOGETHER = """
for j in range(n_internal):
    for k in range(n):
        {own}
        held = work[{held} + k] > 0.0
        {load}
        {hold}
        {store}
        work[{before} + k] = x0
    {step}
    found = unstable = False
    for k in range(n):
        {own}
        held = work[{held} + k] > 0.0
        {load}
        {load_new}
        {end}
"""

COMMIT = """{freeze}
{store_y}
found |= spikes(work[{before} + k], {y}, p)
"""

COMMIT_SILENT = """{freeze}
{store_y}
"""

CHECK = """good = stable({x}, h, p) & stable({y}, h, p)
work[{unstable} + k] = 0.0 if good else 1.0
unstable |= not good
"""

REPAIR = """    if unstable:
        for k in range(n):
            if work[{unstable} + k] > 0.0:
                {own}
                held = work[{held} + k] > 0.0
                {load}
                c = 2 * j * n + k
                {y_} = split_part({x}, current[c], current[c + n], current[c + 2 * n], h, held, p)
                {store_new}
    for k in range(n):
        {own}
        held = work[{held} + k] > 0.0
        {load}
        {load_new}
        {freeze}
        {store_y}
"""

AFTER_STEP = """    for k in range(n):
        {own}
        {load}
        {x_after} = after_step(work[{before} + k], {x}, work[{held} + k] > 0.0, p)
        {store}
"""

FOUND = """    if found:
        ask(n, 0.0, jump, params, work)
"""

ASK = """    ask(n, 0.0, jump, params, work)
"""


def _together(writer: Writer, step: str) -> str:
    """Return source that advances all neurons by one internal step after another.

    `step` computes the new states of all neurons.
    """
    y = ", ".join(f"y{j}" for j in range(writer.n))
    pieces = writer.pieces | {
        "y": y,
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
        {own}
        held = work[{held} + k] > 0.0
        {load}
        {load_new}
        {load_slopes}
        {a} = derivatives({at}, current[c + k], p)
        {still}
        {store_slopes}
        {add}
"""


def _rk4(writer: Writer) -> str:
    n = writer.n
    return _together(
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
    {own}
    held = work[{held} + k] > 0.0
    {load}
    i1 = current[(2 * j + 1) * n + k]
    {a} = derivatives({at}, i1, p)
    {slopes}
    {still_a}
    {add}
    {store_new}
"""


def _slopes(writer: Writer, function: str, current: str, step: str) -> str:
    """Return lines that compute how far each state relaxes in a step, per unit of its slope."""
    lines = []
    for j, x in enumerate(writer.names):
        near = [*writer.names]
        near[j] = f"{x} + e{j}"
        lines.append(f"e{j} = 1e-4 * max(1.0, abs({x}))")
        lines.append(
            f"{writer.targets('b', 'derivatives')} = {function}({writer.point(near)}, {current}, p)"
        )
        lines.append(f"s{j} = {step} * slope_ratio({step} * (b{j} - a{j}) / e{j})")
    return "\n".join(lines)


def _exponential_euler(writer: Writer) -> str:
    step = EXPONENTIAL_EULER.format(
        a=writer.targets("a", "derivatives"),
        at=writer.point(writer.names),
        slopes=textwrap.indent(_slopes(writer, "derivatives", "i1", "h"), "    ").strip(),
        still_a=writer.still("a"),
        add="; ".join(f"y{j} = {x} + s{j} * a{j}" for j, x in enumerate(writer.names)),
        store_new=writer.store("y", writer.n),
        **writer.pieces,
    )
    return _together(writer, step)


OWN_STEP = """
for k in range(n):
    {own}
    held = work[{held} + k] > 0.0
    {load}
    {y_} = step({x}, current[k], jump[k], h, p)
    {hold}
    {store_new}
"""


def _own_step(writer: Writer) -> str:
    step = OWN_STEP.format(
        y_=writer.targets("y", "step"),
        hold=writer.hold("y"),
        store_new=writer.store("y", writer.n),
        **writer.pieces,
    )
    return _together(writer, step)


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
    {own}
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

ASK_ONE = """if not held and spikes(before, {x}, p):
            {x_reset} = reset({x}, p)
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
    """Return source that advances one neuron after another, each with steps of its own."""
    after = "pass"
    if "after_step" in methods_of(writer.kind):
        after = "{x_after} = after_step(before, {x}, held, p)".format(**writer.pieces)
    return ONE_BY_ONE.format(
        m=writer.m,
        unless_frozen=" and not held" if writer.freezes else "",
        hold=writer.hold(),
        trial=textwrap.indent(trial.strip(), " " * 8).strip(),
        load_currents=load_currents,
        keep_currents=keep_currents,
        after=after,
        ask=ASK_ONE.format(**writer.pieces) if writer.kind.spike_check == "internal" else "pass",
        **writer.pieces,
    )


def _off(j: int) -> str:
    """Return the difference of the solutions of fifth and fourth order of state j."""
    return _combined(tuple(high - low for high, low in zip(FIFTH, FOURTH, strict=True)), j)


def _adaptive(writer: Writer) -> str:
    tolerance = writer.kind.tolerance
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


def _gsl(writer: Writer) -> str:
    """Return source that repeats the solver of NEST, with the synaptic currents in its vector.

    They are read from and written to `current`: for all neurons what is injected, then each
    variable of each port.
    """
    names = [*writer.names, *(f"x{writer.n + m}" for m in range(len(writer.currents)))]

    def slopes(letter: str, at: list[str]) -> list[str]:
        """Return lines that compute all slopes at a point."""
        total = " + ".join(["injected", *(at[j] for j in writer.flowing)])
        target = writer.targets(letter, "derivatives")
        lines = [f"{target} = slopes({writer.point(at[: writer.n])}, {total}, p)"]
        lines.append(writer.still(letter))
        for m, (tau, rise) in enumerate(writer.currents, writer.n):
            grown = "" if rise is None else f"{at[rise]} "
            lines.append(f"{letter}{m} = {grown}- {at[m]} / {tau}")
        return lines

    stages = []
    for letter, weights in zip("abcdef", STAGES, strict=True):
        at = [f"({x} + {_combined(weights, j)})" if weights else x for j, x in enumerate(names)]
        stages += slopes(letter, at)
    after = [f"{x} + {_combined(FIFTH, j)}" for j, x in enumerate(names)]
    tolerance = writer.kind.tolerance
    errors = ["error = 0.0"]
    if writer.kind.error_control == "yp":
        errors += slopes("g", [f"({x})" for x in after])
    for j in range(len(names)):
        allowed = f"{tolerance!r}"
        if writer.kind.error_control == "yp":
            allowed = f"({tolerance!r} + {tolerance!r} * abs(s * g{j}))"
        errors.append(f"error = max(error, abs({_off(j)}) / {allowed})")
    trial = GSL.format(
        stages="\n    ".join(stages),
        errors="\n    ".join(errors),
        trials=MOST_TRIALS,
        add="; ".join(f"{x} = {value}" for x, value in zip(names, after, strict=True)),
    )
    load = [f"{x} = current[{m} * n + k]" for m, x in enumerate(names[writer.n :], 1)]
    keep = [f"current[{m} * n + k] = {x}" for m, x in enumerate(names[writer.n :], 1)]
    return _one_by_one(
        writer, trial, "; ".join(["injected = current[k]", *load]), "; ".join(keep) or "pass"
    )


RELAX = """
@called
def relax({x}, i, h, held, p):
    \"\"\"Return how far each state moves in h (ms) while the others are constant.\"\"\"
    {a} = slopes({at}, i, p)
    {still}
    {slopes}
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
        # Richardson extrapolation: the error of a symmetric step is of third order.
        {extrapolate}
        done += size
        if error < 0.1 * {tolerance} and done % (2 * size) == 0:
            size *= 2
    return {x_}
"""


class _Split:
    """A step that is stable at any rate, for models that say where Runge-Kutta is not."""

    PIECES = 2**12
    """Largest number of pieces of an internal step; a power of two."""
    TOLERANCE = 1e-4
    """Largest accepted error of a piece (mV); where |v| is above 100 mV, a millionth of |v|."""

    def source(self, writer: Writer) -> str:
        """Return the functions that the block function calls."""

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
            slopes=textwrap.indent(_slopes(writer, "slopes", "i", "h"), "    ").strip(),
            add_gates="; ".join(f"x{j} += a{j}" for j in gates) or "pass",
            extrapolate="; ".join(f"x{j} = w{j} + (w{j} - u{j}) / 3.0" for j in range(writer.n)),
            pieces=self.PIECES,
            tolerance=self.TOLERANCE,
        )


SPLIT = _Split()

METHODS = {
    "rk4": Method(_rk4, n_rows=1),
    "exponential_euler": Method(_exponential_euler),
    "adaptive": Method(_adaptive, is_adaptive=True),
    "gsl": Method(_gsl, is_adaptive=True, carries_currents=True),
    "own": Method(_own_step, takes_jump=True),
}
