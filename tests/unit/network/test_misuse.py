"""Arguments of the wrong type are refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import neurosim as ns

RAGGED = [[1, 2], [3]]

PARTS = [
    (lambda: ns.LIF(v_rest=-0.07), r"v_rest = -0\.07 mV.*look like volts; did you mean -70\?"),
    (lambda: ns.LIF(v_threshold=-0.055), r"look like volts; did you mean -55\?"),
    (lambda: ns.LIF(v_rest=0.0, v_reset=0.0, v_threshold=0.015), "did you mean 15"),
    (lambda: ns.LIF(c_m=2.5e-10), r"values are in pF; did you mean 250\?"),
    (lambda: ns.LIF(c_m=0.25), r"c_m = 0\.25 pF .*did you mean 250\?"),
    (lambda: ns.LIF(tau_m=20_000), r"did you mean 20\?"),
    (lambda: ns.LIF(tau_m=10**400), "tau_m = inf is not finite"),
    (lambda: ns.ExpCurrent(np.arange(500)), r"tau = array\(.*\.\.\. is not a number"),
    (lambda: ns.LIF(tau_m=1 + 0j), "is not a number"),
    (lambda: ns.LIF(escape=2.0), r"escape = 2\.0 is not a soft threshold: give EscapeRate"),
    (lambda: ns.EscapeRate(0.0, 1.0), r"EscapeRate\.delta = 0 mV is outside 0\.001 to 1000 mV"),
    (lambda: ns.EscapeRate(2.0, np.nan), r"EscapeRate\.tau = nan is not finite"),
    (lambda: ns.EscapeRate(2.0, 1.0, "softpls"), r"'softpls' is unknown: did you mean 'softplus'"),
    (lambda: ns.SpikeTimes(5.0), r"shape \(\): give a 1-D array"),
    (lambda: ns.SpikeTimes(None), "is not an array of numbers"),
    (lambda: ns.SpikeTimes([[1.0, 2.0], 3.0]), r"shape \(\)"),
    (lambda: ns.SpikeTimes(str(k) for k in range(3)), "is not an array of numbers"),
    (lambda: ns.StepCurrent([0.0, 1.0], RAGGED), "its rows differ in length"),
    (lambda: ns.StepCurrent(0.0, 1.0), r"times has shape \(\)"),
    (lambda: ns.ConstantCurrent([True, False]), "is not an array of numbers"),
    (lambda: ns.ConstantCurrent(np.ones((2, 2))), r"shape \(2, 2\): give a number, or one"),
    (lambda: ns.CurrentWaveform(np.ones((2, 2, 2)), 1.0), r"expected \(n_times,\) or"),
    (lambda: ns.Poisson(5.0, times=[0.0]), r"shape \(\): expected \(1,\)"),
    (lambda: ns.Explicit(RAGGED, [1]), "not a 1-D array of whole numbers"),
    (lambda: ns.Explicit([-1], [0]), "holds -1: indices run from 0"),
    (lambda: ns.FixedProbability(1.0 + 1e-9), r"p = 1\.000000001 is outside 0 to 1$"),
    (lambda: ns.FixedInDegree(2.0), "not a whole number: write 2"),
]


@pytest.mark.parametrize(("make", "words"), PARTS)
def test_wrong_types_in_parts_are_refused(make, words) -> None:
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


NETWORKS = [
    (lambda n, a, b: n.add("", 1, ns.LIF()), "non-empty string"),
    (lambda n, a, b: n.add(7, 1, ns.LIF()), "Population name 7"),
    (lambda n, a, b: n.add("c", np.int64(0), ns.LIF()), "'c' = 0 is outside 1 to"),
    (lambda n, a, b: n.add("c", True, ns.LIF()), "is not a whole number"),
    (lambda n, a, b: n.add("c", 2, ns.LIF(), v_init="x"), "'x' is not a number: give one in mV"),
    (lambda n, a, b: n.add("c", 2, ns.LIF(), dale=1), "dale = 1 is neither True nor False"),
    (lambda n, a, b: n.add("c", 2**31 - 1, ns.LIF()), "the maximum is 2147483647"),
    (lambda n, a, b: n.connect(a, b, psp=1.0), "no connection rule was given: give AllToAll"),
    (lambda n, a, b: n.connect(a, b, ns.AllToAll, psp=1.0), "is not a connection rule"),
    (lambda n, a, b: n.connect(a, b, ns.AllToAll(), psp="1"), "psp = '1' is not a number"),
    (lambda n, a, b: n.connect(a, b, ns.AllToAll(), psp=RAGGED), "its rows differ in length"),
    (lambda n, a, b: n.connect(a, b, ns.AllToAll(), psp=[]), "psp is empty"),
    (
        lambda n, a, b: n.connect(a, b, ns.AllToAll(), psp=1.0, delay=ns.Normal(-10.0, 1.0)),
        "delay = Normal.* no positive values",
    ),
    (
        lambda n, a, b: n.connect(a, b, ns.AllToAll(), psp=1.0, delay=np.zeros((3, 4))),
        "delay = 0 ms",
    ),
    (
        lambda n, a, b: n.connect(a, a, ns.FixedInDegree(3, False, False), psp=1.0),
        "3 exceeds the 2 neurons .* allow multapses",
    ),
    (
        lambda n, a, b: n.connect(a, b, ns.FixedOutDegree(5, multapses=False), psp=1.0),
        "5 exceeds the 4 neurons",
    ),
    (
        lambda n, a, b: n.connect(a, b, ns.AllToAll(), psp=scipy.sparse.csr_array((3, 4))),
        "also defines the connections",
    ),
    (lambda n, a, b: n.connect(a, b, ns.Explicit([0], [4]), psp=1.0), "holds 4: .* 0 to 3"),
    (lambda n, a, b: n.drive(a, ns.Poisson(5.0), psp=[1.0, 2.0]), r"shape \(2,\); expected \(3,\)"),
    (lambda n, a, b: n.drive(a, ns.MembraneNoise(1.0), ids=RAGGED), "not a 1-D array of whole"),
    (lambda n, a, b: n.drive(a, ns.SpikeTimes([[1.0, 2.0]]), psp=1.0), "1 targets but drives 3"),
    (lambda n, a, b: n.drive(a, ns.ConstantCurrent(5.0), delay=1.0), "leave out delay"),
    (lambda n, a, b: n.record(a, "V"), "did you mean 'v'"),
    (lambda n, a, b: n.record(a, np.array(["v", "i_syn"])), "cannot be recorded"),
]


@pytest.mark.parametrize(("act", "words"), NETWORKS)
def test_refused_calls_do_not_change_the_network(act, words) -> None:
    net = ns.Network()
    a, b = net.add("a", 3, ns.LIF()), net.add("b", 4, ns.LIF())
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        act(net, a, b)
    assert "\n" not in str(caught.value)
    assert net.populations == (a, b)
    assert not net.projections + net.drives + net.recordings


def test_empty_lists_of_connections_are_allowed() -> None:
    net = ns.Network()
    a, b = net.add("a", 3, ns.LIF()), net.add("b", 4, ns.LIF())
    nothing = scipy.sparse.csr_array((3, 4))
    assert net.connect(a, b, psp=nothing).weight.shape == (0,)
    assert len(net.connect(a, b, nothing, psp=1.0).rule.sources) == 0
    assert net.connect(a, b, ns.Explicit([], []), psp=[], delay=[]).delay.shape == (0,)


def test_numbers_of_other_libraries_are_numbers() -> None:
    neuron = ns.LIF(tau_m=np.float32(10.0), c_m=np.int64(200), t_ref=np.array(2.0))
    assert neuron == ns.LIF(tau_m=10.0, c_m=200.0, t_ref=2.0)


def test_arrays_kept_are_read_only_copies() -> None:
    given = np.ones((3, 4))
    net = ns.Network()
    a, b = net.add("a", 3, ns.LIF(), v_init=[-70.0, -65.0, -60.0]), net.add("b", 4, ns.LIF())
    projection = net.connect(a, b, ns.AllToAll(), psp=given, delay=given)
    drive = net.drive(a, ns.SpikeTimes([[], [1.0], [2.0, 3.0]]), psp=[1.0, 2.0, 3.0], ids=[2, 0, 1])
    kept = [a.v_init, projection.weight, projection.delay, drive.weight, drive.ids]
    given[:] = 99.0
    assert projection.weight.max() == projection.delay.max() == 1.0
    assert [array.dtype.kind for array in kept] == list("ffffi")
    assert not any(array.flags.writeable for array in (*kept, *drive.input.times))
