"""Phase planes of two neurons: closed forms, thresholds, predictions from v and from v and w."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from scenarios.biological_neuron.phase_plane import ADEX, EXAMPLES, FITZHUGH, SADDLE


def jacobian(model, v: float, w: float, current: float) -> np.ndarray:
    """Return the derivatives of the slopes, by central differences."""
    h = 1e-5
    columns = []
    for dv, dw in ((h, 0.0), (0.0, h)):
        after = model.derivatives(v + dv, w + dw, current, model)
        before = model.derivatives(v - dv, w - dw, current, model)
        columns.append((np.array(after) - before) / (2.0 * h))
    return np.transpose(columns)


def balanced(model, v: float) -> tuple[float, float]:
    """Return w and the current (pA) that make v a fixed point."""
    w = brentq(lambda w: model.derivatives(v, w, 0.0, model)[1], -1e4, 1e4)
    without, with_one = (model.derivatives(v, w, i, model)[0] for i in (0.0, 1.0))
    return w, -without / (with_one - without)


@pytest.mark.parametrize("name", EXAMPLES)
def test_rest_and_rheobase_follow_from_the_equations_of_the_model(name: str) -> None:
    _, model, rest, rheobase, *_ = EXAMPLES[name]
    assert balanced(model, rest)[1] == pytest.approx(0.0, abs=1e-9)
    # The rest becomes unstable where the trace of the Jacobian matrix passes 0.
    v = brentq(lambda v: np.trace(jacobian(model, v, *balanced(model, v))), rest, rest + 25.0)
    assert balanced(model, v)[1] == pytest.approx(rheobase, rel=1e-6)
    assert np.linalg.det(jacobian(model, v, *balanced(model, v))) > 0.0


def test_the_saddle_is_a_fixed_point_with_one_unstable_direction() -> None:
    w = ADEX.a * (SADDLE - ADEX.e_l)
    assert np.abs(ADEX.derivatives(SADDLE, w, 0.0, ADEX)).max() < 1e-9
    assert np.linalg.det(jacobian(ADEX, SADDLE, w, 0.0)) < 0.0


def test_the_model_of_the_scenario_equals_an_accurate_solution() -> None:
    verified = FITZHUGH.verify(current=160.0, duration=200.0)
    assert len(verified.reference_times) > 3
    assert verified.largest_spike_shift <= 0.1 + 1e-9
    assert verified.largest_v_error < 1e-5


def test_stimuli_and_currents_cross_the_threshold_as_computed(command) -> None:
    found = command("run", "phase-plane", "--no-plot", "--set", "neurons=4")["findings"]
    for name in EXAMPLES:
        assert found[f"{name}_rest_error_mv"] < 1e-5
        assert found[f"{name}_fired"] == [False, True]
        assert found[f"{name}_onset_pa"] == pytest.approx(found[f"{name}_rheobase_pa"], abs=4.0)


def test_w_matters_where_v_passes_the_same_values_twice(command) -> None:
    found = command("compare", "phase-plane", "--no-plot", "--set", "neurons=12")["comparison"]
    bits = {key: one["value"] for key, one in found.items()}
    assert bits["bits_adex_v_w"] == pytest.approx(bits["bits_adex_v"], abs=0.1)
    assert bits["bits_fitzhugh_v_w"] > bits["bits_fitzhugh_v"] + 1.0
