from __future__ import annotations

import json

import pytest

from neurosim.errors import NeurosimError
from neurosim.scenario import (
    RunOptions,
    all_scenarios,
    find_scenario,
    require_comparison,
    run_scenario,
    scenario_names,
)
from tests.conftest import Registry, ToySettings, toy_result


def test_names_are_known_without_loading(toys: Registry):
    toys.scenarios["broken"] = ImportError("no such module")
    assert scenario_names() == ("toy", "plain-toy", "broken")


def test_an_unknown_name_brings_the_nearest(toys: Registry):
    with pytest.raises(
        NeurosimError, match=r"^unknown scenario 'plane-toy': did you mean 'plain-toy'\?$"
    ):
        find_scenario("plane-toy")


def test_a_strange_name_brings_the_way_to_the_list(toys: Registry):
    with pytest.raises(NeurosimError, match="`neurosim list`"):
        find_scenario("qqqq")


def test_an_entry_point_to_something_else_is_a_defect(toys: Registry):
    toys.scenarios["toy"] = object()
    with pytest.raises(TypeError, match="is not a Scenario"):
        find_scenario("toy")


def test_a_scenario_that_cannot_load_hides_no_other(toys: Registry):
    toys.scenarios["broken"] = ImportError("no such module")
    with pytest.warns(UserWarning, match="scenario broken cannot be loaded"):
        names = [scenario.name for scenario in all_scenarios()]
    assert names == ["plain-toy", "toy"]


def test_scenarios_come_by_group_then_by_lecture_row(toys: Registry):
    toys.add("late", group="The biological neuron", row="S10")
    toys.add("early", group="The biological neuron", row="S2")
    toys.add("rowless", group="The biological neuron", row="")
    toys.add("guest", group="A guest's")
    names = [scenario.name for scenario in all_scenarios()]
    assert names == ["early", "late", "rowless", "plain-toy", "toy", "guest"]


def test_a_missing_comparison_names_those_that_have_one(toys: Registry):
    with pytest.raises(NeurosimError, match=r"plain-toy has no comparison: .* are toy$"):
        require_comparison(find_scenario("plain-toy"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"duration": float("nan")}, "duration = nan is not finite: give a number in ms"),
        ({"duration": -5.0}, "duration = -5 ms is outside 0.001 to 1e\\+12 ms"),
        ({"duration": 10.0, "dt": 0.0}, "dt = 0 ms is outside 0.001 to 10 ms"),
        ({"duration": 0.05}, "dt = 0.1 ms is longer than the duration of 0.05 ms"),
        ({"duration": 10.0, "seed": -1}, "seed = -1 is outside 0 to 9223372036854775807"),
        ({"duration": 10.0, "threads": 0}, "threads = 0 is outside 1 to 256"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float], sentence: str):
    with pytest.raises(NeurosimError, match=sentence):
        RunOptions(**options)


def test_a_run_hands_its_options_to_the_simulator(toys: Registry):
    run_scenario(find_scenario("toy"), ToySettings(), RunOptions(50.0, 0.5, 7, 2, realtime=True))
    timing = {"duration": 50.0, "dt": 0.5, "realtime": True, "profile": False}
    assert toys.asked == timing | {"seed": 7, "threads": 2, "progress": None}


def test_the_summary_has_the_keys_programs_rely_on(toys: Registry):
    run = run_scenario(find_scenario("toy"), ToySettings(), RunOptions(100.0))
    assert json.loads(json.dumps(run.summary)) == {
        "scenario": "toy",
        "settings": {
            "psps": [-6.0, 10.0],
            "tau_m": 20.0,
            "trials": 3,
            "noisy": False,
            "regime": "AI",
        },
        "seed": 1,
        "dt_ms": 0.1,
        "duration_ms": 100.0,
        "threads": 1,
        "neurons": 1,
        "synapses": 2,
        "build_s": 0.1,
        "compile_s": None,
        "wall_s": 0.2,
        "real_time_factor": 2.0,
        "realtime": None,
        "profile_s": None,
        "rates_hz": {"exc": 30.0},
        "findings": {"peak_mv": -63.0, "fired": True},
        "report": [],
        "files": [],
    }


def test_rates_leave_the_warm_up_out(toys: Registry):
    toys.add("warm", warmup=lambda settings: 50.0)
    run = run_scenario(find_scenario("warm"), ToySettings(), RunOptions(100.0))
    assert run.summary["rates_hz"] == {"exc": 40.0}  # two spikes in the 50 ms left


def test_a_duration_within_the_warm_up_is_refused(toys: Registry):
    toys.add("warm", warmup=lambda settings: 100.0)
    with pytest.raises(NeurosimError, match="duration = 100 ms ends within the warm-up of 100 ms"):
        run_scenario(find_scenario("warm"), ToySettings(), RunOptions(100.0))


def test_a_run_cut_short_has_no_findings_and_no_rate_before_the_warm_up_ends(toys: Registry):
    toys.add("warm", warmup=lambda settings: 50.0)
    toys.result = toy_result(duration=30.0, interrupted=True)
    summary = run_scenario(find_scenario("warm"), ToySettings(), RunOptions(100.0)).summary
    assert summary["findings"] == {}
    assert summary["rates_hz"] == {"exc": None}
    assert summary["duration_ms"] == 30.0


def test_a_run_is_displayed_with_its_sentences_and_figures(toys: Registry):
    toys.add("toy", report=lambda found, settings: ["One <neuron>.", "It fires."])
    run = run_scenario(find_scenario("toy"), ToySettings(), RunOptions(100.0))
    assert repr(run).startswith("<ScenarioRun: toy (psps=-6,10,")
    shown = run._repr_html_()
    assert "<p>One &lt;neuron&gt;.</p><ul><li>It fires.</li></ul>" in shown
    assert shown.count('<img src="data:image/png;base64,') == 1
