"""Distances between runs, and a test whether simulators differ more than seeds do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

Run = tuple[str, int]
"""Simulator and seed."""
Kind = tuple[str, str]
"""Measure and population."""

REFERENCE = "nest"
PAIRS = ("NEST–NEST", "neurosim–NEST", "neurosim–neurosim")


@dataclass(frozen=True)
class Distances:
    """Kolmogorov–Smirnov distances between all pairs of runs.

    Attributes
    ----------
    runs : tuple of Run
    kinds : tuple of Kind
        Measures and populations that are compared.
    d : (n_runs, n_runs, n_kinds) ndarray
        Kolmogorov–Smirnov statistics, 0 to 1.
    p : (n_runs, n_runs, n_kinds) ndarray
        P-values for the null hypothesis of equal distributions, assuming independent neurons.
    """

    runs: tuple[Run, ...]
    kinds: tuple[Kind, ...]
    d: NDArray[np.float64]
    p: NDArray[np.float64]

    @property
    def reference(self) -> tuple[int, ...]:
        """Indices of the NEST runs."""
        return tuple(k for k, run in enumerate(self.runs) if run[0] == REFERENCE)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures."""
        return tuple(dict.fromkeys(measure for measure, _ in self.kinds))

    def of(self, measure: str) -> NDArray[np.float64]:
        """Return the distances (n_runs, n_runs) in a measure, averaged over populations."""
        return self.d[:, :, [kind[0] == measure for kind in self.kinds]].mean(axis=2)

    def p_further(self, measure: str) -> float:
        """Return the p-value of the observed distance between the simulators.

        This is an exact permutation test. The statistic is the mean distance of the other runs to
        the NEST runs, minus the mean distance among the NEST runs. Under the null hypothesis the
        labels of the runs are exchangeable. The p-value is the fraction of all assignments of the
        label NEST to as many runs for which the statistic is at least as large as observed.
        """
        d, n = self.of(measure), len(self.reference)
        statistics = [_excess(d, chosen) for chosen in combinations(range(len(self.runs)), n)]
        observed = _excess(d, self.reference)
        return float(np.mean(np.array(statistics) >= observed - 1e-12))

    def further(self, error: float) -> bool:
        """Return whether neurosim differs more from NEST than seeds do, in any measure.

        Parameters
        ----------
        error : float
            Family-wise error rate, divided among the measures by Bonferroni's method.
        """
        level = error / len(self.measures)
        return any(self.p_further(measure) < level for measure in self.measures)


def compare(samples: Mapping[Run, Mapping[Kind, NDArray[np.float64]]]) -> Distances:
    """Return the distances between runs.

    Measures and populations are included if every run has at least two values.
    """
    runs = tuple(samples)
    kinds = tuple(
        kind
        for kind in sorted(samples[runs[0]])
        if all(len(samples[run][kind]) > 1 for run in runs)
    )
    d = np.zeros((len(runs), len(runs), len(kinds)))
    p = np.ones_like(d)
    for a, b in combinations(range(len(runs)), 2):
        for k, kind in enumerate(kinds):
            test = ks_2samp(samples[runs[a]][kind], samples[runs[b]][kind], method="asymp")
            d[a, b, k] = d[b, a, k] = test.statistic
            p[a, b, k] = p[b, a, k] = test.pvalue
    return Distances(runs, kinds, d, p)


def rejected(p: NDArray[np.float64], error: float) -> int:
    """Return the number of hypotheses rejected by Holm's method.

    `error` is the family-wise error rate.
    """
    reject = np.sort(p) * np.arange(len(p), 0, -1) < error
    return len(p) if reject.all() else int(np.argmin(reject))


def report(distances: Distances, error: float) -> str:
    """Return Markdown tables of the distances and the test results."""
    pairs = _pairs(distances)
    lines = [f"| measure | population | {' | '.join(PAIRS)} |", "|---|---|--:|--:|--:|"]
    for k, (measure, population) in enumerate(distances.kinds):
        cells = " | ".join(_mean(distances.d[a, b, k] for a, b in pairs[name]) for name in PAIRS)
        lines.append(f"| {measure} | {population} | {cells} |")
    lines += [
        "",
        f"| mean over populations | {' | '.join(PAIRS)} | p | |",
        "|---|--:|--:|--:|--:|---|",
    ]
    level = error / len(distances.measures)
    for measure in distances.measures:
        d, p = distances.of(measure), distances.p_further(measure)
        cells = " | ".join(_mean(d[a, b] for a, b in pairs[name]) for name in PAIRS)
        verdict = "different" if p < level else "not different"
        lines.append(f"| {measure} | {cells} | {p:.3f} | {verdict} |")
    lines += [
        "",
        f"Mean number of {len(distances.kinds)} distributions that differ (Holm, {error:g}):",
    ]
    for name in PAIRS:
        counts = [rejected(distances.p[a, b], error) for a, b in pairs[name]]
        lines.append(f"- {name}: {np.mean(counts) if counts else np.nan:.1f} ({len(counts)} pairs)")
    return "\n".join(lines)


def _excess(d: NDArray[np.float64], chosen: tuple[int, ...]) -> float:
    """Return the mean distance to the chosen runs minus that among the chosen."""
    inside = np.isin(np.arange(len(d)), chosen)
    among = d[np.ix_(inside, inside)].sum() / (len(chosen) * (len(chosen) - 1))
    return float(d[np.ix_(inside, ~inside)].mean() - among)


def _pairs(distances: Distances) -> dict[str, list[tuple[int, int]]]:
    pairs: dict[str, list[tuple[int, int]]] = {name: [] for name in PAIRS}
    for a, b in combinations(range(len(distances.runs)), 2):
        n_reference = (a in distances.reference) + (b in distances.reference)
        pairs[PAIRS[2 - n_reference]].append((a, b))
    return pairs


def _mean(values: Iterable[float]) -> str:
    """Return the mean and, for several values, the standard deviation as text."""
    array = np.array(list(values))
    if len(array) == 0:
        return ""
    return f"{array.mean():.4f}" + (f" ± {array.std(ddof=1):.4f}" if len(array) > 1 else "")
