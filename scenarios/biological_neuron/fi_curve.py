"""Firing rate against input current: where a neuron's output looks like σ, and where not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import curve_fit
from scipy.special import expit

import bridge
from neurosim.scenario import Scenario
from scenarios.biological_neuron.fi_curve_model import (
    LIMIT,
    NEAR,
    NEURON,
    RHEOBASE,
    WIDE,
    Curve,
    Settings,
    network,
    on_grid,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    import neurosim as ns

CURVES = (
    ("wide", "#E69F00", "logistic, fitted to all of it"),
    ("near", "#56B4E9", "logistic, fitted left of the dotted line"),
    ("trained", "#CC79A7", "logistic neuron trained on spikes"),
)
"""Key, colour and name of each logistic curve."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure where firing begins, where it saturates, and how far theory is off."""
    curve = Curve.of(result, settings)
    wide = curve.mean <= WIDE[1]
    exact = on_grid(curve.deterministic, result.dt)
    return {
        "rheobase_pa": RHEOBASE,
        "highest_silent_pa": curve.current[curve.noiseless == 0.0].max(initial=-np.inf),
        "lowest_firing_pa": curve.current[curve.noiseless > 0.0].min(initial=np.inf),
        "limit_hz": LIMIT,
        "max_rate_hz": max(curve.noiseless.max(), curve.noisy.max()),
        "noiseless_from_theory_hz": np.abs(curve.noiseless - curve.deterministic).max(),
        "noiseless_from_theory_on_grid_hz": np.abs(curve.noiseless - exact).max(),
        "noisy_from_theory_hz": np.abs(curve.noisy - curve.analytic)[wide].max(),
        "currents_pa": curve.current,
        "rates_noiseless_hz": curve.noiseless,
        "rates_noisy_hz": curve.noisy,
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the rates over weak currents, and over all of them up to the limit."""
    from neurosim import plot

    curve = Curve.of(result, settings)
    theory = partial(settings.theory, dt=result.dt)
    fig = plot.figure(8.4, 4.2)
    left, right = plot.panels(fig, 1, 2)
    with plot.style():
        _draw_rates(left, curve, np.linspace(0.0, _to_current(WIDE[1]), 500), theory)
        _draw_rates(right, curve, np.geomspace(50.0, settings.strongest, 500), theory)
        left.set(ylabel="firing rate (Hz)", title="weak currents")
        left.text(RHEOBASE - 8.0, 60.0, "rheobase", ha="right", fontsize=9)
        right.axhline(LIMIT, color="0.45", lw=0.9, ls="--")
        right.text(1.2 * RHEOBASE, LIMIT + 3.0, f"1/t_ref = {LIMIT:g} Hz", fontsize=9)
        right.set(xscale="log", ylim=(-9.0, 215.0), title="all currents")
        handles, labels = left.get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=2)
    return {"rates": fig}


def _draw_rates(
    axes: Axes,
    curve: Curve,
    current: NDArray[np.float64],
    theory: Callable[..., NDArray[np.float64]],
) -> None:
    """Draw rates over a range of currents (pA), simulated and in theory."""
    mean = _to_potential(current)
    inside = (curve.current >= current[0]) & (curve.current <= current[-1])
    clock = bridge.deterministic_rate(mean, NEURON)
    axes.plot(current, theory(mean), color="0.7", lw=4, label="theory, with noise")
    axes.plot(current, clock, color="#E69F00", lw=2.2, label="theory, without noise")
    draw_simulated(axes, curve, inside)
    dots = curve.current[inside], curve.noiseless[inside]
    axes.plot(*dots, "o", ms=3, color="black", label="simulated, without noise")
    axes.axvline(RHEOBASE, color="0.45", lw=0.9, ls=":")
    axes.set_xlabel("current (pA)")


def draw_simulated(
    axes: Axes, curve: Curve, chosen: NDArray[np.bool_], base: NDArray[np.float64] | float = 0.0
) -> None:
    """Draw the simulated rates with noise, less `base`, and their 95 % intervals."""
    axes.errorbar(
        curve.current[chosen],
        (curve.noisy - base)[chosen],
        1.96 * curve.error[chosen],
        fmt="D",
        ms=3.5,
        color="#009E73",
        capsize=2,
        label="simulated, with noise, 95 % interval",
    )


@dataclass(frozen=True)
class LogisticCurve:
    """A rate of maximum · σ(intercept + slope · (mean − v_threshold)), in Hz.

    Attributes
    ----------
    maximum : float
        Hz.
    intercept : float
    slope : float
        Per mV.
    """

    maximum: float
    intercept: float
    slope: float

    def __call__(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rate (Hz) at mean free potentials (mV)."""
        return self.maximum * expit(self.intercept + self.slope * (mean - NEURON.v_threshold))

    @classmethod
    def fitted(cls, mean: NDArray[np.float64], rate: NDArray[np.float64]) -> LogisticCurve:
        """Return the curve nearest to rates (Hz) by least squares."""

        def curve(mean: NDArray, *parameters: float) -> NDArray[np.float64]:
            return cls(*parameters)(mean)

        start = (rate.max(), 0.0, 0.2)
        return cls(*map(float, curve_fit(curve, mean, rate, p0=start, maxfev=10_000)[0]))

    @classmethod
    def trained(cls, curve: Curve, settings: Settings, duration: float) -> LogisticCurve:
        """Return the logistic neuron trained on the spikes.

        A refractory period holds at most one spike: each is a trial in which the neuron fired or
        did not, and the rate is `LIMIT` times the probability that it did.
        """
        chosen = curve.mean <= WIDE[1]
        fired = curve.noisy[chosen] / LIMIT
        excess = curve.mean[chosen, None] - NEURON.v_threshold
        outcome = np.repeat([1, 0], len(fired))
        windows = settings.repeats * (duration - settings.warmup) / NEURON.t_ref
        weights = windows * np.concatenate([fired, 1.0 - fired])
        neuron = bridge.LogisticNeuron().fit(np.vstack([excess, excess]), outcome, weights)
        return cls(LIMIT, float(neuron.intercept_[0]), float(neuron.coef_[0, 0]))


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set simulated and analytic rates beside logistic curves, and find where these fail."""
    curve = Curve.of(result, settings)
    theory = partial(settings.theory, dt=result.dt)
    wide, near = (np.linspace(*span, 500) for span in (WIDE, NEAR))
    curves = {
        "wide": LogisticCurve.fitted(wide, theory(wide)),
        "near": LogisticCurve.fitted(near, theory(near)),
        "trained": LogisticCurve.trained(curve, settings, result.duration),
    }
    measures = _agreement(curve, curves)
    for name, (low, high), words in (
        ("wide", WIDE, "maximum free"),
        ("near", NEAR, "maximum free"),
        ("trained", WIDE, "trained on spikes, maximum 1/t_ref"),
    ):
        mean = np.linspace(low, high, 500)
        off = np.abs(curves[name](mean) - theory(mean))
        note = f"{words}; from {low:g} to {high:g} mV, worst at {mean[off.argmax()]:.3g} mV"
        error = bridge.Measure(float(off.max()), "Hz", note=note.replace("-", "−"))
        measures[f"largest_error_{name}"] = error
        measures[f"maximum_{name}"] = bridge.Measure(curves[name].maximum, "Hz")
    return bridge.Comparison(
        title="Firing rate against current: simulated, analytic and logistic",
        measures=measures,
        drawings={"rates": partial(_draw_comparison, curve, curves, theory)},
    )


def _agreement(curve: Curve, curves: dict[str, LogisticCurve]) -> dict[str, bridge.Measure]:
    """Return how much of the simulated rates' variance each description explains."""
    chosen = curve.mean <= WIDE[1]
    rate, mean = curve.noisy[chosen], curve.mean[chosen]
    words = "variance of the simulated rates explained by "
    found = {
        "agreement": (curves["trained"](mean), words + "the logistic neuron trained on spikes"),
        "agreement_wide": (curves["wide"](mean), words + "the logistic curve, maximum free"),
        "agreement_analytic": (curve.analytic[chosen], words + "the analytic rate"),
    }
    measures = {
        key: bridge.Measure(float(1.0 - np.mean((rate - told) ** 2) / rate.var()), note=note)
        for key, (told, note) in found.items()
    }
    off = np.abs(rate - curve.analytic[chosen])
    note = f"standard errors up to {curve.error[chosen].max():.2g} Hz"
    measures["largest_error_analytic"] = bridge.Measure(float(off.max()), "Hz", note=note)
    return measures


def _draw_comparison(
    curve: Curve, curves: dict[str, LogisticCurve], theory: Callable[..., NDArray[np.float64]]
) -> Figure:
    """Draw the rates with the logistic curves, and how far these are off."""
    from neurosim import plot

    fig = plot.figure(7.4, 6.6)
    upper, lower = plot.panels(fig, 2, 1, sharex=True, height_ratios=(3, 2))
    mean = np.linspace(*WIDE, 600)
    current = _to_current(mean)
    chosen = curve.mean <= WIDE[1]
    with plot.style():
        for axes, base in ((upper, 0.0), (lower, 1.0)):
            axes.plot(current, (1.0 - base) * theory(mean), color="0.7", lw=4, label="analytic")
            for name, colour, words in CURVES:
                rate = curves[name](mean) - base * theory(mean)
                axes.plot(current, rate, color=colour, label=words)
            draw_simulated(axes, curve, chosen, base * theory(curve.mean))
            axes.axvline(
                (NEAR[1] - NEURON.v_rest) / NEURON.resistance, color="0.45", lw=0.9, ls=":"
            )
        upper.set(ylabel="firing rate (Hz)")
        lower.set(ylabel="difference from analytic (Hz)", xlabel="current (pA)", ylim=(-20.0, 20.0))
        top = upper.secondary_xaxis("top", functions=(_to_potential, _to_current))
        top.set_xlabel("mean free potential (mV)")
        handles, labels = upper.get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=2)
    return fig


def _to_potential(current: ArrayLike) -> NDArray[np.float64]:
    return NEURON.v_rest + NEURON.resistance * np.asarray(current)


def _to_current(mean: ArrayLike) -> NDArray[np.float64]:
    return (np.asarray(mean) - NEURON.v_rest) / NEURON.resistance


scenario = Scenario(
    name="fi-curve",
    title="The firing rate against the current, and how far it is a logistic curve",
    row="S29",
    source="L1",
    group="The biological neuron",
    description=(
        "Neurons receive constant currents from far below the rheobase to far above it, some of "
        "them with noise. Without noise firing starts sharply; with it the rate rises smoothly, "
        "and saturates like the logistic function does, at no more than 200 spikes a second, as "
        "each is followed by 5 ms of refractoriness. Simulated rates stand beside the analytic "
        "ones (Siegert 1951); the comparison fits logistic curves and shows where they fail."
    ),
    settings=Settings,
    duration=2200.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
    warmup=lambda settings: settings.warmup,
)
