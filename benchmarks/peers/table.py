"""Tables of results, and a test whether the simulators agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median

import neurosim as ns
from benchmarks.peers.description import out_degrees
from benchmarks.peers.runs import Timed

SURE = 4.0
"""Tolerance of rates in standard errors. One in 16,000 comparisons exceeds it by chance."""

HEADER = (
    "| network | simulator | threads | build s | compile s | real-time factor | rates Hz "
    "| events/s | ns/event | peak MB | ÷ neurosim |\n"
    "|---|---|--:|--:|--:|--:|---|--:|--:|--:|--:|"
)


@dataclass(frozen=True)
class Row:
    """Results of repeated runs of one network on one simulator.

    Attributes
    ----------
    case, simulator : str
    threads : int
    span : float
        Timed part of the simulation (ms).
    network : Network
    answers : sequence of Timed
        One per repeat.
    """

    case: str
    simulator: str
    threads: int
    span: float
    network: ns.Network
    answers: Sequence[Timed]

    @property
    def wall_s(self) -> float:
        """Median wall-clock time over repeats (s)."""
        return median(answer["wall_s"] for answer in self.answers)

    @property
    def real_time_factor(self) -> float:
        """Wall-clock time divided by simulated time."""
        return self.wall_s * 1e3 / self.span

    @property
    def events(self) -> float:
        """Synaptic events in the span: spikes times synapses, averaged over repeats."""
        out = out_degrees(self.network)
        return fmean(
            sum(out[name] * n for name, n in answer["counts"].items()) for answer in self.answers
        )

    @property
    def rates(self) -> dict[str, float]:
        """Mean rate (Hz) of each population over all repeats."""
        return {
            p.name: fmean(answer["counts"][p.name] for answer in self.answers)
            / (p.size * self.span * 1e-3)
            for p in self.network.populations
        }


def table(rows: Sequence[Row]) -> str:
    """Return a Markdown table, with times relative to neurosim on as many threads."""
    ours = {(r.case, r.threads): r.wall_s for r in rows if r.simulator == "neurosim"}
    return "\n".join([HEADER, *(_line(row, ours.get((row.case, row.threads))) for row in rows)])


def _line(row: Row, ours: float | None) -> str:
    compile_s = row.answers[0]["compile_s"]
    if compile_s is not None:
        compile_s = median(a["compile_s"] or 0.0 for a in row.answers)
    cells = (
        row.case,
        row.simulator,
        row.threads,
        f"{median(a['build_s'] for a in row.answers):.2f}",
        "" if compile_s is None else f"{compile_s:.1f}",
        f"{row.real_time_factor:.3g}",
        " ".join(f"{rate:.2f}" for rate in row.rates.values()),
        f"{row.events / row.wall_s:.3g}",
        f"{row.wall_s / row.events * 1e9:.3g}",
        f"{max(a['peak_mb'] for a in row.answers):.0f}",
        "" if ours is None else f"{row.wall_s / ours:.3g}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def best_ratios(rows: Sequence[Row]) -> list[str]:
    """Return times relative to neurosim by network, at the fastest thread counts."""
    lines = []
    for case in dict.fromkeys(row.case for row in rows):
        best: dict[str, float] = {}
        for row in rows:
            if row.case == case:
                best[row.simulator] = min(row.wall_s, best.get(row.simulator, math.inf))
        ours = best.pop("neurosim", None)
        if ours is not None and best:
            parts = (f"{name} {wall / ours:.3g}" for name, wall in best.items())
            lines.append(
                f"- {case}, time relative to neurosim at the best thread counts: {', '.join(parts)}"
            )
    return lines


def disagreements(rows: Sequence[Row], spreads: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return a message for each pair of simulators with different firing rates.

    Parameters
    ----------
    rows : sequence of Row
    spreads : mapping
        By network and population, the standard deviation of the rate of a run between seeds,
        relative to the rate.
    """
    messages = []
    for case in dict.fromkeys(row.case for row in rows):
        of_case = [row for row in rows if row.case == case]
        # Rates from other thread counts are not independent: neurosim's results are bit-identical.
        rates = {row.simulator: row.rates for row in of_case}
        repeats = len(of_case[0].answers)
        for (one, ones), (other, others) in combinations(rates.items(), 2):
            for name, spread in spreads[case].items():
                bound = SURE * spread * math.sqrt(2.0 / repeats)
                a, b = ones[name], others[name]
                if abs(a - b) > bound * 0.5 * (a + b):
                    messages.append(
                        f"{case}, {name}: {one} {a:.3f} Hz and {other} {b:.3f} Hz differ by more "
                        f"than {100.0 * bound:.1f} %"
                    )
    return messages
