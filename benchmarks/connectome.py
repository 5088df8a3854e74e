"""Time the inference of synapses from the spikes of a large network.

python -m benchmarks.connectome [--neurons 1000] [--minutes 10] [--threads 2] [--json]

The network is that of the scenario `connectome`, with 20 % inhibitory neurons and on average 15
synapses onto each neuron. Times exclude compilation. They include the simulation, reading the
spikes and computing all matrices of the fit.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from time import perf_counter, process_time

import numpy as np

import neurosim as ns
from bridge.inference import (
    Correlograms,
    bin_trains,
    existence_auc,
    infer_synapses,
    score_connectome,
)
from neurosim.scenario import RunOptions
from neurosim.utils.resources import available_cores
from scenarios.recordings.connectome import Settings, network, spike_trains, wiring

IN_DEGREE = 15


def main() -> int:
    arguments = _parser().parse_args()
    n = arguments.neurons
    settings = Settings(
        excitatory=n - n // 5,
        inhibitory=n // 5,
        probability=min(0.5, IN_DEGREE / n),
        mean=arguments.mean,
    )
    _compile()
    options = RunOptions(duration=arguments.minutes * 60e3, seed=arguments.seed)
    started = perf_counter()
    net = network(settings, options)
    result = ns.simulate(net, options.duration, seed=options.seed, threads=arguments.threads)
    simulated = perf_counter()
    spikes = spike_trains(result)
    collected, cpu_s = perf_counter(), process_time()
    inferred = infer_synapses(
        spikes, result.duration, threads=arguments.threads, progress=sys.stderr.isatty()
    )
    fitted, cpu_s = perf_counter(), process_time() - cpu_s
    truth, _ = wiring(settings, options.seed)
    measures = {key: each.text for key, each in score_connectome(inferred, truth).items()}
    scored = perf_counter()
    correlograms = Correlograms.of(bin_trains(spikes, result.duration), lags=(-40.0, 60.0))
    aucs = {
        f"auc_correlation_{last:g}_ms_{expected}": existence_auc(
            correlograms.z((1.0, last), expected), truth, least=1.0
        ).text
        for last in (10.0, 20.0, 30.0)
        for expected in ("rate", "slow")
    }
    report = {
        "neurons": n,
        "minutes": arguments.minutes,
        "synapses": int((truth != 0).sum()),
        "spikes": sum(map(len, spikes)),
        "rate_hz": round(float(inferred.rates.mean()), 2),
        "threads": arguments.threads,
        "simulate_s": round(simulated - started, 1),
        "fit_s": round(fitted - collected, 1),
        "fit_cpu_s": round(cpu_s, 1),
        "correlograms_s": round(perf_counter() - scored, 1),
        "evaluations_per_neuron": round(float(np.mean(inferred.evaluations)), 1),
        "converged": bool(inferred.converged[inferred.evaluations > 0].all()),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **measures,
        **aucs,
    }
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        print("\n".join(f"{key.replace('_', ' '):32} {value}" for key, value in report.items()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.connectome", description=__doc__)
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mean", type=float, default=Settings().mean, help="potential (mV)")
    parser.add_argument("--json", action="store_true")
    return parser


def _compile() -> None:
    """Compile all functions by running them once on three neurons."""
    rng = np.random.default_rng(1)
    trains = [np.cumsum(rng.uniform(10.0, 200.0, 200)) for _ in range(3)]
    infer_synapses(trains, 60e3)
    Correlograms.of(trains, 60e3)


if __name__ == "__main__":
    sys.exit(main())
