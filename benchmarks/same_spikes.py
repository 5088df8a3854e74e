"""Check that two checkouts produce bit-identical spikes for the same networks.

Usage: python -m benchmarks.same_spikes OTHER_CHECKOUT [SCENARIO ...]

Runs all scenarios (or only the given ones) and the random networks of the tests with both
checkouts, and prints one line for each. The exit status is 1 if any spikes differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

HERE = Path(__file__).parent.parent
RANDOM_NETWORKS = """
import hashlib
import neurosim as ns
from tests.networks import everything
from tests.oracle.test_naive import _random_network

networks = [everything(), *(_random_network(seed, seed % 2 > 0) for seed in range(200))]
digest = hashlib.sha256()
for net in networks:
    for trains in ns.simulate(net, 50.0).spikes.values():
        digest.update(trains.times.tobytes() + trains.ids.tobytes())
print(digest.hexdigest())
"""


def run(checkout: Path, *arguments: str) -> str:
    """Run Python with the packages of a checkout and return its standard output."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "MPLBACKEND": "agg"}
    completed = subprocess.run(
        [sys.executable, *arguments], cwd=checkout, env=environment, capture_output=True, text=True
    )
    if completed.returncode:
        raise SystemExit(f"{checkout}: {' '.join(arguments)[:80]}\n{completed.stderr[-2000:]}")
    return completed.stdout


def spikes_of(checkout: Path, scenario: str) -> str:
    """Return a digest of the spikes saved by a scenario."""
    with tempfile.TemporaryDirectory() as folder:
        run(checkout, "-m", "neurosim", "run", scenario, "--no-plot", "--out", f"{folder}/run")
        digest = hashlib.sha256()

        def add(name: str, item: object) -> None:
            if isinstance(item, h5py.Dataset):
                digest.update(name.encode() + item[()].tobytes())

        path = Path(folder, "run", "result.h5")
        if not path.exists():
            return "no spikes"
        with h5py.File(path) as file:
            if "spikes" not in file:
                return "no spikes"
            file["spikes"].visititems(add)
        return digest.hexdigest()


def main() -> int:
    """Compare the checkouts and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("scenarios", nargs="*")
    given = parser.parse_args()
    names = given.scenarios or json.loads(run(HERE, "-m", "neurosim", "list", "--json"))
    names = [name["name"] if isinstance(name, dict) else name for name in names]
    differing = 0
    for name in names:
        one, other = (spikes_of(checkout.absolute(), name) for checkout in (HERE, given.other))
        differing += one != other
        print(f"{name:30} {'identical' if one == other else 'DIFFERENT'}", flush=True)
    if not given.scenarios:
        one, other = (run(c.absolute(), "-c", RANDOM_NETWORKS) for c in (HERE, given.other))
        differing += one != other
        print(f"{'201 random networks':30} {'identical' if one == other else 'DIFFERENT'}")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
