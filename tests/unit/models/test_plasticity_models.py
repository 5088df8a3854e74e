"""Built-in plasticity rules against naive implementations, on random spike trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import neurosim as ns

DT, DURATION, W_MAX, WEIGHT = 0.1, 600.0, 40.0, 20.0
RELAY = ns.LIF(t_ref=0.0)
"""Fires with every input spike of 20 mV."""
HIGH = ns.LIF(t_ref=0.0, v_threshold=100.0, v_peak=110.0)
"""Fires with input spikes of 200 mV only."""
RULES = {
    "STDP": ns.STDP(W_MAX, 0.05, mu_plus=0.3, mu_minus=0.7, tau_minus=33.0),
    "nearest": ns.NearestSTDP(W_MAX, 0.05, tau_minus=33.0),
    "phantom": ns.NearestSTDP(W_MAX, 0.05, mu_minus=1.0, spike_at_start=True),
    "pre-centred": ns.PreCentredSTDP(W_MAX, 0.05, mu_plus=1.0),
    "restricted": ns.RestrictedSTDP(W_MAX, 0.05, mu_plus=0.5),
    "power law": ns.PowerLawSTDP(2.0, 0.03, 0.5, tau_minus=33.0),
    "triplet": ns.TripletSTDP(W_MAX, 0.01, 0.02, 0.02, 0.01),
    "Vogels": ns.VogelsSprekeler(W_MAX, 0.01, rate=60.0),
    "reward": ns.RewardSTDP(W_MAX, 0.05, 0.06, tau_c=80.0, tau_n=50.0, baseline=5e-4),
    "homeostatic": ns.HomeostaticScaling(W_MAX, rate=40.0, tau=300.0, tau_rate=60.0),
}
REWARDS = {150.0: 0.3, 151.0: -0.1, 340.0: 0.2}
"""Amounts of reward by time (ms)."""


class Pairing:
    """The sums over pairs of spikes that a rule needs, computed from the times of all spikes.

    `pre` and `post` are times (ms) at the synapse, ascending.
    """

    def __init__(self, pre: np.ndarray, post: np.ndarray, phantom: bool) -> None:
        self.pre, self.post, self.phantom = pre, post, phantom

    def all(self, spikes: np.ndarray, now: float, tau: float) -> float:
        earlier = spikes[spikes < now - 1e-6]
        return float(np.exp((earlier - now) / tau).sum())

    def last(self, spikes: np.ndarray, now: float) -> float:
        earlier = spikes[spikes < now - 1e-6]
        return float(earlier[-1]) if len(earlier) else -np.inf

    def last_pre(self, now: float) -> float:
        last = self.last(self.pre, now)
        return 0.0 if self.phantom and last == -np.inf else last


def clip(x: float, upper: float = 1.0) -> float:
    return min(max(x, 0.0), upper)


def naive(rule: ns.Plasticity, pre: np.ndarray, post: np.ndarray, x: float, end: float) -> float:
    """Return the relative weight after the spikes at the synapse up to `end`, one after another."""
    p, pairs = rule, Pairing(pre, post, getattr(rule, "spike_at_start", False))
    restricted, centred = isinstance(p, ns.RestrictedSTDP), isinstance(p, ns.PreCentredSTDP)
    events = sorted([(t, 0) for t in post] + [(t, 1) for t in pre])
    upper = np.inf if isinstance(p, ns.PowerLawSTDP) else 1.0
    for now, is_pre in events:
        if isinstance(p, ns.STDP):
            nearest = type(p) is not ns.STDP
            last_pre, last_post = pairs.last_pre(now), pairs.last(post, now)
            before = pairs.all(pre, now, p.tau_plus)
            after = pairs.all(post, now, p.tau_minus)
            if nearest:
                before = np.exp((last_pre - now) / p.tau_plus)
                after = np.exp((last_post - now) / p.tau_minus)
            if centred:
                before = pairs.all(pre[pre >= last_post - 1e-6], now, p.tau_plus)
            if restricted and last_post >= last_pre - 1e-6:
                # A postsynaptic spike at the time of the last presynaptic one preceded it.
                before *= last_post < last_pre + 1e-6
            coincident = is_pre and np.any(np.abs(post - now) < 1e-6)
            if restricted and is_pre and not coincident and last_post <= last_pre + 1e-6:
                after = 0.0
            if is_pre:
                x = x - p.learning_rate * p.asymmetry * x**p.mu_minus * after
            else:
                x = x + p.learning_rate * (1.0 - x) ** p.mu_plus * before
        elif isinstance(p, ns.PowerLawSTDP):
            if is_pre:
                x -= p.learning_rate * p.asymmetry * x * pairs.all(post, now, p.tau_minus)
            else:
                x += p.learning_rate * x**p.mu * pairs.all(pre, now, p.tau_plus)
        elif isinstance(p, ns.TripletSTDP):
            r1, r2 = pairs.all(pre, now, p.tau_plus), pairs.all(pre, now, p.tau_x)
            o1, o2 = pairs.all(post, now, p.tau_minus), pairs.all(post, now, p.tau_y)
            x += (
                -o1 * (p.a2_minus + p.a3_minus * r2)
                if is_pre
                else r1 * (p.a2_plus + p.a3_plus * o2)
            )
        else:
            alpha = 2.0 * p.rate * 1e-3 * p.tau
            other = pairs.all(post if is_pre else pre, now, p.tau)
            x += p.learning_rate * (other - alpha * is_pre)
        x = clip(x, upper)
    return x


def naive_ode(
    rule: ns.Plasticity, pre: np.ndarray, post: np.ndarray, x: float, end: float
) -> float:
    """Return the relative weight at `end`, from a numerical solution of the equations."""
    p, reward = rule, isinstance(rule, ns.RewardSTDP)
    pairs = Pairing(pre, post, False)

    def slope(_: float, y: np.ndarray) -> list[float]:
        x, c, n = y
        if reward:
            return [c * (n - p.baseline), -c / p.tau_c, -n / p.tau_n]
        rate = 1e3 * c / p.tau_rate
        return [x * (1.0 - rate / p.rate) / p.tau, -c / p.tau_rate, 0.0]

    events = [(t, 0, 1.0) for t in post] + [(t, 1, 1.0) for t in pre]
    events += [(t, 2, amount) for t, amount in REWARDS.items()] * reward
    y, now = np.array([x, 0.0, 0.0]), 0.0
    for time, kind, amount in [*sorted(e for e in events if e[0] <= end), (end, 3, 0.0)]:
        if time > now:
            solution = solve_ivp(slope, (now, time), y, "DOP853", rtol=1e-11, atol=1e-13)
            y, now = solution.y[:, -1], time
            y[0] = clip(y[0])
        if reward and kind == 0:
            y[1] += p.a_plus * pairs.all(pre, time, p.tau_plus)
        elif reward and kind == 1:
            y[1] -= p.a_minus * pairs.all(post, time, p.tau_minus)
        elif reward and kind == 2:
            y[2] += amount / p.tau_n
        elif kind == 0:
            y[1] += 1.0
    return float(y[0])


def give_reward(projections: list) -> object:
    """Return a callback that gives the rewards."""

    def on_chunk(chunk: ns.Chunk) -> None:
        for time, amount in REWARDS.items():
            if abs(chunk.stop - time) < 1e-6:
                for projection in projections:
                    chunk.signal(projection, amount)

    return on_chunk


def run(simulation: ns.Simulation, duration: float) -> ns.Result:
    """Run with rewards, which are given to the projections with a signal."""
    projections = [
        p for p in simulation.network.projections if isinstance(p.plasticity, ns.RewardSTDP)
    ]
    if projections:
        return simulation.stream(1.0, give_reward(projections), duration=duration)
    return simulation.run(duration)


def trains(rng: np.random.Generator, n: int) -> np.ndarray:
    times = np.unique(np.round(rng.uniform(1.0, DURATION - 20.0, n), 1))
    return times


@pytest.mark.parametrize(("delay", "dendritic"), [(1.3, None), (4.0, 1.5), (2.0, 1.0)])
@pytest.mark.parametrize("name", RULES)
def test_weights_are_those_of_the_equations(
    name: str, delay: float, dendritic: float | None, rng: np.random.Generator
) -> None:
    rule = RULES[name]
    pre, post = trains(rng, 60), trains(rng, 80)
    # Some spikes reach the synapse at the same time.
    dendritic_part = delay if dendritic is None else dendritic
    shift = 2.0 * dendritic_part - delay
    post = np.unique(np.round(np.append(post, pre[10:15] - shift), 1))
    net = ns.Network()
    a, b = net.add("pre", 1, RELAY), net.add("post", 1, HIGH)
    net.drive(a, ns.SpikeTimes(pre), psp=20.0)
    net.drive(b, ns.SpikeTimes(post), psp=200.0)
    synapse = net.connect(
        a, b, ns.OneToOne(), synapse=ns.ExpCurrent(2.0), weight=WEIGHT, delay=delay,
        plasticity=rule, dendritic_delay=dendritic,
    )  # fmt: skip
    simulation = ns.Simulation(net)
    result = run(simulation, DURATION)
    assert result.spikes["pre"].times == pytest.approx(pre)
    assert result.spikes["post"].times == pytest.approx(post)
    found = simulation.connections(synapse).weights[0] / rule.unit_weight
    # On the axis of presynaptic spikes, postsynaptic ones are later by the shift.
    arrived = np.round(post + shift, 6)
    x = WEIGHT / rule.unit_weight
    if hasattr(rule, "between"):
        # The weight is read at the time of the last possible transmission.
        expected = naive_ode(rule, pre, arrived, x, DURATION - delay)
        assert found == pytest.approx(expected, rel=1e-8)
    else:
        used = arrived[arrived <= pre[-1] + 1e-6]
        expected = naive(rule, pre, used, x, DURATION)
        assert found == pytest.approx(expected, rel=1e-11)
    assert abs(found / x - 1.0) > 1e-3


def network(rule: ns.Plasticity) -> ns.Network:
    """Return a recurrent network in which all synapses are plastic."""
    net = ns.Network(dale=False)
    cells = net.add("cells", 25, ns.LIF(t_ref=1.0), v_init=ns.Uniform(-70.0, -56.0))
    net.drive(cells, ns.Poisson(900.0), psp=1.2)
    rewarding = net.add("rewarding", 3, ns.LIF())
    net.drive(rewarding, ns.Poisson(1500.0), psp=1.5)
    plastic = net.connect(
        cells, cells, ns.FixedProbability(0.3), synapse=ns.ExpCurrent(2.0), weight=WEIGHT,
        delay=ns.Uniform(0.3, 3.0), plasticity=rule, dendritic_delay=0.8,
    )  # fmt: skip
    if isinstance(rule, ns.RewardSTDP):
        net.modulate(rewarding, plastic, amount=0.002, delay=2.0)
    return net


CLOPATH = ns.Clopath(W_MAX, theta_minus=-65.0, theta_plus=-58.0, delay=1.0)


FAST = ("pre-centred", "restricted", "reward", "Clopath")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in (*RULES, "Clopath")
    ],
)
def test_bits_depend_neither_on_threads_nor_on_pieces_nor_on_checkpoints(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = CLOPATH if name == "Clopath" else RULES[name]

    def bits(simulation: ns.Simulation, pieces: list[float]) -> list[bytes]:
        for piece in pieces:
            result = simulation.run(piece)
        weights = simulation.connections(simulation.network.projections[0]).weights
        assert len(np.unique(weights)) > 20
        return [weights.tobytes(), result.spikes["cells"].times.tobytes()]

    whole = bits(ns.Simulation(network(rule), threads=1), [400.0])
    monkeypatch.setattr("neurosim.builder.plastic.history_limit", lambda learned: -1)
    assert bits(ns.Simulation(network(rule), threads=3), [77.0, 323.0]) == whole
    first = ns.Simulation(network(rule), threads=2)
    first.run(160.0)
    first.save(tmp_path / "half.h5")
    restored = ns.Simulation.restore(tmp_path / "half.h5", threads=3)
    assert bits(restored, [240.0]) == whole


def test_a_spike_evoked_on_arrival_follows_without_dendritic_delay() -> None:
    changes = []
    for dendritic in (0.0, 1.0):
        net = ns.Network()
        pre, post = net.add("pre", 1, RELAY), net.add("post", 1, RELAY)
        net.drive(pre, ns.SpikeTimes([50.0, 590.0]), psp=20.0)
        rule = ns.STDP(30.0, 0.1, tau_plus=10.0, tau_minus=10.0)
        synapse = net.connect(
            pre, post, ns.OneToOne(), psp=20.0, delay=1.0, plasticity=rule,
            dendritic_delay=dendritic,
        )  # fmt: skip
        simulation = ns.Simulation(net)
        assert len(simulation.run(600.0).spikes["post"]) == 2
        changes.append(simulation.connections(synapse).weights[0] / 30.0 - 20.0 / 30.0)
    assert changes == pytest.approx([0.1, 0.1 * np.exp(-0.2)], rel=1e-9)


def test_clopath_follows_the_potential(rng: np.random.Generator) -> None:
    pre = trains(rng, 60)
    net = ns.Network()
    a = net.add("pre", 1, RELAY)
    b = net.add("post", 1, ns.LIF(t_ref=2.0))
    net.drive(a, ns.SpikeTimes(pre), psp=20.0)
    net.drive(b, ns.Poisson(2000.0), psp=1.4)
    net.record(b, "v")
    rule, delay = CLOPATH, 1.2
    synapse = net.connect(
        a, b, ns.OneToOne(), synapse=ns.ExpCurrent(2.0), weight=WEIGHT, delay=delay, plasticity=rule
    )
    simulation = ns.Simulation(net)
    result = simulation.run(DURATION)
    u = np.append(-70.0, result.traces["post", "v"].values[:, 0])
    for k in np.rint(result.spikes["post"].times / DT).astype(int):
        u[k : k + 20] = rule.v_spike  # 2 ms
    filters = {}
    for tau in (rule.tau_minus, rule.tau_plus):
        f = np.full(len(u), -70.0)
        for k in range(1, len(u)):
            f[k] = f[k - 1] + (u[k] - f[k - 1]) * (1.0 - np.exp(-DT / tau))
        filters[tau] = np.append(np.full(10, -70.0), f)[: len(u)]  # 1 ms later
    minus, plus = filters[rule.tau_minus], filters[rule.tau_plus]
    arrivals, lag = np.rint(pre / DT).astype(int), round(delay / DT)
    x, trace = WEIGHT / W_MAX, 0.0
    for k in range(1, arrivals[-1] + 1):
        trace *= np.exp(-DT / rule.tau_x)
        soma = k - lag
        if soma > 0 and u[soma] > rule.theta_plus and plus[soma] > rule.theta_minus:
            gained = (u[soma] - rule.theta_plus) * (plus[soma] - rule.theta_minus)
            x = clip(x + rule.a_ltp * trace / rule.tau_x * gained * DT)
        if k in arrivals:
            last = minus[soma - 1] if soma > 0 else -70.0
            x = clip(x - rule.a_ltd * max(last - rule.theta_minus, 0.0))
            trace += 1.0
    found = simulation.connections(synapse).weights[0] / W_MAX
    assert len(result.spikes["post"]) > 10
    assert found == pytest.approx(x, rel=1e-9)
    assert abs(found / (WEIGHT / W_MAX) - 1.0) > 0.01


def test_vogels_sprekeler_keeps_the_rate() -> None:
    """The rate of the last 10 s is within 15 % of the one of the rule, and was not before."""
    net = ns.Network()
    exc = net.add("exc", 40, RELAY)
    inh = net.add("inh", 40, RELAY)
    cell = net.add("cell", 10, ns.LIF())
    for source in (exc, inh):
        net.drive(source, ns.Poisson(20.0), psp=20.0)
    net.connect(exc, cell, ns.AllToAll(), psp=1.0)
    rule = ns.VogelsSprekeler(-3.0, learning_rate=0.01, rate=8.0)
    net.connect(inh, cell, ns.AllToAll(), psp=-0.01, plasticity=rule)
    result = ns.Simulation(net).run(25000.0)
    rates = [ns.analysis.mean_rate(result, "cell", t, t + 1000.0) for t in (0.0, 24000.0)]
    late = ns.analysis.mean_rate(result, "cell", 15000.0, 25000.0)
    assert rates[0] > 12.0
    assert late == pytest.approx(8.0, rel=0.15)


def test_reward_strengthens_the_synapse_that_caused_it() -> None:
    """Both synapses see the same spikes; only the pairs of one are followed by a reward."""
    net = ns.Network()
    pre, post = net.add("pre", 2, RELAY), net.add("post", 1, HIGH)
    net.drive(pre, ns.SpikeTimes(np.arange(100.0, 60000.0, 6000.0)), ids=[0], psp=20.0)
    net.drive(pre, ns.SpikeTimes(np.arange(3100.0, 60000.0, 6000.0)), ids=[1], psp=20.0)
    net.drive(post, ns.SpikeTimes(np.arange(110.0, 60000.0, 3000.0)), psp=200.0)
    rule = ns.RewardSTDP(W_MAX, a_plus=0.1, tau_c=500.0)
    synapse = net.connect(
        pre, post, ns.AllToAll(), synapse=ns.ExpCurrent(2.0), weight=WEIGHT, plasticity=rule
    )

    def reward(chunk: ns.Chunk) -> None:
        if round(chunk.stop) % 6000 == 200:
            chunk.signal(synapse, 1.0)

    simulation = ns.Simulation(net)
    simulation.stream(100.0, reward, duration=60000.0)
    first, second = simulation.connections(synapse).weights / W_MAX
    assert first > 0.7
    assert second == pytest.approx(0.5, abs=0.01)


def test_a_population_gives_the_reward_of_a_callback() -> None:
    found = []
    for by_population in (True, False):
        net = ns.Network()
        pre, post = net.add("pre", 1, RELAY), net.add("post", 1, HIGH)
        dopamine = net.add("dopamine", 2, RELAY)
        net.drive(pre, ns.SpikeTimes([50.0]), psp=20.0)
        net.drive(post, ns.SpikeTimes([60.0]), psp=200.0)
        net.drive(dopamine, ns.SpikeTimes([78.0, 139.0]), psp=20.0)
        synapse = net.connect(
            pre, post, ns.OneToOne(), weight=WEIGHT, synapse=ns.ExpCurrent(2.0),
            plasticity=ns.RewardSTDP(W_MAX, a_plus=0.2),
        )  # fmt: skip
        if by_population:
            net.modulate(dopamine, synapse, amount=0.5, delay=2.0)

        def reward(chunk: ns.Chunk, synapse=synapse, given=not by_population) -> None:
            if given and round(chunk.stop) in (80, 141):
                chunk.signal(synapse, 1.0)

        simulation = ns.Simulation(net)
        simulation.stream(1.0, reward, duration=400.0)
        found.append(simulation.connections(synapse).weights[0])
    assert found[0] == pytest.approx(found[1], rel=1e-12)
    assert found[0] > 1.05 * WEIGHT


def test_reading_weights_changes_nothing() -> None:
    bits = []
    for reads in (1, 10):
        simulation = ns.Simulation(network(RULES["reward"]))
        for _ in range(reads):
            run(simulation, 200.0 / reads)
            weights = simulation.connections(simulation.network.projections[0]).weights
        bits.append(weights.tobytes())
    assert bits[0] == bits[1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda n, a, p: n.modulate(a, p), "has the rule STDP, which receives no signal"),
        (lambda n, a, p: n.modulate(a[:1], p), "is a whole population"),
        (lambda n, a, p: n.modulate(a, "p"), "'p' is not a projection of this network"),
        (
            lambda n, a, p: n.connect(a, a, ns.AllToAll(), psp=1.0, dendritic_delay=1.0),
            "dendritic_delay applies only to plastic synapses",
        ),
        (lambda n, a, p: ns.PowerLawSTDP(0.0), r"PowerLawSTDP.w_0 = 0: give the unit of weight"),
        (
            lambda n, a, p: n.connect(
                a, a, ns.AllToAll(), psp=-1.0, plasticity=ns.PowerLawSTDP(1.0)
            ),
            r"weight = -1 is outside the range of PowerLawSTDP",
        ),
    ],
)
def test_mistakes_are_refused_in_a_sentence(make, words: str) -> None:
    net = ns.Network(dale=False)
    a = net.add("a", 3, ns.LIF())
    p = net.connect(a, a, ns.AllToAll(), psp=1.0, plasticity=ns.STDP(2.0))
    with pytest.raises(ns.NeurosimError, match=words):
        make(net, a, p)


@pytest.mark.parametrize("kind", [ns.STDP, ns.NearestSTDP])
def test_no_postsynaptic_spike_of_a_step_is_paired_with_a_presynaptic_one_in_it(kind) -> None:
    net = ns.Network(dale=False)
    pre = net.add("pre", 1, RELAY)
    post = net.add("post", 1, ns.AdEx(delta_t=0.0, a=0.0, b=0.0, g_l=1.0, c_m=100.0))
    rule = kind(1.0, learning_rate=0.002)
    plastic = net.connect(pre, post, ns.AllToAll(), weight=0.5, delay=DT, plasticity=rule)
    net.drive(post, ns.StepCurrent([5.0], [40000.0]))
    net.drive(pre, ns.SpikeTimes([1.0, 5.5, 6.0]), psp=20.0)
    simulation = ns.Simulation(net)
    spikes = simulation.run(8.0).spikes
    early, late = (np.rint(spikes[name].times / DT) * DT for name in ("pre", "post"))
    late = late + DT  # the dendritic delay
    assert np.isclose(late[:, None], early[1]).sum() > 1  # several in the step of one
    expected = naive(rule, early, late[late <= early[-1] + 1e-6], 0.5, 8.0)
    found = simulation.connections(plastic).weights[0]
    assert found == pytest.approx(expected, abs=1e-9)
