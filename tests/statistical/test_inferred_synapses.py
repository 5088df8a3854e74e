"""Synapses inferred from neurons for which the logistic model is correct."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from bridge import inference
from scenarios.recordings.connectome import Settings, wiring

WIDTH, DURATION = 2.0, 120_000.0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* have fewer spikes than")
def test_with_a_soft_threshold_standard_errors_are_correct():
    settings = Settings(excitatory=32, inhibitory=8, probability=0.3)
    neuron = ns.LIF(escape=ns.EscapeRate(WIDTH, 10.0, "exponential"))
    psps, delays = wiring(settings, 1)
    pairs, net = np.nonzero(psps), ns.Network(dale=False)
    cells = net.add("cells", settings.neurons, neuron)
    net.connect(cells, cells, ns.Explicit(*pairs), psp=psps[pairs], delay=delays[pairs])
    net.drive(cells, ns.ConstantCurrent((settings.mean - neuron.v_rest) / neuron.resistance))
    spikes = ns.simulate(net, DURATION, seed=1).spikes["cells"]

    kernel = inference.SynapticKernel((neuron.tau_m,))
    trains = inference.bin_trains([spikes.of(k) for k in range(settings.neurons)], DURATION)
    found = inference.infer_synapses(trains, kernel=kernel, reset=neuron.t_ref)
    scores = inference.score_connectome(found, psps, least=1.0, fdr=0.01)
    n_absent = 40 * 39 - len(pairs[0])
    # Four standard errors of the standard deviation of N(0, 1): 1 in 16,000.
    assert scores["null_sd"].value == pytest.approx(1.0, abs=4.0 / np.sqrt(2.0 * n_absent))
    assert scores["sign_accuracy"].value >= 0.99
