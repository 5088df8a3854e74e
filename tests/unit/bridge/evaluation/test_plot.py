"""What the figures of the bridge show."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex

from bridge import decision_plane, psp_plot, reliability_curve, reliability_plot
from neurosim import NeurosimError
from neurosim.plot import EXCITATORY, INHIBITORY


def rendered(figure):
    figure.savefig(io.BytesIO())
    return figure


def test_planes_share_one_scale_from_0_to_1_and_show_the_half_line():
    x, y = np.arange(4.0), np.arange(3.0)
    rising = np.tile(x / 3.0, (3, 1))
    fig = rendered(decision_plane(x, y, {"one": rising, "silent": np.zeros((3, 4))}))
    first, second, _bar = fig.axes

    assert [axes.collections[0].get_clim() for axes in (first, second)] == [(0, 1), (0, 1)]
    line = first.collections[1].get_paths()[0].vertices
    assert line[:, 0] == pytest.approx(np.full(len(line), 1.5))
    assert len(second.collections) == 1


def test_plane_of_the_wrong_shape_is_refused():
    with pytest.raises(NeurosimError, match=r"plane 'one' has shape \(4, 3\): it must be \(3, 4\)"):
        decision_plane(np.arange(4), np.arange(3), {"one": np.zeros((4, 3))})


def test_calibration_is_drawn_against_the_diagonal():
    p = np.linspace(0.01, 0.99, 200)
    fig = rendered(reliability_plot({"trained": reliability_curve(p > 0.5, p)}))
    upper = fig.axes[0]
    texts = [text.get_text() for text in upper.get_legend().get_texts()]

    assert texts == ["perfect calibration", "trained"]
    assert upper.get_xlim() == upper.get_ylim()


def test_psps_stand_in_the_colours_of_excitation_and_inhibition():
    psps = np.array([5.0, -3.0])
    interval = psps[:, None] + [-1.0, 1.0]
    fig = rendered(psp_plot(psps, interval, truth=[5.5, -3.5], names=["a", "b"]))
    points = {
        to_hex(line.lines[0].get_color()).upper(): line.lines[0].get_ydata().tolist()
        for line in fig.axes[0].containers
    }

    assert points == {EXCITATORY: [5.0], INHIBITORY: [-3.0]}
    assert fig.axes[1].containers[0].lines[0].get_ydata() == pytest.approx([-0.5])
    assert len(psp_plot(psps, interval).axes) == 1
