"""Results of population GLMs print as one line."""

from __future__ import annotations

import numpy as np
import pytest

from bridge import PopulationGLM
from bridge.inference import infer_synapses
from bridge.recordings import bin_trains

DURATION = 60_000.0


@pytest.fixture(scope="module")
def trains() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.sort(rng.choice(int(DURATION), 600, replace=False)) + 0.5 for _ in range(5)]


def test_results_print_as_one_line(trains):
    glm = PopulationGLM(progress=False).fit(trains, DURATION)
    found = [
        repr(one)
        for one in (
            bin_trains(trains, DURATION),
            glm.tests_,
            glm.evaluate(),
            glm.rescaled()[0],
            glm.to_population(),
            infer_synapses(trains, DURATION),
        )
    ]
    assert found[0] == "<BinnedTrains: 3,000 spikes of 5 neurons, 60,000 bins of 1 ms>"
    assert found[1] == "<PairTests: 5 neurons, 20 pairs tested>"
    assert found[4] == "<FilteredPopulation: 5 neurons, bernoulli, logit, filters of 50 ms>"
    assert found[5] == "<Connectome: 5 neurons, 20 pairs tested>"
    assert all("\n" not in one and len(one) <= 80 for one in found)
