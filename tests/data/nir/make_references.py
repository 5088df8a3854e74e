"""Spikes of other simulators of NIR, for tests/unit/interchange/test_nir_simulators.py.

Run where neurosim, torch, snntorch and norse are installed:

    python tests/data/nir/make_references.py

It writes, beside itself, the graphs that snnTorch exports, those that neurosim exports and snnTorch
and Norse import, and references.json: what goes in, what came out there, and which versions.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import nir
import numpy as np
import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2]))

from tests.nir_networks import chain, native  # noqa: E402

N_STEPS = 400


def events(spikes: np.ndarray) -> list[list[int]]:
    """Return spikes (n_steps, n) as the steps of each element."""
    return [np.flatnonzero(column).tolist() for column in np.asarray(spikes).T]


def snntorch_net(kind: str) -> torch.nn.Module:
    import snntorch as snn

    def layer(n: int) -> torch.nn.Module:
        common = {"init_hidden": True, "reset_mechanism": "zero", "reset_delay": False}
        if kind == "cubalif":
            decays = {"alpha": torch.full((n,), 0.8), "beta": torch.full((n,), 0.9)}
            return snn.Synaptic(**decays, threshold=torch.full((n,), 4.0), **common)
        if kind == "recurrent":
            cell = snn.RLeaky(0.9, linear_features=n, threshold=torch.full((n,), 1.0), **common)
            cell.recurrent.weight.data = 0.2 * torch.randn(n, n)
            cell.recurrent.bias.data = torch.zeros(n)
            return cell
        return snn.Leaky(torch.full((n,), 0.9), threshold=torch.full((n,), 1.0), **common)

    first, second = torch.nn.Linear(10, 16), torch.nn.Linear(16, 6, bias=False)
    first.weight.data = 0.1 + 0.25 * torch.randn(16, 10)
    first.bias.data = 0.02 * torch.randn(16)
    second.weight.data = 0.05 + 0.25 * torch.randn(6, 16)
    return torch.nn.Sequential(first, layer(16), second, layer(6))


def run(net: torch.nn.Module, inputs: np.ndarray) -> np.ndarray:
    """Step a module through rows of input, handing on its state where it gives one."""
    from snntorch import utils

    utils.reset(net)
    state, found = None, []
    with torch.no_grad():
        for row in torch.as_tensor(inputs).to(torch.get_default_dtype()):
            out = net(row[None]) if state is None else net(row[None], state)
            if isinstance(out, tuple):
                out, state = out
            found.append(out[0].numpy().astype(bool))
    return np.array(found)


def main() -> None:
    from norse.torch import from_nir as norse_from_nir
    from snntorch.export_nir import export_to_nir
    from snntorch.import_nir import import_from_nir

    rng = np.random.default_rng(7)
    cases: dict[str, dict] = {}

    def keep(name: str, simulator: str, file: str, dt: float, inputs: np.ndarray, out) -> None:
        cases[name] = {
            "simulator": f"{simulator} {version(simulator)}",
            "file": file,
            "dt_ms": dt,
            "n_steps": len(inputs),
            "inputs": events(inputs),
            "outputs": events(out),
        }
        print(name, int(np.sum(out)), "spikes")

    for kind in ("lif", "cubalif", "recurrent"):
        torch.manual_seed(3)
        net = snntorch_net(kind)
        inputs = rng.random((N_STEPS, 10)) < 0.15
        file = f"snntorch_{kind}.nir"
        nir.write(HERE / file, export_to_nir(net, torch.zeros(10)))
        keep(f"snntorch {kind}", "snntorch", file, 0.1, inputs, run(net, inputs))
    for kind in ("lif", "cubalif"):
        graph = native(kind)
        inputs = rng.random((N_STEPS, 10)) < 0.05
        file = f"neurosim_{kind}.nir"
        nir.write(HERE / file, graph)
        net = import_from_nir(nir.read(HERE / file))
        keep(f"neurosim {kind}", "snntorch", file, 0.1, inputs, run(net, inputs))
        graph = chain(kind)
        inputs = rng.random((N_STEPS, 10)) < 0.15
        file = f"norse_{kind}.nir"
        nir.write(HERE / file, graph)
        net = norse_from_nir(nir.read(HERE / file), dt=1e-3)
        keep(f"norse {kind}", "norse", file, 1.0, inputs, run(net, inputs))
    about = {
        "made by": "tests/data/nir/make_references.py",
        "versions": {p: version(p) for p in ("torch", "snntorch", "norse", "nir", "nirtorch")},
        "cases": cases,
    }
    (HERE / "references.json").write_text(json.dumps(about, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
