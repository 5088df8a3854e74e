"""Depression and facilitation, and logistic neurons with static weights or with the efficacy."""

from __future__ import annotations

import numpy as np
import pytest

MODELS = {"depression": (0.5, 800.0, 0.0), "facilitation": (0.03, 130.0, 530.0)}


def efficacies(times: np.ndarray, u: float, tau_rec: float, tau_fac: float) -> np.ndarray:
    """Efficacy u x of each spike, by the differential equations between the spikes."""
    x, used, sent = 1.0, 0.0, []
    for interval in np.diff(times, prepend=-np.inf):
        x = 1.0 - (1.0 - x) * np.exp(-interval / tau_rec)
        used *= np.exp(-interval / tau_fac) if tau_fac else 0.0
        used += u * (1.0 - used)
        sent.append(used * x)
        x -= used * x
    return np.array(sent)


@pytest.fixture
def found(command) -> dict:
    options = ("--set", "neurons=1", "--duration", "13000", "--no-plot")
    return command("run", "short-term-plasticity", *options)["findings"]


def test_efficacies_equal_the_equations(found) -> None:
    train = np.append(np.arange(50.0, 401.0, 50.0), 900.0)
    rates = np.geomspace(1.0, 100.0, 17)
    for kind, model in MODELS.items():
        expected = efficacies(train, *model) / model[0]
        # Up to 1 % remains of the PSP before, and samples are 1 ms apart.
        assert found[f"{kind}_mv"] == pytest.approx(expected, rel=0.02)
        steady = [efficacies(np.arange(0.0, 6000.0, 1e3 / rate), *model)[-1] for rate in rates]
        # Regular spikes are rounded to steps of 0.1 ms; at 1 Hz, efficacies have almost settled.
        assert found[f"efficacy_{kind}"] == pytest.approx(steady, rel=5e-3)
    assert found["efficacy_depression"][-1] == pytest.approx(0.0125, rel=0.03)


def test_depressing_synapses_transmit_changes(found) -> None:
    assert max(found["jumps_depression"]) < 2.0 < found["range_static"]
    assert min(found["jumps_depression"]) > 1.4 > found["range_depression"] - 0.15
    # Poisson spikes: the mean current is proportional to u r / (1 + u r tau_rec).
    assert found["range_depression"] == pytest.approx(8.0 * 3.0 / 17.0, rel=0.1)
    assert found["range_static"] == pytest.approx(8.0, rel=0.05)


@pytest.mark.slow
def test_the_efficacy_makes_the_weights_equal(command) -> None:
    rows = command("compare", "short-term-plasticity", "--set", "neurons=10", "--no-plot")
    rows = rows["comparison"]
    assert rows["facilitation_static"] > 2.0 * rows["depression_static"]
    assert rows["facilitation_dynamic"] == pytest.approx(rows["depression_dynamic"], rel=0.15)
    # The slope is 1/delta = 0.5 per mV, less what spikes remove from the potential.
    assert rows["facilitation_dynamic"] == pytest.approx(0.45, abs=0.05)
    assert rows["gain"]["low"] > 0.2
