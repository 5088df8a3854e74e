"""Scores and calls of synapses of simulated networks against the truth."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.recordings.networks import Kind, draw_synapses, record
from bridge.evaluation.measures import auc, wilson_interval
from bridge.inference import infer_synapses
from bridge.recordings import PopulationGLM, SynapticKernel

FDR = 0.01
KERNELS = {
    "default": SynapticKernel(),
    "rise 2, decay 10 ms": SynapticKernel((10.0, 2.0), (1.0, -1.0), delay=2.0),
    "rise 4, decay 12 ms": SynapticKernel((12.0, 4.0), (1.0, -1.0), delay=2.0),
    "rise 5, decay 20 ms": SynapticKernel((20.0, 5.0), (1.0, -1.0), delay=2.0),
}
"""Kernels of `infer_synapses`; the best one on each network is the reference."""


@dataclass(frozen=True)
class Scores:
    """Comparison of one fit with the true synapses.

    Attributes
    ----------
    z_absent : ndarray
        z of pairs without synapse.
    calls, false, found, present : int
        Called pairs, those without synapse, those with synapse, and all synapses.
    auc : float
        Area under the curve of abs(z) for the existence of a synapse.
    null_sd : float
        Estimate of the standard deviation of `z_absent`.
    warned : tuple of str
        Warnings of the fit.
    cpu_s : float
    """

    z_absent: NDArray[np.float64]
    calls: int
    false: int
    found: int
    present: int
    auc: float
    null_sd: float
    warned: tuple[str, ...]
    cpu_s: float


def score(z: NDArray, called: NDArray, truth: NDArray, null_sd: float) -> dict[str, Any]:
    """Return the comparison of z and calls with the truth; NaN pairs do not count."""
    known = np.isfinite(z)
    present, called = truth[known] != 0, called[known]
    return {
        "z_absent": z[known][~present],
        "calls": int(called.sum()),
        "false": int((called & ~present).sum()),
        "found": int((called & present).sum()),
        "present": int(present.sum()),
        "auc": float(auc(present, np.abs(z[known])).value),
        "null_sd": null_sd,
    }


def fit_networks(
    kind: Kind, seeds: Iterable[int], options: dict[str, Any], kernels: bool, neurons: int | None
) -> Iterator[dict[str, Scores]]:
    """Simulate networks and yield the scores of each method."""
    for seed in seeds:
        spikes = record(kind, seed)
        truth = draw_synapses(kind.neurons, seed).psps
        targets = None if neurons is None else _some(kind.neurons, neurons, seed)
        found = {"PopulationGLM": _with_glm(spikes, kind, truth, targets, options)}
        if kernels:
            for name, kernel in KERNELS.items():
                found[name] = _with_kernel(spikes, kind, truth, targets, kernel, options)
        yield found


def _some(n: int, chosen: int, seed: int) -> NDArray[np.intp]:
    """Return neurons drawn at random."""
    return np.sort(np.random.default_rng([seed, n, 5]).permutation(n)[:chosen])


def _with_glm(
    spikes: list[NDArray], kind: Kind, truth: NDArray, targets: Any, options: dict[str, Any]
) -> Scores:
    """Fit by `PopulationGLM`."""
    model, started = PopulationGLM(**options), process_time()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(spikes, kind.duration, neurons=targets)
    cpu_s = process_time() - started
    tests = model.tests_
    scored = score(tests.z, model.called(FDR), truth, tests.null_sd)
    return Scores(**scored, warned=tuple(str(one.message) for one in caught), cpu_s=cpu_s)


def _with_kernel(
    spikes: list[NDArray],
    kind: Kind,
    truth: NDArray,
    targets: Any,
    kernel: SynapticKernel,
    options: dict[str, Any],
) -> Scores:
    """Fit by `infer_synapses`, with the same slow drives."""
    started = process_time()
    drives = {key: options[key] for key in ("shared", "baseline", "threads") if key in options}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = infer_synapses(spikes, kind.duration, kernel=kernel, neurons=targets, **drives)
    cpu_s = process_time() - started
    scored = score(found.z, found.called(FDR), truth, found.null_sd)
    return Scores(**scored, warned=tuple(str(one.message) for one in caught), cpu_s=cpu_s)


HEADER = (
    "| recordings | networks | method | sd of z, absent pairs | null_sd | false calls at 1 % "
    "| found | AUC (least) | networks with warning | CPU s |\n"
    "|---|--:|---|--:|--:|---|--:|--:|--:|--:|"
)


def row(kind: Kind, name: str, scores: list[Scores]) -> str:
    """Return a line of the table; spreads and calls are pooled over networks."""
    z = np.concatenate([one.z_absent for one in scores])
    spread = float(np.sqrt(np.mean(z**2)))
    error = float(np.std(z**2) / (2.0 * spread * np.sqrt(len(z))))
    calls, false = sum(one.calls for one in scores), sum(one.false for one in scores)
    low, high = (100.0 * float(bound) for bound in wilson_interval(false, max(calls, 1)))
    present = max(sum(one.present for one in scores), 1)
    areas = [one.auc for one in scores]
    cells = (
        kind.label,
        len(scores),
        name,
        f"{spread:.3f} ± {error:.3f}",
        f"{np.mean([one.null_sd for one in scores]):.2f}",
        f"{false} of {calls} = {100.0 * false / max(calls, 1):.2f} % ({low:.2f} to {high:.2f})",
        f"{100.0 * sum(one.found for one in scores) / present:.1f} %",
        f"{np.mean(areas):.4f} ({min(areas):.4f})",
        sum(bool(one.warned) for one in scores),
        f"{np.mean([one.cpu_s for one in scores]):.1f}",
    )
    return f"| {' | '.join(map(str, cells))} |"
