"""The playground: its figures through the command line, its window under a mouse."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backend_bases import FigureCanvasBase, MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color
from scipy.special import expit
from scipy.stats import binomtest, kstest

import neurosim as ns
from neurosim import plot
from neurosim.cli import main
from neurosim.engine.mpi import Communicator
from neurosim.plot.display import unmanaged
from neurosim.scenario import RunOptions, run
from scenarios.networks.playground import Settings, network
from scenarios.networks.playground_trials import Trials
from scenarios.networks.playground_window import WINDOW, Playground

OPTIONS = RunOptions(50.0, 0.5)
RUN = ("run", "playground", "--no-plot")


def trials_of(settings: Settings, seed: int = 1) -> Trials:
    options = RunOptions(50.0, 0.5, seed=seed)
    return Trials(ns.simulate(network(settings, options), 50.0, dt=0.5, seed=seed), settings)


def probability(settings: Settings) -> float:
    """Sum over all inputs that can come, one by one."""
    total = 0.0
    for active in itertools.product((0, 1), repeat=len(settings.psps)):
        chances = (p if a else 1.0 - p for a, p in zip(active, settings.inputs, strict=True))
        potential = -70.0 + np.dot(settings.psps, active)
        total += np.prod(list(chances)) * expit((potential - settings.v_threshold) / settings.noise)
    return total


def test_the_neuron_fires_as_often_as_its_logistic_unit_says(command, tmp_path):
    found = command("run", "playground")["findings"]
    assert found["theta"] == pytest.approx([-7.5, 5.0, 3.5, 1.5, -3.0])
    assert found["logistic_probability"] == pytest.approx(probability(Settings()), abs=1e-12)
    assert found["trials"] == 4000
    # At an error rate of 1e-4.
    assert binomtest(found["spikes"], 4000, found["logistic_probability"]).pvalue > 1e-4
    low, high = found["share_fired_interval"]
    assert low < found["share_fired"] < high
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 4000), rel=0.02)
    assert (tmp_path / "playground-board.png").exists()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(trials=40_000),
        Settings((-8.0, 4.5, 20.0, 3.0, 2.0), (0.5,) * 5, -61.5, 4.0, 40_000),
        Settings((15.5, 14.5), (0.3, 0.6), -55.0, 0.1, 40_000),
    ],
)
def test_at_each_potential_the_probability_is_logistic(settings):
    trials = trials_of(settings)
    points = trials.points
    expected = expit((points.potential - settings.v_threshold) / settings.noise)
    assert points.probability == pytest.approx(expected, abs=1e-12)
    assert points.trials.sum() == 40_000
    spikes = np.rint(points.fraction * points.trials)
    p_values = [
        binomtest(int(k), int(n), p).pvalue
        for k, n, p in zip(spikes, points.trials, expected, strict=True)
    ]
    assert len(p_values) >= 4
    # Below 1e-6 at any of at most 32 potentials: an error rate of 3e-5.
    assert min(p_values) > 1e-6


def test_trials_are_independent_and_depend_on_their_number_only():
    settings = Settings(trials=20_000)
    active, noise = settings.draw(seed=3)
    later, later_noise = Settings(trials=19_993, first_trial=7).draw(seed=3)
    assert np.array_equal(active[7:], later)
    assert np.array_equal(noise[7:], later_noise)
    assert not np.array_equal(active, settings.draw(seed=4)[0])
    for column, chance in zip(active.T, settings.inputs, strict=True):
        assert binomtest(int(column.sum()), len(column), chance).pvalue > 1e-5
    assert kstest(noise / settings.noise, "logistic").pvalue > 1e-5
    # Correlations of 20,000 independent pairs: beyond 4.9/√20,000 with a chance of 1e-6 each.
    joint = np.corrcoef(np.column_stack([active, noise, np.roll(noise, 1)]), rowvar=False)
    assert np.abs(joint - np.eye(6)).max() < 4.9 / np.sqrt(20_000)


def test_more_excitation_or_a_lower_threshold_silences_no_trial():
    before = trials_of(Settings()).fired
    for settings in (Settings(psps=(10.0, 9.0, 3.0, -4.0)), Settings(v_threshold=-57.0)):
        after = trials_of(settings).fired
        assert after[before].all()
        assert after.sum() > before.sum() + 100


def test_a_logistic_neuron_learns_the_synapses_from_the_spikes(command):
    printed = command("compare", "playground")["comparison"]
    truths = {"psp_1": 10.0, "psp_2": 7.0, "psp_3": 3.0, "psp_4": -6.0}
    for key, truth in truths.items():
        standard_error = (printed[key]["high"] - printed[key]["low"]) / 3.92
        assert abs(printed[key]["value"] - truth) < 4.0 * standard_error  # error rate 6e-5
    assert printed["agreement"]["value"] > 0.9
    # 4.9 standard errors at any of 13 potentials with 10 trials or more.
    assert printed["largest_difference"] < 4.9 * 0.5 / np.sqrt(10)


@pytest.mark.parametrize("assignment", ["psps=-3,-3,-3,-3", "inputs=0.5,1,0.5,0.5"])
def test_trials_without_variation_are_not_compared(capsys, tmp_path, assignment):
    settings = ["--set", assignment, "--set", "noise=0.3", "--out", str(tmp_path), "--no-plot"]
    assert main(["compare", "playground", *settings]) == 2
    assert "has a spike in all trials or in none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "psps=3"), "psps has 1 value: give 2 to 6, in mV"),
        (("--set", "inputs=0.5,0.5"), "inputs has 2 values for 4 synapses: give one for each"),
        (("--set", "inputs=0.5,0.5,2,0"), "inputs[2] = 2 is outside 0 to 1"),
        (("--set", "psps=3,-25,1,1"), "psps[1] = -25 mV is outside -20 to 20 mV"),
        (("--set", "v_threshold=-70"), "v_threshold = -70 mV is outside -65 to -40 mV"),
        (("--set", "noise=0"), "noise = 0 mV is outside 0.1 to 5 mV"),
        (("--set", "trials=10"), "trials = 10 is outside 100 to 100000"),
        (("--set", "first_trial=-1"), "first_trial = -1 is outside 0 to 1000000000000"),
        (("--duration", "10"), "duration = 10 ms is outside 20 to 200 ms"),
    ],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("playground", *arguments)


class Mouse:
    """A mouse over the canvas of a playground."""

    def __init__(self, playground: Playground, canvas: FigureCanvasBase) -> None:
        self.playground, self.canvas = playground, canvas

    def _do(self, event: str, axes, value: float) -> None:
        x, y = axes.transData.transform((value, 0.5))
        self.canvas.callbacks.process(event, MouseEvent(event, self.canvas, x, y, 1))

    def drag(self, name: str, place: int, *values: float) -> None:
        """Press a slider where it stands, move through values, and let it go."""
        slider = self.playground.sliders[name, place]
        self._do("button_press_event", slider.ax, slider.val)
        for value in values:
            self._do("motion_notify_event", slider.ax, value)
        self._do("button_release_event", slider.ax, slider.val)

    def pause(self) -> None:
        """Click on the button that pauses and continues."""
        axes = self.playground.pause.ax
        self._do("button_press_event", axes, 0.5)
        self._do("button_release_event", axes, 0.5)

    def pixels(self) -> np.ndarray:
        return np.array(self.canvas.buffer_rgba())


def opened(settings: Settings | None = None) -> Mouse:
    with unmanaged():
        figure = plot.figure(*WINDOW)
    canvas = FigureCanvasAgg(figure)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canvas, "draw_idle", lambda: None)  # which a desktop leaves for later
        playground = Playground(figure, settings or Settings(), OPTIONS)
    canvas.draw()
    return Mouse(playground, canvas)


@pytest.fixture(scope="module")
def shared() -> Mouse:
    return opened()


@pytest.fixture
def mouse(shared) -> Iterator[Mouse]:
    """A playground as it begins; the window is drawn once for all tests."""
    yield shared
    for slider in shared.playground.sliders.values():
        slider.reset()
    shared.playground.settings = Settings()
    if not shared.playground.running:
        shared.pause()


def words_of(mouse: Mouse) -> list[str]:
    """Everything written in the window."""
    figure = mouse.canvas.figure
    return [text.get_text() for text in figure.findobj(plt.Text) if text.get_visible()]


def test_a_strength_follows_the_mouse_and_both_worlds_answer(mouse):
    fired = mouse.playground.trials.fired
    mouse.drag("psps", 1, 8.0, 10.0, 12.0)
    playground = mouse.playground
    assert playground.settings == Settings(psps=(10.0, 12.0, 3.0, -6.0))
    assert playground.trials.logistic.coef.tolist() == [5.0, 6.0, 1.5, -3.0]
    assert playground.trials.expected == pytest.approx(probability(playground.settings))
    assert playground.trials.fired.sum() > fired.sum() + 300
    words = words_of(mouse)
    assert "+12.0 mV" in words
    numbers = next(text for text in words if text.startswith("Logistic unit: σ"))
    assert "−7.5 + 5 a₁ + 6 a₂ + 1.5 a₃ − 3 a₄" in numbers
    assert f"spiking neuron: {playground.trials.count.text}\n" in numbers
    assert f"logistic unit: {playground.trials.expected:.3f}" in numbers


def test_what_the_window_shows_is_what_a_run_makes_of_its_settings(mouse, command):
    mouse.drag("psps", 0, 4.0)
    mouse.drag("inputs", 2, 0.95)
    mouse.drag("v_threshold", 0, -58.0)
    mouse.drag("noise", 0, 1.0)
    settings = mouse.playground.settings
    assert settings.psps[0] == pytest.approx(4.0, abs=0.11)
    assert settings.inputs[2] == pytest.approx(0.95, abs=0.011)
    assert (settings.v_threshold, settings.noise) == pytest.approx((-58.0, 1.0), abs=0.06)
    printed = run("playground", **{name: getattr(settings, name) for name in vars(settings)})
    shown = mouse.playground.trials
    assert printed.findings["spikes"] == shown.fired.sum()
    assert np.array_equal(printed.result.traces["neuron", "v"].with_spikes(), shown.traces)
    assert printed.findings["logistic_probability"] == shown.expected
    assert shown.expected == pytest.approx(probability(settings), abs=1e-12)
    assert shown.logistic.intercept == pytest.approx(
        (-70.0 - settings.v_threshold) / settings.noise
    )


def test_a_synapse_dragged_below_0_takes_the_colour_of_inhibition(mouse):
    slider = mouse.playground.sliders["psps", 2]
    assert same_color(slider.poly.get_facecolor(), plot.EXCITATORY)
    mouse.drag("psps", 2, 1.0, -5.0)
    assert mouse.playground.settings.psps[2] == pytest.approx(-5.0, abs=0.11)
    for name in ("psps", "inputs"):
        assert same_color(mouse.playground.sliders[name, 2].poly.get_facecolor(), plot.INHIBITORY)


def test_the_curve_and_its_points_follow_threshold_and_noise(mouse):
    mouse.drag("v_threshold", 0, -60.0)
    mouse.drag("noise", 0, 0.5)
    settings = mouse.playground.settings
    axes = next(
        axes for axes in mouse.canvas.figure.get_axes() if axes.get_ylabel() == "firing probability"
    )
    x, p = axes.lines[0].get_data()
    assert p == pytest.approx(expit((x - settings.v_threshold) / settings.noise), abs=1e-9)
    points = mouse.playground.trials.points
    shown = axes.collections[-1].get_offsets()
    assert shown == pytest.approx(np.column_stack([points.potential, points.fraction]))


def test_the_trace_peaks_where_the_dots_say_that_the_neuron_fired(mouse):
    mouse.drag("inputs", 1, 1.0)
    trace, _, outputs = mouse.canvas.figure.get_axes()[:3]
    times, values = next(line.get_data() for line in trace.lines if len(line.get_xdata()) > 1000)
    peaks = times[values == 30.0]
    fired = next(line for line in outputs.lines if same_color(line.get_mfc(), line.get_mec()))
    assert fired.get_xdata() == pytest.approx(peaks)
    assert len(peaks) == mouse.playground.trials.fired[-20:].sum() > 5


def test_time_goes_on_by_whole_trials_and_can_be_stopped(mouse):
    playground = mouse.playground
    before = playground.trials
    playground.advance()
    assert playground.settings.first_trial == playground.tick == 2
    assert np.array_equal(playground.trials.fired[:-2], before.fired[2:])
    assert np.array_equal(playground.trials.traces[:, :-2], before.traces[:, 2:])
    mouse.pause()
    assert not playground.running
    assert "continue" in words_of(mouse)


def test_what_is_painted_is_to_the_pixel_what_a_new_drawing_shows(mouse):
    first = mouse.pixels()
    mouse.drag("psps", 1, 9.0, 7.5, 11.0)
    mouse.drag("psps", 3, -4.0)
    mouse.drag("inputs", 0, 0.2)
    mouse.drag("v_threshold", 0, -57.0)
    mouse.playground.advance()
    painted = mouse.pixels()
    mouse.canvas.draw()
    assert np.array_equal(painted, mouse.pixels())
    assert not np.array_equal(painted, first)


def test_a_second_without_spikes_is_drawn_like_any_other():
    mouse = opened(Settings((20.0, -20.0, 12.0, -13.0, 7.0, -20.0), (0.5, 1.0, 0.0, 0.4, 0.3, 0.9)))
    assert not mouse.playground.trials.fired[-20:].any()
    heights = [axes.get_position().height for axes in mouse.canvas.figure.get_axes()[:3]]
    assert heights == pytest.approx([0.43, 0.14, 0.14], abs=0.1)


def test_a_scale_that_must_change_is_painted_too(mouse):
    axes = mouse.canvas.figure.get_axes()[0]
    lowest = axes.get_ylim()[0]
    mouse.drag("psps", 3, -20.0)
    assert axes.get_ylim()[0] < lowest
    mouse.drag("psps", 3, -6.0)
    back = mouse.pixels()
    mouse.canvas.draw()
    assert np.array_equal(back, mouse.pixels())


def test_a_move_paints_only_what_changes(mouse, monkeypatch):
    """Drawing the whole window would let the slider lag behind the mouse."""
    drawn = []
    whole = FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: (drawn.append(1), whole(canvas)))
    for strength in np.linspace(5.0, 10.0, 11):
        mouse.drag("psps", 1, strength)
    assert not drawn
    mouse.canvas.draw()
    assert len(drawn) == 1


def test_the_sliders_reach_the_limits_of_the_settings(mouse):
    for (name, place), slider in mouse.playground.sliders.items():
        for end in (slider.valmin, slider.valmax):
            middle = 0.5 * (slider.valmin + slider.valmax)
            slider.set_val(middle)
            mouse.drag(name, place, 2.0 * end - middle)  # half a width beyond
            value = getattr(mouse.playground.settings, name)
            assert (value[place] if isinstance(value, tuple) else value) == end


@pytest.fixture
def desktop(monkeypatch) -> Iterator[list]:
    """A desktop whose user does what the list says: functions of a `Mouse` and of the timer."""
    plt.switch_backend("agg")
    plt.close("all")  # of other tests
    monkeypatch.setattr(FigureCanvasAgg, "required_interactive_framework", "test")
    made, deeds = [], []

    class Spied(Playground):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            made.append(self)

    timers = []

    def new_timer(canvas, interval):
        timers.append(FigureCanvasBase._timer_cls(interval=interval))
        return timers[-1]

    def tick() -> None:
        for function, arguments, keywords in timers[-1].callbacks:
            function(*arguments, **keywords)

    def show(*, block: bool) -> None:
        assert block
        figure = plt.gcf()
        for do in deeds:
            do(Mouse(made[-1], figure.canvas), tick)

    monkeypatch.setattr("scenarios.networks.playground_window.Playground", Spied)
    monkeypatch.setattr(FigureCanvasBase, "new_timer", new_timer)
    monkeypatch.setattr(FigureCanvasAgg, "draw_idle", lambda canvas: None)  # takes long
    monkeypatch.setattr(plt, "show", show)
    # A shell that starts the tests in the background lets them ignore Ctrl-C.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield deeds
    signal.signal(signal.SIGINT, handler)
    assert not plt.get_fignums()


RUN_WINDOW = (*RUN, "--set", "window=true")


def test_what_the_window_showed_last_is_saved_as_a_run_like_any_other(desktop, command, tmp_path):
    desktop.append(lambda mouse, tick: mouse.drag("psps", 3, -10.0, 5.0))
    desktop.append(lambda mouse, tick: tick())
    printed = command(*RUN_WINDOW)
    settings = printed["settings"]
    assert settings["psps"] == pytest.approx([10.0, 7.0, 3.0, 5.0], abs=0.11)
    assert (settings["first_trial"], settings["window"]) == (2, False)
    strengths = ",".join(map(str, settings["psps"]))
    again = command(*RUN, "--set", f"psps={strengths}", "--set", "first_trial=2")
    assert again["findings"] == printed["findings"]
    assert main(["plot", str(tmp_path)]) == 0


def test_ctrl_c_closes_the_window_and_saves_what_it_showed(desktop, command):
    desktop.append(lambda mouse, tick: mouse.drag("v_threshold", 0, -50.0))
    desktop.append(lambda mouse, tick: os.kill(os.getpid(), signal.SIGINT))
    desktop.append(lambda mouse, tick: pytest.fail("the window is open"))
    printed = command(*RUN_WINDOW)
    assert printed["settings"]["v_threshold"] == pytest.approx(-50.0, abs=0.06)
    assert printed["findings"]["trials"] == 4000


def test_ctrl_c_in_the_midst_of_an_answer_is_heeded_too(desktop, command, monkeypatch):
    def interrupted(playground: Playground, settings: Settings) -> None:
        raise KeyboardInterrupt

    def press(mouse, tick) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Playground, "_simulate", interrupted)
            mouse.drag("noise", 0, 4.0)

    desktop.append(press)
    assert command(*RUN_WINDOW)["settings"]["noise"] == 2.0


def test_a_paused_window_stands_still(desktop, command):
    desktop.append(lambda mouse, tick: mouse.pause())
    desktop.append(lambda mouse, tick: tick())
    assert command(*RUN_WINDOW)["settings"]["first_trial"] == 0


def test_without_a_display_there_is_no_window_but_a_sentence(refused, monkeypatch):
    plt.switch_backend("agg")
    plt.close("all")  # of other tests
    said = refused("playground", "--set", "window=true")
    assert "needs a display: run it on a desktop" in said
    assert "or with window=false" in said
    assert not plt.get_fignums()

    def no_display(*arguments, **options):
        raise ImportError("Cannot load backend 'TkAgg'")

    monkeypatch.setattr(plt, "figure", no_display)
    assert "needs a display" in refused("playground", "--set", "window=true")


def test_processes_that_share_a_simulation_get_no_window(refused, monkeypatch):
    several = Communicator()
    several.size = 2
    monkeypatch.setattr(
        "scenarios.networks.playground_window.current_communicator", lambda: several
    )
    assert "needs a single process: run it without mpiexec" in refused(
        "playground", "--set", "window=true"
    )
