"""How far runs are apart, and whether those of two simulators are further than those of one."""

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
        What is compared.
    d : (n_runs, n_runs, n_kinds) ndarray
        Distances, 0 to 1.
    p : (n_runs, n_runs, n_kinds) ndarray
        Probability of a larger distance between samples of one distribution, as if neurons were
        independent.
    """

    runs: tuple[Run, ...]
    kinds: tuple[Kind, ...]
    d: NDArray[np.float64]
    p: NDArray[np.float64]

    @property
    def reference(self) -> tuple[int, ...]:
        """Places of NEST's runs."""
        return tuple(k for k, run in enumerate(self.runs) if run[0] == REFERENCE)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures."""
        return tuple(dict.fromkeys(measure for measure, _ in self.kinds))

    def of(self, measure: str) -> NDArray[np.float64]:
        """Return the distances (n_runs, n_runs) in a measure, the mean over populations."""
        return self.d[:, :, [kind[0] == measure for kind in self.kinds]].mean(axis=2)

    def p_further(self, measure: str) -> float:
        """Return the chance of so large a distance between the simulators if they were one.

        The runs of one simulator could change their names without any change of law. Of all ways
        to name as many of them NEST, that is the share in which (mean distance of the others to
        these) − (mean distance among these) is at least what is observed: an exact test, whatever
        the distances depend on.
        """
        d, n = self.of(measure), len(self.reference)
        named = [_excess(d, chosen) for chosen in combinations(range(len(self.runs)), n)]
        observed = _excess(d, self.reference)
        return float(np.mean(np.array(named) >= observed - 1e-12))

    def further(self, error: float) -> bool:
        """Whether neurosim is further from NEST than one seed from another, in any measure.

        Parameters
        ----------
        error : float
            Chance to say so of equal simulators: Bonferroni's share of it for each measure.
        """
        level = error / len(self.measures)
        return any(self.p_further(measure) < level for measure in self.measures)


def compare(samples: Mapping[Run, Mapping[Kind, NDArray[np.float64]]]) -> Distances:
    """Return the distances between the runs in all that every one of them has at least two of."""
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
    """Return how many hypotheses fall, by Holm's procedure: any true one with chance `error`."""
    falls = np.sort(p) * np.arange(len(p), 0, -1) < error
    return len(p) if falls.all() else int(np.argmin(falls))


def report(found: Distances, error: float) -> str:
    """Return tables of the distances and what follows from them, as Markdown."""
    pairs = _pairs(found)
    lines = [f"| measure | population | {' | '.join(PAIRS)} |", "|---|---|--:|--:|--:|"]
    for k, (measure, population) in enumerate(found.kinds):
        cells = " | ".join(_mean(found.d[a, b, k] for a, b in pairs[name]) for name in PAIRS)
        lines.append(f"| {measure} | {population} | {cells} |")
    lines += ["", f"| mean of all | {' | '.join(PAIRS)} | p | |", "|---|--:|--:|--:|--:|---|"]
    level = error / len(found.measures)
    for measure in found.measures:
        d, p = found.of(measure), found.p_further(measure)
        cells = " | ".join(_mean(d[a, b] for a, b in pairs[name]) for name in PAIRS)
        verdict = "further" if p < level else "no further"
        lines.append(f"| {measure} | {cells} | {p:.3f} | {verdict} |")
    lines += ["", f"Of {len(found.kinds)} distributions, differ by Holm at {error:g}, in the mean:"]
    for name in PAIRS:
        counts = [rejected(found.p[a, b], error) for a, b in pairs[name]]
        lines.append(f"- {name}: {np.mean(counts) if counts else np.nan:.1f} ({len(counts)} pairs)")
    return "\n".join(lines)


def _excess(d: NDArray[np.float64], chosen: tuple[int, ...]) -> float:
    """Return the mean distance of other runs to the chosen over that among the chosen."""
    inside = np.isin(np.arange(len(d)), chosen)
    among = d[np.ix_(inside, inside)].sum() / (len(chosen) * (len(chosen) - 1))
    return float(d[np.ix_(inside, ~inside)].mean() - among)


def _pairs(found: Distances) -> dict[str, list[tuple[int, int]]]:
    pairs: dict[str, list[tuple[int, int]]] = {name: [] for name in PAIRS}
    for a, b in combinations(range(len(found.runs)), 2):
        n_reference = (a in found.reference) + (b in found.reference)
        pairs[PAIRS[2 - n_reference]].append((a, b))
    return pairs


def _mean(values: Iterable[float]) -> str:
    """Return the mean, and the standard deviation where there are several."""
    array = np.array(list(values))
    if len(array) == 0:
        return ""
    return f"{array.mean():.4f}" + (f" ± {array.std(ddof=1):.4f}" if len(array) > 1 else "")
