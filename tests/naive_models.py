"""Neurons with equations for the naive simulator: one neuron at a time, floats of Python.

Each method of integration is written here a second time, from its definition, for one neuron. Bits
may differ from the engine's; potentials agree to rounding errors and spikes to the step.
"""

from __future__ import annotations

import inspect
import math
from collections import defaultdict
from typing import Any

import numpy as np
from scipy.linalg import expm

from neurosim import AlphaCurrent, DeltaSynapse, ExpCurrent
from neurosim.models.declare import compartments_of, states_of, traces_of
from tests.naive import draw

# E. Fehlberg, NASA Technical Report R-315 (1969), table III.
FEHLBERG = (
    (1 / 4,),
    (3 / 32, 9 / 32),
    (1932 / 2197, -7200 / 2197, 7296 / 2197),
    (439 / 216, -8.0, 3680 / 513, -845 / 4104),
    (-8 / 27, 2.0, -3544 / 2565, 1859 / 4104, -11 / 40),
)
FIFTH = (16 / 135, 0.0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55)
ERROR = (1 / 360, 0.0, -128 / 4275, -2197 / 75240, 1 / 50, 2 / 55)

UNSTABLE = "a step is unstable: the engine repeats it by another method"


def listed(values: Any) -> list[float]:
    """Return the result of a method of a model, which may be a number, as a list."""
    return [float(v) for v in values] if isinstance(values, tuple | list) else [float(values)]


class NaiveModel:
    """A neuron with equations and its synapses.

    Its vector holds the states of the neuron, then those of each synapse in turn: declared states,
    or the variables of a built-in current.
    """

    def __init__(
        self, model: Any, synapses: list[Any], dt: float, key: int = 0, entity: int = 0
    ) -> None:
        initial = initial_states(model)
        self.p, self.kind, self.dt, self.key, self.entity = model, type(model), dt, key, entity
        self.y = list(initial)
        self.n = len(initial)
        self.slots: dict[Any, slice] = {}
        for synapse in synapses:
            if isinstance(synapse, DeltaSynapse):
                continue
            first = len(self.y)
            self.y += self._start(synapse)
            self.slots[synapse] = slice(first, len(self.y))
        self.elsewhere = [0.0] * (len(compartments_of(self.kind)) - 1)
        self.v_max = None if self.kind.v_max is None else getattr(model, self.kind.v_max)
        self.needs_before = "v_before" in inspect.signature(self.kind.reset).parameters
        self.maps: dict[bool, Any] = {}
        self.left, self.current, self.size = 0, 0.0, dt
        self.arrivals: dict[int, list[tuple[Any, float]]] = defaultdict(list)

    @staticmethod
    def _start(synapse: Any) -> list[float]:
        if synapse.has_equations:
            return synapse.initial_states()
        return [0.0] if isinstance(synapse, ExpCurrent) else [0.0, 0.0]

    @property
    def held(self) -> bool:
        """Whether the neuron is refractory."""
        return self.left > 0

    def slopes(self, y: list[float]) -> list[float]:
        """Return the derivatives of the whole vector."""
        kind, p, n, held = self.kind, self.p, self.n, self.left > 0
        v = y[0]
        clamped = held and kind.refractory == "clamp"
        if clamped:
            v = p.v_reset
        elif self.v_max is not None:
            v = min(v, self.v_max)
        i, rates = self.current, []
        for synapse, slot in self.slots.items():
            x = y[slot]
            if synapse.has_equations:
                i += float(synapse.current(v, *x, synapse))
                rates += listed(synapse.derivatives(*x, synapse))
            else:
                i += x[0]
                rates.append((x[1] if len(x) > 1 else 0.0) - x[0] / synapse.tau)
                rates += [-rise / synapse.tau for rise in x[1:]]
        slopes = [0.0] * n
        if not hasattr(kind, "step"):
            slopes = listed(kind.derivatives(v, *y[1:n], i, *self.elsewhere, p))
        if clamped:
            slopes[0] = 0.0
        if held and kind.refractory == "freeze":
            slopes = [0.0] * n
        return slopes + rates

    def moved(self, terms: list[tuple[float, list[float]]]) -> list[float]:
        """Return the vector plus a weighted sum of slopes."""
        return [x + sum(w * k[j] for w, k in terms) for j, x in enumerate(self.y)]

    def rk4(self, h: float) -> list[float]:
        """Return the vector after a step of the classical Runge-Kutta method."""
        y, half, sixth = self.y, 0.5 * h, h / 6
        a = self.slopes(y)
        b = self.slopes([x + half * k for x, k in zip(y, a, strict=True)])
        c = self.slopes([x + half * k for x, k in zip(y, b, strict=True)])
        d = self.slopes([x + h * k for x, k in zip(y, c, strict=True)])
        stages = zip(y, a, b, c, d, strict=True)
        return [x + sixth * (p + 2.0 * (q + r) + s) for x, p, q, r, s in stages]

    def fehlberg(self, h: float) -> tuple[list[float], list[float]]:
        """Return the solution of fifth order after a step, and its estimated error."""
        k = [self.slopes(self.y)]
        for row in FEHLBERG:
            k.append(self.slopes(self.moved([(h * w, s) for w, s in zip(row, k, strict=True)])))
        new = self.moved([(h * w, s) for w, s in zip(FIFTH, k, strict=True)])
        error = [h * sum(w * s[j] for w, s in zip(ERROR, k, strict=True)) for j in range(len(new))]
        return new, error

    def step(self, t: int) -> int:
        """Advance from t·dt to (t + 1)·dt; return how often the neuron fired."""
        arrived = self.arrivals.pop(t + 1, [])
        jump = sum(w for synapse, w in arrived if isinstance(synapse, DeltaSynapse))
        was_held, begin, self.fired = self.held, self.y[0], 0
        if hasattr(self.kind, "step"):
            self._own_step(jump)
        elif self.p.method == "gsl":
            self._gsl_steps(jump)
        else:
            getattr(self, f"_{self.p.method}_steps")()
        if jump and not hasattr(self.kind, "step") and self.p.method != "gsl":
            self._jump(jump)
        if self.kind.spike_check == "step":
            self._ask(begin)
        if hasattr(self.kind, "hazard") and not self.held:
            chance = -math.expm1(-float(self.kind.hazard(*self.y[: self.n], self.p)) * self.dt)
            if draw(self.key, self.entity, t) < chance:
                self._spike(begin)
        for synapse, slot in self.slots.items():
            weight = sum(w for other, w in arrived if other == synapse)
            self._arrive(synapse, slot, weight)
        if self.fired:
            self.left = self.refractory
        elif was_held:
            self.left -= 1
        return self.fired

    @property
    def refractory(self) -> int:
        """Steps that the neuron is refractory after a spike: t_ref rounded half up."""
        return math.floor(getattr(self.p, "t_ref", 0.0) / self.dt + 0.5 + 1e-9)

    def _ask(self, before: float) -> None:
        """Reset the neuron if it spikes."""
        spikes = getattr(self.kind, "spikes", None)
        if spikes and not self.held and spikes(before, *self.y[: self.n], self.p):
            self._spike(before)

    def _spike(self, before: float) -> None:
        """Reset the neuron; some models also depend on the potential before the step."""
        arguments = [*self.y[: self.n], self.p]
        if self.needs_before:
            arguments.insert(0, before)
        self.y[: self.n] = listed(self.kind.reset(*arguments))
        self.fired += 1
        self.left = self.refractory

    def _after(self, before: float) -> None:
        """Finish an internal step."""
        if hasattr(self.kind, "after_step"):
            states = self.kind.after_step(before, *self.y[: self.n], self.held, self.p)
            self.y[: self.n] = listed(states)
        if self.kind.spike_check == "internal":
            self._ask(before)

    def _hold(self) -> None:
        if self.held and self.kind.refractory == "clamp":
            self.y[0] = self.p.v_reset

    def _rk4_steps(self) -> None:
        n = math.ceil(self.dt / self.p.substep - 1e-9)
        for _ in range(n):
            self._hold()
            before = self.y[0]
            self.y = self.rk4(self.dt / n)
            if hasattr(self.kind, "stable"):
                assert self.kind.stable(*self.y[: self.n], self.dt / n, self.p), UNSTABLE
            self._after(before)
        assert self.dt / n * self._stiffness() < 0.4, UNSTABLE

    def _stiffness(self) -> float:
        """Return the rate at which synaptic conductances move the potential (per ms)."""
        v, rates = self.y[0], []
        for u in (v, v + 1.0):
            i = sum(
                float(synapse.current(u, *self.y[slot], synapse))
                for synapse, slot in self.slots.items()
                if synapse.has_equations
            )
            rates.append(
                listed(self.kind.derivatives(*self.y[: self.n], i, *self.elsewhere, self.p))
            )
        return abs(rates[0][0] - rates[1][0])

    def _exact_steps(self) -> None:
        """Linear equations: multiply by the exponential of their matrix."""
        self._hold()
        before = self.y[0]
        if self.held not in self.maps:
            self.maps[self.held] = self._exact_map()
        self.y = (self.maps[self.held] @ [*self.y, self.current, 1.0])[: len(self.y)].tolist()
        self._after(before)

    def _exact_map(self) -> Any:
        """Return the matrix of a step, from the slopes at the unit vectors."""
        n, current = len(self.y), self.current
        matrix = np.zeros((n + 2, n + 2))
        self.current = 0.0
        matrix[:n, n + 1] = offset = np.array(self.slopes([0.0] * n))
        for j, unit in enumerate(np.eye(n)):
            matrix[:n, j] = self.slopes(unit.tolist()) - offset
        self.current = 1.0
        matrix[:n, n] = self.slopes([0.0] * n) - offset
        self.current = current
        return expm(self.dt * matrix)

    def _gsl_steps(self, jump: float) -> None:
        """NEST's rule for the length of internal steps; `jump` is added after the first one."""
        done, tolerance = 0.0, self.p.tolerance
        if tolerance is None:
            tolerance = 1e-3 if self.p.error_control == "y" else 1e-6
        while done < self.dt:
            self._hold()
            before, last = self.y[0], self.size > self.dt - done
            h = self.dt - done if last else self.size
            while True:
                new, error = self.fehlberg(h)
                allowed = [tolerance] * len(new)
                if self.p.error_control == "yp":
                    allowed = [tolerance * (1.0 + abs(h * slope)) for slope in self.slopes(new)]
                worst = max(abs(e) / a for e, a in zip(error, allowed, strict=True))
                if worst <= 1.1:
                    break
                h, last = h * max(0.2, 0.9 * worst**-0.2), False
            self.y, done = new, self.dt if last else done + h
            more = 5.0 if worst == 0.0 else min(5.0, max(1.0, 0.9 * worst ** (-1 / 6)))
            self.size = h * more if worst < 0.5 else h
            if not (self.held and self.kind.refractory in ("clamp", "freeze")):
                self.y[0] += jump
            jump = 0.0
            self._after(before)

    def _own_step(self, jump: float) -> None:
        """Call the step of the model; synapses with equations advance by four Runge-Kutta steps."""
        i, before = self.current, self.y[0]
        for synapse, slot in self.slots.items():
            x = self.y[slot]
            i += (
                float(type(synapse).current(before, *x, synapse)) if synapse.has_equations else x[0]
            )
        states = listed(self.kind.step(*self.y[: self.n], i, jump, self.dt, self.p))
        synaptic = NaiveModel.__new__(NaiveModel)
        synaptic.__dict__.update(self.__dict__)
        for _ in range(4):
            synaptic.y = synaptic.rk4(self.dt / 4)
        self.y = states + synaptic.y[self.n :]
        self._hold()
        self._after(before)

    def _jump(self, jump: float) -> None:
        """Add the input of delta synapses at the end of the step."""
        if not (self.held and self.kind.refractory in ("clamp", "freeze")):
            before = self.y[0]
            self.y[0] += jump
            self._after(before)

    def _arrive(self, synapse: Any, slot: slice, weight: float) -> None:
        """Add the weights that arrive at a synapse."""
        x = self.y[slot]
        if hasattr(type(synapse), "arrive"):
            if weight:
                self.y[slot] = listed(type(synapse).arrive(*x, weight, synapse))
        elif isinstance(synapse, AlphaCurrent):
            self.y[slot] = [x[0], x[1] + weight * math.e / synapse.tau]
        else:
            self.y[slot] = [x[0] + weight, *x[1:]]


def initial_states(model: Any) -> list[float]:
    """Return the states of a neuron at time 0."""
    v = float(model.v_rest)
    names = list(states_of(type(model)))
    return [v, *(float(np.ravel(model.initial_of(name, np.array([v])))[0]) for name in names[1:])]


class NaiveTransmission:
    """Efficacy of the spikes of one presynaptic neuron."""

    def __init__(self, rule: Any, dt: float) -> None:
        self.rule, self.dt, self.last = rule, dt, -math.inf
        self.states = [] if rule is None else rule.initial_states()

    def transmit(self, step: int) -> float:
        """Return the factor of the weights of a spike."""
        if self.rule is None:
            return 1.0
        interval, self.last = (step - self.last) * self.dt, step
        factor, *self.states = listed(type(self.rule).transmit(*self.states, interval, self.rule))
        return factor


class NaivePlasticity:
    """A plastic synapse: traces are sums over all earlier spikes.

    The whole delay is dendritic: presynaptic spikes act at once, postsynaptic ones after `steps`.
    """

    def __init__(self, rule: Any, weight: float, steps: int, dt: float) -> None:
        self.rule, self.kind, self.dt, self.steps = rule, type(rule), dt, steps
        self.unit = getattr(rule, self.kind.scale)
        self.w = weight / self.unit
        self.pre: list[int] = []
        self.post: list[int] = []
        self.done = 0

    @staticmethod
    def understands(kind: Any) -> bool:
        """Whether a rule depends on sums over spikes only."""
        plain = not any(trace.reset for trace in traces_of(kind).values())
        others = hasattr(kind, "between") or hasattr(kind, "active") or states_of(kind)
        return plain and not others

    def _variables(self, step: int) -> list[float]:
        values = []
        for trace in traces_of(self.kind).values():
            tau = getattr(self.rule, trace.tau) if isinstance(trace.tau, str) else trace.tau
            times = self.pre if trace.side == "pre" else [s + self.steps for s in self.post]
            earlier = [s for s in times if s < step]
            counted = earlier[-1:] if trace.nearest else earlier
            values.append(sum(math.exp((s - step) * self.dt / tau) for s in counted))
        return values

    def _clip(self, w: float) -> float:
        return min(max(w, 0.0), 1.0 if self.kind.bounded else math.inf)

    def transmit(self, step: int) -> float:
        """Return the weight with which a presynaptic spike is sent."""
        while self.done < len(self.post) and self.post[self.done] + self.steps <= step:
            arrival = self.post[self.done] + self.steps
            self.w = self._clip(
                float(self.kind.on_post(self.w, *self._variables(arrival), self.rule))
            )
            self.done += 1
        self.w = self._clip(float(self.kind.on_pre(self.w, *self._variables(step), self.rule)))
        self.pre.append(step)
        return self.w * self.unit
