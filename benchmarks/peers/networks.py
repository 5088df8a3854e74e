"""Networks of the comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import neurosim as ns
from neurosim.bench.networks import vogels_abbott
from neurosim.bench.networks.brunel import brunel
from neurosim.bench.networks.izhikevich import izhikevich
from neurosim.bench.networks.microcircuit import NAMES, microcircuit


@dataclass(frozen=True)
class Case:
    """A network and how it is timed.

    Attributes
    ----------
    network : callable
        Returns the network.
    simulators : tuple of str
        Default simulators.
    threads : tuple of int
        Default numbers of threads.
    warmup, span : float
        Simulated time (ms) before the measurement, and of the measurement.
    spreads : mapping of str to float
        By population, the standard deviation of the rate between seeds, relative to the rate.
    """

    network: Callable[[], ns.Network]
    simulators: tuple[str, ...]
    threads: tuple[int, ...]
    warmup: float
    span: float
    spreads: Mapping[str, float]

    def spreads_in(self, span: float) -> dict[str, float]:
        """Return the spreads of rates for another span (ms).

        For a shorter span, the spread grows by the square root of the ratio of spans. This is an
        upper bound: it attributes the whole spread to the variability of spike counts and none to
        the random connections.
        """
        factor = math.sqrt(max(1.0, self.span / span))
        return {name: factor * spread for name, spread in self.spreads.items()}


ALL = ("nest", "brian2-standalone", "brian2-runtime", "neurosim")
OURS = ("neurosim",)

# Spreads were measured with neurosim and 20 seeds (brunel: 12, adex-100k: 8). For cuba, a small
# network whose rate depends on the random connections, they were measured in 42 runs of all
# simulators.
_COLUMN = (0.021, 0.0057, 0.0025, 0.0015, 0.014, 0.0017, 0.015, 0.0013)
_SMALL_COLUMN = (0.061, 0.023, 0.013, 0.006, 0.032, 0.008, 0.033, 0.007)
_BRUNEL = {"exc": 0.0066, "inh": 0.0049}
_CUBA = {"exc": 0.051, "inh": 0.013}

_COBA = {"exc": 0.047, "inh": 0.028}
_ADEX = {"exc": 0.042, "inh": 0.024}
_ADEX_100K = {"exc": 0.013, "inh": 0.008}
_COBAHH = {"exc": 0.057, "inh": 0.025}
_IZHIKEVICH = {"exc": 0.005, "inh": 0.009}
_DEPRESSING = {"exc": 0.026, "inh": 0.0078}
THREE = ("nest", "brian2-standalone", "neurosim")

_larger = partial(Case, simulators=OURS, threads=(1, 2), warmup=300.0, span=1000.0, spreads=_BRUNEL)

CASES = {
    "microcircuit": Case(
        microcircuit,
        ("nest", "neurosim"),
        (2,),
        500.0,
        2000.0,
        dict(zip(NAMES, _COLUMN, strict=True)),
    ),
    "microcircuit-0.1": Case(
        partial(microcircuit, 0.1),
        ("nest", "neurosim"),
        (1, 2),
        500.0,
        2000.0,
        dict(zip(NAMES, _SMALL_COLUMN, strict=True)),
    ),
    "brunel": Case(partial(brunel, 1.0), ALL, (1, 2), 300.0, 1000.0, _BRUNEL),
    "cuba": Case(partial(vogels_abbott.cuba, 1.0), ALL, (1, 2), 500.0, 10000.0, _CUBA),
    "coba": Case(partial(vogels_abbott.coba, 1.0), THREE, (1, 2), 500.0, 2000.0, _COBA),
    "cobahh": Case(partial(vogels_abbott.cobahh, 1.0), THREE, (1, 2), 500.0, 1000.0, _COBAHH),
    "adex": Case(
        partial(vogels_abbott.adex, 1.0), ("nest", "neurosim"), (1, 2), 500.0, 2000.0, _ADEX
    ),
    "adex-euler": Case(
        partial(vogels_abbott.adex, 1.0, method="euler", substep=0.1),
        ("brian2-standalone", "neurosim"),
        (1, 2),
        500.0,
        2000.0,
        _ADEX,
    ),
    "adex-100k": Case(partial(vogels_abbott.adex, 25.0), OURS, (1, 2), 200.0, 500.0, _ADEX_100K),
    "izhikevich": Case(partial(izhikevich, 1.0), THREE, (1, 2), 500.0, 5000.0, _IZHIKEVICH),
    "depressing": Case(
        partial(vogels_abbott.depressing, 1.0), THREE, (1, 2), 500.0, 5000.0, _DEPRESSING
    ),
    "brunel-25k": _larger(partial(brunel, 2.0)),
    "brunel-50k": _larger(partial(brunel, 4.0)),
    "brunel-100k": _larger(partial(brunel, 8.0)),
}
"""Networks by name."""
