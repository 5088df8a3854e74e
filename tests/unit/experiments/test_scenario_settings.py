from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.errors import NeurosimError
from neurosim.experiments.settings import format_settings, parse_settings, settings_of
from neurosim.utils.checks import nearest
from tests.conftest import ToySettings

numbers = st.floats(allow_nan=False, allow_infinity=False)


def test_without_assignments_the_defaults_hold():
    assert parse_settings(ToySettings) == ToySettings()


def test_each_kind_of_value_is_read():
    given = ["psps=10, 3,-3.5", "tau_m=12", "trials=1e3", "noisy=Yes", "regime=SI-fast"]
    expected = ToySettings((10.0, 3.0, -3.5), 12.0, 1000, True, "SI-fast")
    assert parse_settings(ToySettings, given) == expected


def test_a_dash_in_a_key_reads_as_an_underscore():
    assert parse_settings(ToySettings, ["tau-m=5"]).tau_m == 5.0


def test_the_last_of_a_repeated_key_holds():
    assert parse_settings(ToySettings, ["trials=1", "trials=2"]).trials == 2


def test_a_single_number_is_a_list_of_one():
    assert parse_settings(ToySettings, ["psps=4"]).psps == (4.0,)


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("tau=5", "unknown setting 'tau': did you mean 'tau_m'?"),
        (
            "colour=5",
            "unknown setting 'colour': choose from psps, tau_m, trials, noisy, regime",
        ),
        ("tau_m", "setting tau_m has no value: write tau_m=20"),
        (
            "tau_m=20ms",
            "tau_m = '20ms' is not a number in ms (time constant; default 20)",
        ),
        ("tau_m=nan", "tau_m = 'nan' is not a number in ms (time constant; default 20)"),
        (
            "trials=2.5",
            "trials = '2.5' is not a whole number (number of trials; default 3)",
        ),
        (
            "noisy=maybe",
            "noisy = 'maybe' is not true or false (whether noise is on; default false)",
        ),
        (
            "regime=si-fast",
            "regime = 'si-fast' is not one of AI, SR, SI-fast: did you mean 'SI-fast'?",
        ),
        (
            "psps=1;2",
            "psps = '1;2' is not a list of numbers in mV such as 1,2.5,-3 "
            "(peaks of the potentials; default -6,10)",
        ),
        ("tau_m=-1", "tau_m = -1 ms must be above 0 ms"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(assignment: str, sentence: str):
    with pytest.raises(NeurosimError) as caught:
        parse_settings(ToySettings, [assignment])
    assert str(caught.value) == sentence


def test_a_scenario_without_settings_says_so():
    @dataclass(frozen=True)
    class Nothing:
        pass

    with pytest.raises(NeurosimError, match="this scenario has no settings"):
        parse_settings(Nothing, ["x=1"])


@given(
    st.builds(
        ToySettings,
        st.lists(numbers).map(tuple),
        numbers.filter(lambda value: value > 0),
        st.integers(-(2**53), 2**53),
        st.booleans(),
        st.sampled_from(["AI", "SR", "SI-fast"]),
    )
)
def test_settings_read_back_what_they_write(settings: ToySettings):
    assert parse_settings(ToySettings, format_settings(vars(settings))) == settings


def test_unit_help_and_default_are_known_for_each_setting():
    psps = settings_of(ToySettings)["psps"]
    assert (psps.unit, psps.help, psps.default) == ("mV", "peaks of the potentials", (-6.0, 10.0))


def test_nearest_ignores_case_and_gives_up_on_strangers():
    assert nearest("Psp-Sumation", ["fi-curve", "psp-summation"]) == "psp-summation"
    assert nearest("xyz", ["fi-curve", "psp-summation"]) is None
