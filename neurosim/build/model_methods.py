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
    """

    source: Callable[[Writer], str]
    is_adaptive: bool = False
    takes_jump: bool = False


TOGETHER = """
for j in range(n_internal):
    found = unstable = False
    for k in range(n):
        {own}
        held = work[{held} + k] > 0.0
        {load}
        {hold}
        {step}
        {freeze}
        work[{before} + k] = x0
{end}
"""

COMMIT = """        {store}
        found |= spikes(x0, {y}, p)
    if found:
        ask(n, False, jump, params, work)
"""

COMMIT_SILENT = """        {store}
"""

COMMIT_CHECKED = """        good = stable({x}, h, p) & stable({y}, h, p)
        {store_new}
        work[{unstable} + k] = 0.0 if good else 1.0
        unstable |= not good
    if unstable:
        for k in range(n):
            if work[{unstable} + k] > 0.0:
                {own}
                held = work[{held} + k] > 0.0
                {load}
                c = 2 * j * n + k
                {y_} = split_part({x}, current[c], current[c + n], current[c + 2 * n], h, held, p)
                {store_new}
    for k in range(n):
        {take_new}
"""

AFTER_STEP = """    for k in range(n):
        {own}
        {load}
        {x_after} = after_step(work[{before} + k], {x}, work[{held} + k] > 0.0, p)
        {store}
"""

ASK = """    ask(n, False, jump, params, work)
"""


def _together(writer: Writer, step: str) -> str:
    """Return source that advances all neurons by one internal step after another."""
    pieces = writer.pieces
    y = ", ".join(f"y{j}" for j in range(writer.n))
    pieces |= {"y": y, "y_": y + ("," if writer.n == 1 else "")}
    pieces["store_new"] = writer.store("y", writer.n)
    pieces["take_new"] = "; ".join(
        f"work[{WORK_ROW * j} + k] = work[{WORK_ROW * (writer.n + j)} + k]" for j in range(writer.n)
    )
    optional = methods_of(writer.kind)
    asks = writer.kind.spike_check == "internal"
    if "stable" in optional:
        end = COMMIT_CHECKED.format(**pieces)
    elif asks and "after_step" not in optional:
        end = COMMIT.format(**pieces | {"store": writer.store("y")})
        asks = False
    else:
        end = COMMIT_SILENT.format(**pieces | {"store": writer.store("y")})
    if "after_step" in optional:
        end += AFTER_STEP.format(**pieces)
    if asks:
        end += ASK
    return TOGETHER.format(
        hold=writer.hold(),
        step=textwrap.indent(step.strip(), " " * 8).strip(),
        freeze=writer.freeze(),
        end=end.rstrip(),
        **pieces,
    )


RK4 = """
c = 2 * j * n + k
i0, i1, i2 = current[c], current[c + n], current[c + 2 * n]
{a} = derivatives({at}, i0, p)
{still_a}
f = 0.5 * h
{b} = derivatives({at_a}, i1, p)
{still_b}
{c} = derivatives({at_b}, i1, p)
{still_c}
{d} = derivatives({at_c}, i2, p)
{still_d}
f = h / 6.0
{add}
"""


def _rk4(writer: Writer) -> str:
    moved = {
        f"at_{last}": writer.point(
            [f"{x} + {factor} * {last}{j}" for j, x in enumerate(writer.names)]
        )
        for last, factor in (("a", "f"), ("b", "f"), ("c", "h"))
    }
    step = RK4.format(
        at=writer.point(writer.names),
        add="; ".join(
            f"y{j} = {x} + f * (a{j} + 2.0 * b{j} + 2.0 * c{j} + d{j})"
            for j, x in enumerate(writer.names)
        ),
        **{letter: writer.targets(letter, "derivatives") for letter in "abcd"},
        **{f"still_{letter}": writer.still(letter) for letter in "abcd"},
        **moved,
    )
    return _together(writer, step)


EXPONENTIAL_EULER = """
i1 = current[(2 * j + 1) * n + k]
{a} = derivatives({at}, i1, p)
{slopes}
{still_a}
{add}
"""


def _slopes(writer: Writer, current: str, step: str) -> str:
    """Return lines that compute how far each state relaxes in a step, per unit of its slope."""
    lines = []
    for j, x in enumerate(writer.names):
        near = [*writer.names]
        near[j] = f"{x} + e{j}"
        lines.append(f"e{j} = 1e-4 * max(1.0, abs({x}))")
        lines.append(
            f"{writer.targets('b', 'derivatives')} = "
            f"derivatives({writer.point(near)}, {current}, p)"
        )
        lines.append(f"s{j} = {step} * slope_ratio({step} * (b{j} - a{j}) / e{j})")
    return "\n".join(lines)


def _exponential_euler(writer: Writer) -> str:
    step = EXPONENTIAL_EULER.format(
        a=writer.targets("a", "derivatives"),
        at=writer.point(writer.names),
        slopes=_slopes(writer, "i1", "h"),
        still_a=writer.still("a"),
        add="; ".join(f"y{j} = {x} + s{j} * a{j}" for j, x in enumerate(writer.names)),
    )
    return _together(writer, step)


OWN_STEP = """
{y_} = step({x}, current[k], jump[k], h, p)
{hold}
"""


def _own_step(writer: Writer) -> str:
    step = OWN_STEP.format(
        x=", ".join(writer.names), y_=writer.targets("y", "step"), hold=writer.hold("y")
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
    size = states[{m} * k + {m} - 1]
    done, trials = 0.0, 0
    while done < whole{unless_frozen}:
        {hold}
        before = x0
        {trial}
        if not accepted:
            continue
        {after}
        {ask}
    {store}
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
    change = min(5.0, max(0.2, 0.9 * (error + 1e-30) ** -0.2))
if accepted:
    {add}
    done = whole if last else done + s
    if not last or change < 1.0:
        size = s * change
else:
    size = s * change
size = min(size, whole)
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
        lines += [f"{target} = derivatives({writer.point(values)}, {now}, p)", writer.still(letter)]
    return "\n".join(lines)


def _one_by_one(writer: Writer, trial: str) -> str:
    """Return source that advances one neuron after another, each with steps of its own."""
    after = "pass"
    if "after_step" in methods_of(writer.kind):
        after = "{x_after} = after_step(before, {x}, held, p)".format(**writer.pieces)
    return ONE_BY_ONE.format(
        m=writer.m,
        unless_frozen=" and not held" if writer.freezes else "",
        hold=writer.hold(),
        trial=textwrap.indent(trial.strip(), " " * 8).strip(),
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


RELAX = """
@function
def relax({x}, i, h, held, p, gates):
    \"\"\"Advance v, or all other states, by h (ms): exact where the equations are linear.\"\"\"
    {a} = derivatives({at}, i, p)
    {still}
    {slopes}
    if gates:
        {add_gates}
    else:
        x0 = x0 + s0 * a0
    return {x_}


@function
def split_step({x}, i, h, held, p):
    \"\"\"Advance all states by h (ms), stably at any rate: half a step, v alone, half a step.\"\"\"
    {x_} = relax({x}, i, 0.5 * h, held, p, True)
    {x_} = relax({x}, i, h, held, p, False)
    return relax({x}, i, 0.5 * h, held, p, True)


@function
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
            slopes=textwrap.indent(_slopes(writer, "i", "h"), "    ").strip(),
            add_gates="; ".join(f"x{j} = x{j} + s{j} * a{j}" for j in gates) or "pass",
            extrapolate="; ".join(f"x{j} = w{j} + (w{j} - u{j}) / 3.0" for j in range(writer.n)),
            pieces=self.PIECES,
            tolerance=self.TOLERANCE,
        )


SPLIT = _Split()

METHODS = {
    "rk4": Method(_rk4),
    "exponential_euler": Method(_exponential_euler),
    "adaptive": Method(_adaptive, is_adaptive=True),
    "own": Method(_own_step, takes_jump=True),
}
