"""Figures of population models show what the fit contains."""

from __future__ import annotations

import numpy as np
import pytest

from bridge import PopulationGLM
from bridge.recordings import NoHistory, RaisedCosines, coupling_plot, filter_plot, raster_plot
from neurosim import NeurosimError
from neurosim.plot import EXCITATORY, INHIBITORY

DURATION = 200_000.0


@pytest.fixture(scope="module")
def glm() -> PopulationGLM:
    """Neuron "a" excites "b"; "c" is independent and is not fitted."""
    rng = np.random.default_rng(1)
    first = np.sort(rng.uniform(0.0, DURATION - 20.0, 4000))
    second = np.sort(first[::2] + rng.uniform(2.0, 8.0, 2000))
    third = np.sort(rng.uniform(0.0, DURATION, 2000))
    trains = {"a": np.unique(first), "b": second, "c": third}
    model = PopulationGLM(RaisedCosines(4, 30.0), history_basis=RaisedCosines(3, 10.0))
    with pytest.warns(UserWarning, match="share a bin"):
        return model.fit(trains, DURATION, neurons=["a", "b"])


def test_filters_are_drawn_with_their_95_percent_intervals(glm):
    figure = glm.plot_filters("b")
    own, coupling, *_ = figure.axes
    assert coupling.get_title(loc="left") == "from a"
    assert own.get_title(loc="left").startswith("spike history")
    curve = coupling.lines[-1]
    np.testing.assert_allclose(curve.get_xdata(), np.arange(1.0, 31.0))
    np.testing.assert_allclose(curve.get_ydata(), glm.unbiased_filters_[0, 1])
    assert curve.get_color() == EXCITATORY
    band = coupling.collections[0].get_paths()[0].vertices[:, 1]
    half = 1.96 * glm.filter_errors_[0, 1]
    low, high = glm.unbiased_filters_[0, 1] - half, glm.unbiased_filters_[0, 1] + half
    assert band.min() == pytest.approx(low.min(), rel=1e-3)
    assert band.max() == pytest.approx(high.max(), rel=1e-3)
    # The history is shorter than the coupling: it is drawn up to its own longest lag.
    dead = glm.refractory_[1]
    np.testing.assert_allclose(own.lines[-1].get_xdata(), np.arange(1.0 + dead, 11.0))
    assert "1 of 2 neurons" in figure.get_suptitle()


def test_true_filters_are_drawn_beside_the_fitted_ones(glm):
    truth = np.full((3, 3, 30), 0.5)
    own, coupling = filter_plot(glm, "b", truth=truth).axes[:2]
    np.testing.assert_allclose(coupling.lines[-1].get_ydata(), 0.5)
    assert len(own.get_legend().get_texts()) == 2


def test_a_neuron_without_history_or_inputs_has_one_panel():
    rng = np.random.default_rng(2)
    trains = [np.sort(rng.uniform(0.0, 50_000.0, 500)) for _ in range(2)]
    with pytest.warns(UserWarning, match="share a bin"):
        alone = PopulationGLM(history_basis=NoHistory()).fit(trains, 50_000.0)
    figure = filter_plot(alone, 0, fdr=1e-12)
    assert "0 of 1 neurons" in figure.get_suptitle()


def test_the_matrix_has_the_strengths_and_marks_called_couplings(glm):
    axes = glm.plot_coupling().axes[0]
    (image,) = axes.images
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan), glm.amplitudes_)
    np.testing.assert_array_equal(axes.collections[0].get_offsets(), [[1.0, 0.0]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    colours = image.get_cmap()
    assert colours(1.0)[:3] == pytest.approx(
        [int(EXCITATORY[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    )
    assert colours(0.0)[:3] == pytest.approx(
        [int(INHIBITORY[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    )


def test_with_the_truth_the_marks_are_found_missed_and_false(glm):
    truth = np.array([[0, 0, 1], [1, 0, 0], [0, 0, 0]])
    figure = coupling_plot(glm, truth=truth)
    found, missed, false = figure.axes[0].collections
    assert len(found.get_offsets()) == 0
    np.testing.assert_array_equal(missed.get_offsets(), [[2.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(false.get_offsets(), [[1.0, 0.0]])
    labels = [mark.get_label() for mark in (found, missed, false)]
    assert labels == ["found", "missed", "false"]
    assert figure.get_suptitle().startswith("0 found, 2 missed, 1 false")


def test_rasters_show_the_spikes_of_the_interval_side_by_side():
    recordings = {"Observed": [[5.0, 20.0], [12.0]], "Simulated": [[6.0], [31.0]]}
    left, right = raster_plot(recordings, 40.0, start=5.0, stop=35.0).axes
    np.testing.assert_array_equal(left.lines[0].get_xdata(), [12.0, 20.0])
    np.testing.assert_array_equal(left.lines[0].get_ydata(), [1, 0])
    np.testing.assert_array_equal(right.lines[0].get_xdata(), [6.0, 31.0])
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("Observed", "Simulated")


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda glm: filter_plot(glm, "d"), "unknown neuron 'd': the neurons are a, b, c"),
        (lambda glm: filter_plot(glm, "c"), "neuron 'c' was not fitted"),
        (lambda glm: coupling_plot(glm, fdr=2.0), "fdr = 2 is outside 0 to 1"),
        (lambda glm: coupling_plot(glm, truth=np.ones((2, 2))), r"truth has shape \(2, 2\)"),
        (lambda glm: filter_plot(glm, "a", truth=np.ones(3)), r"truth has shape \(3,\)"),
        (lambda glm: raster_plot({}), "there is no recording to draw"),
        (lambda glm: raster_plot({"a": [[1.0]]}, 40.0, start=50.0), "start = 50 ms"),
    ],
)
def test_invalid_arguments_are_reported(glm, draw, words):
    with pytest.raises(NeurosimError, match=words):
        draw(glm)
