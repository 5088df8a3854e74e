"""Parameters, predictions and messages of `fit_neuron`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import quantities as pq

import bridge
import neurosim as ns
from bridge.recordings.fitting.objective import spike_losses, spike_scores
from bridge.recordings.fitting.uncertainty import correlation_time

TRUE = ns.LIF(tau_m=14.0, c_m=180.0, v_rest=-68.0, v_threshold=-52.0, v_reset=-62.0, t_ref=3.0)
START = ns.LIF(t_ref=3.0)


@dataclass(frozen=True, eq=False)
class Quadratic(ns.NeuronModel):
    """A user's model: a quadratic integrate-and-fire neuron."""

    c_m: Any = ns.parameter(100.0, "pF", 1.0, 1e4, "membrane capacitance")
    k: Any = ns.parameter(0.7, "nS/mV", 0.01, 100.0, "curvature")
    v_threshold: Any = ns.parameter(-40.0, "mV", -100.0, 100.0, "threshold without input")
    v_reset: Any = ns.parameter(-50.0, "mV", -100.0, 100.0, "potential after a spike")
    v_peak: Any = ns.parameter(20.0, "mV", -100.0, 100.0, "potential at which a spike is sent")
    t_ref: Any = ns.parameter(2.0, "ms", 0.0, 100.0, "refractory period")
    v: ClassVar = ns.state("mV", -60.0, "membrane potential")
    v_max: ClassVar = "v_peak"

    @staticmethod
    def derivatives(v, i, p):
        return ((p.k * (v + 60.0) * (v - p.v_threshold) + i) / p.c_m,)

    @staticmethod
    def spikes(v_before, v, p):
        return v >= p.v_peak

    @staticmethod
    def reset(v, p):
        return (p.v_reset,)


def test_lif_is_recovered_from_potential_and_spikes(recorded, rng) -> None:
    data = recorded(TRUE, 220.0, 150.0, 3000.0, 1)
    fit = bridge.fit_neuron(
        START, data.current, voltage=data.noisy(rng, 0.5), spikes=data.spikes, seed=1
    )
    assert list(fit.parameters) == ["v_rest", "v_threshold", "v_reset", "tau_m", "c_m"]
    for name, found in fit.parameters.items():
        # Chance of a value beyond 4 standard errors: 3e-4 for five parameters.
        error = abs(found.value - getattr(TRUE, name))
        assert error < 4.0 * fit.standard_errors[name]
        assert error < 0.01 * abs(getattr(TRUE, name))
        assert getattr(fit.neuron, name) == found.value
    assert fit.neuron.t_ref == 3.0
    assert fit.coincidence > 0.9
    assert fit.voltage_error == pytest.approx(0.5, rel=0.05)
    assert fit.tested_from == pytest.approx(2400.0)
    assert fit.converged


def test_same_seed_gives_the_same_bits_with_any_number_of_threads(recorded) -> None:
    data = recorded(TRUE, 220.0, 150.0, 1000.0, 2)
    arguments = {"voltage": data.trace, "spikes": data.spikes, "free": ["tau_m", "c_m"]}
    one, two = (
        bridge.fit_neuron(START, data.current, **arguments, threads=threads) for threads in (1, 2)
    )
    for name in ("tau_m", "c_m"):
        assert one.parameters[name] == two.parameters[name]
    assert (one.probability == two.probability).all()


@pytest.mark.slow
def test_arrays_are_sampled_at_the_start_and_traces_at_the_end_of_steps(recorded) -> None:
    data = recorded(TRUE, 220.0, 150.0, 1000.0, 3)
    by_trace = bridge.fit_neuron(
        START, data.current, voltage=data.trace, spikes=data.spikes, free=["c_m"]
    )
    array = np.concatenate([[TRUE.v_rest], data.trace.values[:-1, 0]])
    by_array = bridge.fit_neuron(
        START, data.current, dt=0.1, voltage=array, spikes=data.spikes, free=["c_m"]
    )
    found = [fit.parameters["c_m"].value for fit in (by_trace, by_array)]
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_escape_noise_is_fitted_to_spikes_alone(recorded) -> None:
    true = ns.LIF(v_threshold=-57.0, t_ref=3.0, escape=ns.EscapeRate(2.0, 1.0))
    data = recorded(true, 150.0, 150.0, 10_000.0, 4)
    fit = bridge.fit_neuron(
        ns.LIF(t_ref=3.0, escape=ns.EscapeRate(1.0, 1.0)),
        *(data.current,),
        dt=0.1,
        spikes=data.spikes,
        free=["v_threshold", "escape.delta"],
        held_out=0.0,
    )
    for name, value in (("v_threshold", -57.0), ("escape.delta", 2.0)):
        assert abs(fit.parameters[name].value - value) < 4.0 * fit.standard_errors[name]
    assert fit.standard_errors["v_threshold"] < 0.5
    assert fit.neuron.escape.delta == fit.parameters["escape.delta"].value
    assert fit.coincidence > 0.9 * fit.reliability > 0.0
    assert np.isnan(fit.voltage_error)
    assert fit.bits_per_spike.low > 0.0


@pytest.mark.slow
def test_a_users_model_is_recovered(recorded, rng) -> None:
    true = Quadratic(c_m=120.0, k=0.8, v_threshold=-42.0, v_reset=-53.0)
    data = recorded(true, 70.0, 60.0, 2000.0, 5)
    fit = bridge.fit_neuron(
        Quadratic, data.current, voltage=data.noisy(rng, 0.3), spikes=data.spikes
    )
    for name in ("c_m", "k", "v_threshold", "v_reset"):
        assert fit.parameters[name].value == pytest.approx(getattr(true, name), rel=0.02)


def test_spikes_are_found_where_the_potential_crosses_the_level() -> None:
    current = np.random.default_rng(1).normal(0.0, 1.0, 1000)
    voltage = np.full(1000, -70.0)
    voltage[[200, 400]] = 20.0
    voltage[401] = 30.0
    from bridge.recordings.fitting.recording import CurrentClamp

    data = CurrentClamp.of(current, 0.1, None, voltage, None, -10.0)
    assert data.spike_times == pytest.approx([20.0, 40.0])


def test_results_are_described(recorded) -> None:
    data = recorded(TRUE, 220.0, 150.0, 1000.0, 2)
    fit = bridge.fit_neuron(
        START, data.current, voltage=data.trace, spikes=data.spikes, free=["tau_m"]
    )
    assert repr(fit).startswith("<NeuronFit: LIF(tau_m = ")
    assert "tau_m" in fit.summary()
    assert "coincidence factor" in fit.summary()
    figure = fit.plot()
    assert figure.axes[1].get_ylabel() == "membrane\npotential (mV)"
    result = fit.simulate(data.current[:5000])
    assert result.duration == 500.0
    with pytest.raises(ns.NeurosimError, match="must ascend within 0 to 1000 ms"):
        fit.plot(500.0, 400.0)


def test_loss_of_spikes_is_the_negative_log_likelihood() -> None:
    mean, steps = np.array([[0.1, 0.2, 3.0]]), np.array([1])
    probability = 1.0 - np.exp(-mean[0])
    expected = -np.log([1.0 - probability[0], probability[1], 1.0 - probability[2]]).sum()
    assert spike_losses(mean, steps)[0] == pytest.approx(expected, rel=1e-12)
    score, information = spike_scores(mean[0], steps)
    h = 1e-6
    for k in range(3):
        moved = np.repeat(mean, 2, axis=0)
        moved[:, k] *= np.exp([h, -h])
        up, down = spike_losses(moved, steps)
        assert score[k] == pytest.approx((up - down) / (2.0 * h), rel=1e-6)
        # Expected square of the score under the model.
        p = probability[k]
        fired = spike_scores(mean[0], np.array([k]))[0][k]
        silent = mean[0, k]
        expected = p * fired**2 + (1.0 - p) * silent**2
        assert information[k] == pytest.approx(expected, rel=1e-9)


def test_correlation_time_of_an_autoregressive_process(rng) -> None:
    from scipy.signal import lfilter

    values = lfilter([1.0], [1.0, -0.9], rng.standard_normal(200_000))
    assert correlation_time(values) == pytest.approx(0.5 + 0.9 / 0.1, rel=0.1)


CURRENT = np.random.default_rng(1).normal(200.0, 100.0, 1000)
VOLTAGE = -70.0 + np.sin(np.arange(1000.0))
SPIKES = np.arange(10.0, 100.0, 10.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": 3}, "is not a neuron model: give one such as ns.AdEx"),
        ({"model": ns.LIF(tau_m=[10.0, 20.0])}, "differ between neurons: give numbers"),
        ({"current": CURRENT[:50]}, "current has 50 samples: give at least 100"),
        ({"current": np.where(CURRENT > 200.0, np.nan, 1.0)}, "current holds nan at sample"),
        ({"current": CURRENT * 1e-12}, "looks like amperes: multiply it by 1e12"),
        ({"current": np.full(1000, 5.0)}, "current is constant at 5 pA"),
        ({"current": np.ones((10, 100))}, r"current has shape \(10, 100\)"),
        ({"current": "abc"}, "current must be an array of real numbers"),
        ({"voltage": VOLTAGE[:900]}, "voltage has 900 samples and current 1000"),
        ({"voltage": VOLTAGE * 1e-3}, "looks like volts: multiply it by 1000"),
        ({"voltage": np.full(1000, -65.0)}, "voltage is constant at -65 mV"),
        ({"voltage": VOLTAGE * pq.pA}, "voltage is in pA: give mV"),
        ({"voltage": np.full(1000, np.nan)}, "1000 of 1000 samples of voltage are not finite"),
        ({"spikes": None}, "voltage and spikes are missing: give at least one"),
        ({"spikes": None, "voltage": VOLTAGE}, "voltage never rises above -10 mV"),
        ({"spikes": []}, "there are no spikes"),
        ({"spikes": [5.0, 200.0]}, "spikes holds 200 ms: times must lie above 0"),
        ({"spikes": SPIKES * 1e-3}, "they may be in seconds: multiply them by 1000"),
        ({"spikes": [10.0, 20.0]}, "2 spikes before the held-out part: at least 5"),
        ({"spikes": [10.0, 11.0, *SPIKES[1:]]}, "1 ms apart, within the refractory period"),
        ({"dt": None}, "give either dt, the sampling interval in ms, or times"),
        ({"dt": 1e-4}, "did you mean 0.1"),
        ({"dt": None, "times": np.arange(1000.0) ** 2}, "not regular and ascending"),
        ({"free": ["tau"]}, "LIF has no parameter 'tau': did you mean 'tau_m'"),
        ({"free": []}, "free must name at least one parameter"),
        ({"free": ["t_ref"]}, "t_ref cannot be fitted"),
        ({"bounds": {"c": (1.0, 2.0)}}, "bounds of 'c', which is not free"),
        ({"bounds": {"c_m": (5.0, 2.0)}}, r"bounds of c_m = \(5, 2\) must ascend within 1"),
        ({"bounds": {"c_m": 3.0}}, "bounds of c_m: give a pair such as"),
        ({"mask": 3.0}, "mask = 3.0: give the times before and after spikes"),
        ({"held_out": 0.95}, "held_out = 0.95 is above 0.9"),
        ({"model": ns.HodgkinHuxley}, "has no threshold parameter"),
    ],
)
def test_invalid_arguments_are_explained(changes, message) -> None:
    arguments = {"model": ns.LIF, "current": CURRENT, "dt": 0.1, "spikes": SPIKES} | changes
    with pytest.raises(ns.NeurosimError, match=message):
        bridge.fit_neuron(arguments.pop("model"), arguments.pop("current"), **arguments)


@pytest.mark.parametrize("bounds", [(5.0, 7.5), (20.0, 30.0)])  # log(7.5) is rounded
def test_parameters_at_a_bound_are_named(recorded, bounds) -> None:
    data = recorded(TRUE, 220.0, 150.0, 1000.0, 2)
    with pytest.warns(UserWarning, match="tau_m: the fit is at a bound"):
        bridge.fit_neuron(
            START,
            data.current,
            voltage=data.trace,
            spikes=data.spikes,
            free=["tau_m"],
            bounds={"tau_m": bounds},
        )


def test_parameters_that_the_recording_does_not_determine_are_named(recorded) -> None:
    data = recorded(TRUE, 220.0, 150.0, 1000.0, 2)
    with pytest.warns(UserWarning, match="does not determine"):
        bridge.fit_neuron(
            ns.LIF(t_ref=3.0),
            data.current,
            dt=0.1,
            spikes=data.spikes,
            free=["v_threshold", "v_rest", "v_reset"],
        )
