"""Names that IPython offers."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

import bridge
import neurosim as ns

MODULES = (ns, ns.plot, bridge, bridge.classics, bridge.inference, bridge.spiking)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_package_offers_its_public_names(module: ModuleType) -> None:
    offered = {name for name in dir(module) if not name.startswith("_")}
    assert offered == set(module.__all__)
    assert not offered & {"Any", "TYPE_CHECKING", "annotations", "import_module", "lazy"}


def test_modules_need_no_import_of_their_own() -> None:
    code = (
        "import neurosim as ns; "
        "print(ns.plot.raster.__name__, ns.analysis.rates.__name__, ns.scenario.run.__name__, "
        "ns.sweep.sweep.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["raster", "rates", "run", "sweep"]


@pytest.mark.filterwarnings("default")
def test_ipython_completes_names_and_keys() -> None:
    interactiveshell = pytest.importorskip("IPython.core.interactiveshell")
    completer = pytest.importorskip("IPython.core.completer")
    info = ns.PopulationInfo("exc", 1, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, 1)
    trace = ns.Trace(np.arange(3.0), np.zeros((3, 1)), [0], "mV")
    result = ns.Result(
        0.1,
        3.0,
        1,
        {"exc": info},
        {"exc": ns.SpikeTrains([], [], [0])},
        {("exc", "v"): trace, ("exc", "i_syn"): trace},
    )
    shell = interactiveshell.InteractiveShell()
    shell.user_ns.update(ns=ns, bridge=bridge, result=result)

    def offered(text: str) -> set[str]:
        with completer.provisionalcompleter():
            found = shell.Completer.completions(text, len(text))
            return {one.text.lstrip(".") for one in found}

    assert {"simulate", "Simulation", "save", "plot"} <= offered("ns.")
    assert {"to_logistic", "inference"} <= offered("bridge.")
    assert "infer_synapses" in offered("bridge.inference.")
    assert {"raster", "voltage_trace"} <= offered("ns.plot.")
    assert offered('result.spikes["') == {"exc"}
    assert offered('result.traces["') == {"exc"}
    assert offered('result.traces["exc", "') == {"v", "i_syn"}
