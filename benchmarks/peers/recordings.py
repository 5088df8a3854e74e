"""Time population GLMs of NeMoS, glum, statsmodels and neurosim on the same recordings.

For options, see `python -m benchmarks.peers.recordings --help`.

All packages fit Poisson neurons with exponential link and the same ridge to the same columns: the
spikes of all neurons, filtered by six raised cosines over 50 ms. statsmodels has no ridge. The
spikes are drawn from a population GLM. Missing packages are installed.
Every fit has a separate process with one thread. CPU times are those of the fit, without making
the design matrix, which neurosim does not need. Packages without a joint fit of all neurons fit
some, and their time is given per neuron. Losses are compared by one evaluation with the design
matrix. The exit status is 1 if another package finds a clearly better fit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.peers.environments import interpreter
from benchmarks.peers.on_glm import GlmTask
from benchmarks.peers.options import add_laboratory, names_among, positive
from benchmarks.peers.runs import ROOT
from benchmarks.recordings.logistic import draw_spikes, draw_truth
from benchmarks.recordings.networks import Kind
from bridge.recordings import RaisedCosines, bin_trains
from bridge.recordings.glm.history_fit import PRECISION
from neurosim.utils.resources import available_memory

BASIS = RaisedCosines(6, 50.0)
USABLE = 0.8
"""Fraction of the available memory that a fit may take."""
COPIES = {"neurosim": 0.0, "glum": 0.3, "statsmodels": 4.0, "nemos": 2.5}
"""Memory of a fit, relative to a dense design matrix of 64-bit numbers."""
WEAKER = 0.3
"""Effects of spikes, relative to `draw_truth`: rates stay low without a refractory period."""
AGREE = 0.1
"""Excess of the loss (nats per neuron) from which a fit counts as not converged."""
SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"} | {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
}


@dataclass(frozen=True)
class Case:
    """A recording, the ridge, and how many neurons each package fits."""

    kind: Kind
    ridge: float
    fitted: dict[str, int]
    repeats: int = 1


CASES = {
    "small": Case(
        Kind(10, 2.0), 0.0, {"neurosim": 10, "glum": 10, "nemos": 10, "statsmodels": 1}, 2
    ),
    "medium": Case(Kind(50, 10.0), 1.0, {"neurosim": 50, "glum": 1, "nemos": 50}),
    "large": Case(Kind(200, 30.0), 1.0, {"neurosim": 10, "glum": 1, "nemos": 200}),
}
HEADER = (
    "| recording | package | neurons fitted | CPU s | CPU s per neuron | peak MB "
    "| loss above the best (nats per neuron) | largest difference of coefficients | ÷ neurosim |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True, eq=False)
class Line:
    """Result of a package, or the reason why there is none."""

    package: str
    n: int
    reason: str = ""
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    losses: np.ndarray | None = None
    coefficients: np.ndarray | None = None


def main() -> int:
    """Run the fits and print the table."""
    arguments = _parser().parse_args()
    versions: set[str] = set()
    lines, status = [HEADER], 0
    for name in arguments.recordings:
        with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
            case = CASES[name]
            path = _simulate(case.kind, arguments.seed, Path(scratch))
            found = []
            for package in arguments.packages:
                if package in case.fitted:
                    line = _fit(case, package, path, arguments, versions)
                    print(f"{name}, {package}: {line.cpu_s:.3g} s", file=sys.stderr, flush=True)
                    found.append(line)
        lines += _rows(case, found)
        status |= _disagree(found)
    print(f"{', '.join(sorted(versions))}\n\n" + "\n".join(lines))
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.peers.recordings", description=__doc__)
    packages = ("neurosim", "glum", "nemos", "statsmodels")
    parser.add_argument("--recordings", type=names_among(CASES), default=("small", "medium"))
    parser.add_argument("--packages", type=names_among(packages), default=packages)
    parser.add_argument("--seed", type=positive(int), default=1)
    parser.add_argument("--patience", type=positive(float), default=900.0, help="of a fit (s)")
    add_laboratory(parser)
    return parser


def _simulate(kind: Kind, seed: int, folder: Path) -> Path:
    """Draw spikes of a population GLM, and save them.

    Other packages know no refractory period, so each neuron must once have fired in neighbouring
    bins. The seed is raised until this is so.
    """
    basis, n_bins = BASIS.matrix(1.0), round(kind.duration)
    while True:
        truth = draw_truth(kind.neurons, BASIS.n, BASIS.n, seed)
        truth = replace(truth, history=WEAKER * truth.history, coupling=WEAKER * truth.coupling)
        trains = bin_trains(draw_spikes(truth, basis, basis, n_bins, seed), kind.duration)
        each = [np.sort(trains.bins[trains.ids == k]) for k in range(kind.neurons)]
        if all((np.diff(bins) == 1).any() for bins in each):
            break
        seed += 1
    path = folder / "recording.npz"
    spikes = {"bins": trains.bins.astype(np.int64), "ids": trains.ids.astype(np.int64)}
    np.savez(path, **spikes, basis=BASIS.matrix(trains.width))
    return path


def _fit(
    case: Case, package: str, path: Path, arguments: argparse.Namespace, versions: set[str]
) -> Line:
    """Fit with one package in its own process."""
    n, n_bins = case.fitted[package], round(case.kind.duration)
    needed = COPIES[package] * 8.0 * n_bins * (case.kind.neurons * BASIS.n + 1)
    if needed > USABLE * (available_memory() or np.inf):
        return Line(package, n, f"not run: needs about {needed / 1e9:.1f} GB of memory")
    task: GlmTask = {
        "package": package,
        "recording": str(path),
        "n_bins": n_bins,
        "n_neurons": case.kind.neurons,
        "targets": list(range(n)),
        "ridge": case.ridge,
        "own_ridge": PRECISION,
        "tol": 0.01,
        "repeats": case.repeats,
        "coefficients": str(path.with_name(f"{package}.npy")),
    }
    request = path.with_name("task.json")
    request.write_text(json.dumps(task))
    folder = arguments.envs.expanduser().resolve()
    python = interpreter(package, folder, arguments.python313)
    command = [*arguments.prefix, python, "-m", "benchmarks.peers.on_glm", str(request)]
    try:
        completed = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | SINGLE,
            capture_output=True,
            text=True,
            timeout=arguments.patience,
        )
    except subprocess.TimeoutExpired:
        return Line(package, n, f"no result in {arguments.patience:g} s")
    if completed.returncode:
        raise RuntimeError(f"{package} failed:\n{completed.stderr[-2000:]}")
    answer = json.loads(completed.stdout.splitlines()[-1])
    versions.add(answer["version"])
    return Line(
        package,
        n,
        cpu_s=answer["cpu_s"],
        peak_mb=answer["peak_mb"],
        losses=np.array(answer["losses"]),
        coefficients=np.load(task["coefficients"]),
    )


def _rows(case: Case, found: list[Line]) -> list[str]:
    """Return the lines of the table of one recording."""
    ours = next((line for line in found if line.package == "neurosim"), None)
    rows = []
    for line in found:
        cells = [case.kind.label, line.package, str(line.n)]
        if line.losses is None:
            rows.append(f"| {' | '.join([*cells, line.reason, '', '', '', '', ''])} |")
            continue
        each = line.cpu_s / line.n
        cells += [f"{line.cpu_s:.3g}", f"{each:.3g}", f"{line.peak_mb:.0f}"]
        cells += [f"{_excess(line, found):.2g}", "", ""]
        if ours is not None and ours.losses is not None:
            cells[-2] = f"{_difference(line, ours):.1g}"
            cells[-1] = f"{each / (ours.cpu_s / ours.n):.3g}"
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _excess(line: Line, found: list[Line]) -> float:
    """Return the mean loss above the best package, over the neurons that each pair fitted."""
    assert line.losses is not None
    excess = [0.0]
    for other in found:
        if other.losses is not None:
            n = min(line.n, other.n)
            excess.append(float((line.losses[:n] - other.losses[:n]).mean()))
    return max(excess)


def _difference(line: Line, ours: Line) -> float:
    """Return the largest difference of coefficients of the neurons that both fitted."""
    assert line.coefficients is not None
    assert ours.coefficients is not None
    n = min(line.n, ours.n)
    return float(np.abs(line.coefficients[:n] - ours.coefficients[:n]).max())


def _disagree(found: list[Line]) -> int:
    """Return 1 and print a message if the loss of neurosim is not the smallest one."""
    for line in found:
        if line.package == "neurosim" and line.losses is not None:
            excess = _excess(line, found)
            if excess > AGREE:
                print(f"neurosim is {excess:.2g} nats per neuron above the best", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
