"""Spiking read-out neurons fire with the probabilities of their decoder."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chi2, norm

import bridge
import neurosim as ns
from bridge import LogisticDecoder


@pytest.fixture
def decoders() -> dict[int, tuple[LogisticDecoder, np.ndarray]]:
    """Return a decoder of two and one of four classes, with its trials."""
    rng = np.random.default_rng(7)
    found = {}
    for n_classes in (2, 4):
        classes = rng.integers(0, n_classes, 500)
        counts = rng.poisson(np.exp(rng.normal(1.0, 0.3, (n_classes, 6)))[classes])
        found[n_classes] = LogisticDecoder().fit(counts, classes), counts
    return found


def test_one_neuron_decides_between_two_classes(decoders) -> None:
    decoder, counts = decoders[2]
    readout = decoder.to_spiking(beta=2.0)
    wanted = decoder.predict_proba(counts)
    assert len(readout.units) == 1
    assert readout.decision_probability(counts) == pytest.approx(wanted, abs=1e-12)
    assert readout.decide([[True], [False]]).tolist() == [1, 0]


@pytest.mark.parametrize("bias", [None, 0.0, -3.0, 2.0])
def test_the_neuron_that_fires_alone_has_the_posterior_probability(decoders, bias) -> None:
    decoder, counts = decoders[4]
    decision = decoder.to_spiking(bias=bias).decision_probability(counts)
    decided = decision.sum(axis=1, keepdims=True)
    assert (decided < 1.0).all()
    assert decision / decided == pytest.approx(decoder.predict_proba(counts), abs=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_simulated_decisions_have_the_probabilities_of_the_decoder(decoders, n_classes) -> None:
    # A chi-square test that fails for 1 in 10,000 seeds.
    decoder, counts = decoders[n_classes]
    readout = decoder.to_spiking()
    trials = np.repeat(counts[:20], 2000, axis=0)
    decision = readout.decide(readout.fire(trials, seed=11)).reshape(20, 2000)
    exact = readout.decision_probability(counts[:20])
    statistic, freedom = 0.0, 0
    for seen, chance in zip(decision, exact, strict=True):
        expected = 2000 * np.append(chance, max(1.0 - chance.sum(), 0.0))
        observed = np.append([(seen == k).sum() for k in range(n_classes)], (seen < 0).sum())
        rare = expected < 10.0
        cells = np.append(expected[~rare], expected[rare].sum())
        counted = np.append(observed[~rare], observed[rare].sum())
        cells, counted = cells[cells > 1.0], counted[cells > 1.0]
        statistic += ((counted - cells) ** 2 / cells).sum()
        freedom += len(cells) - 1
    assert statistic < chi2.isf(1e-4, freedom)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_decodes_every_bin_with_the_scores_of_the_decoder(n_classes, threads) -> None:
    rng = np.random.default_rng(n_classes)
    n, n_bins, kernel = 5, 4000, rng.normal(0.0, 1.0, (6, 2))
    state = np.repeat(rng.integers(0, n_classes, n_bins // 100), 100)
    rates = rng.uniform(0.02, 0.2, (n_classes, n))
    trains = [1.0 + np.flatnonzero(rng.random(n_bins) < rates[state, k]) for k in range(n)]
    features = bridge.filtered_counts(trains, kernel, duration=float(n_bins))
    decoder = LogisticDecoder().fit(features, state)

    net = ns.Network()
    # A strong spike in the step before makes the neuron fire in the wanted step.
    cells = net.add("cells", n, ns.LIF(tau_m=0.1, c_m=1.0, t_ref=0.0), dale=False)
    for k, train in enumerate(trains):
        net.drive(cells[k], ns.SpikeTimes(train), psp=100.0)
    readout = decoder.to_spiking(beta=1.5)
    target = readout.add_to(net, "readout", cells, kernel=kernel)
    net.record(target, "v")
    result = ns.simulate(net, float(n_bins), dt=1.0, seed=3, threads=threads)

    found = bridge.filtered_counts(
        result.spikes["cells"].by_neuron(), kernel, duration=float(n_bins)
    )
    assert np.abs(found).max() > 0.0
    scores = found @ decoder.coef_.T + decoder.intercept_
    if n_classes > 2:
        scores -= np.log(n_classes - 1.0)
    # The score of a bin is the potential in the next one, unless the neuron fired and was reset.
    scores = scores[:-1]
    fired = np.zeros((n_bins, len(readout.units)), bool)
    spikes = result.spikes["readout"]
    fired[np.rint(spikes.times).astype(int) - 1, spikes.ids] = True
    fired = fired[1:]
    excess = 1.5 * (result.traces["readout", "v"].values[1:] - readout.units[0].neuron.v_threshold)
    assert excess[~fired] == pytest.approx(scores[~fired], abs=1e-9)
    chance = expit(scores)
    z = (fired - chance).sum(axis=0) / np.sqrt((chance * (1.0 - chance)).sum(axis=0))
    assert np.abs(z).max() < norm.isf(0.5e-4)


def test_a_readout_of_other_features_is_refused(decoders) -> None:
    decoder, _ = decoders[4]
    readout = decoder.to_spiking()
    net = ns.Network()
    cells = net.add("cells", 5, ns.LIF(), dale=False)
    with pytest.raises(ns.NeurosimError, match="has 5 features, but the decoder has 6"):
        readout.add_to(net, "readout", cells)
    with pytest.raises(ns.NeurosimError, match="width = 0 ms is not a finite number"):
        decoder.to_spiking(width=0.0)
    with pytest.raises(ns.NeurosimError, match="must have 4 columns"):
        readout.decide([[True]])
