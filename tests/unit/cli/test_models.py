"""Python files with models, loaded by the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurosim.cli import main
from neurosim.errors import NeurosimError
from neurosim.sweep import SweepFolder, describe

MODEL = '''
from dataclasses import dataclass
from typing import ClassVar
import neurosim as ns

@dataclass(frozen=True, eq=False)
class Ramp(ns.NeuronModel):
    """v grows by a constant slope and spikes at 0 mV."""

    slope: float = ns.parameter(2.0, "mV/ms", 0.0, 100.0, "slope of the potential")
    v: ClassVar = ns.state("mV", -10.0, "membrane potential")
    substep: ClassVar = 1.0

    @staticmethod
    def derivatives(v, i, p):
        return p.slope

    @staticmethod
    def spikes(v_before, v, p):
        return v >= 0.0

    @staticmethod
    def reset(v, p):
        return -10.0
'''
SCENARIO = """
duration = 100.0
dt = 1.0

[populations.cell]
size = 2
neuron = {type = "Ramp", slope = 1.0}
"""


@pytest.fixture
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ramp_model.py").write_text(MODEL)
    Path("ramps.toml").write_text(SCENARIO)
    monkeypatch.setitem(sys.modules, "ramp_model", None)
    monkeypatch.delitem(sys.modules, "ramp_model")


@pytest.mark.usefixtures("_files")
def test_a_scenario_file_names_a_model_of_a_file(capsys) -> None:
    assert main(["--models", "ramp_model.py", "run", "ramps.toml", "--out", "out", "--json"]) == 0
    json.loads(capsys.readouterr().out)
    with h5py.File("out/result.h5") as file:
        times = file["spikes/cell/timestamps"][:]
    assert times.tolist() == [t for t in range(10, 101, 10) for _ in range(2)]


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(
    "slope", ["[0.5, 2.0]", '{type = "Uniform", low = 0.5, high = 2.0}'], ids=["array", "drawn"]
)
def test_the_neurons_of_a_model_may_differ(capsys, slope: str) -> None:
    Path("ramps.toml").write_text(SCENARIO.replace("slope = 1.0", f"slope = {slope}"))
    assert main(["--models", "ramp_model.py", "run", "ramps.toml", "--out", "out", "--json"]) == 0
    capsys.readouterr()
    with h5py.File("out/result.h5") as file:
        ids = file["spikes/cell/node_ids"][:]
    first, second = np.bincount(ids.astype(int), minlength=2)
    assert first != second
    if slope.startswith("["):
        assert (first, second) == (5, 20)


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("nowhere.py", None, "no such Python file"),
        ("json.py", "", "'json' is the name of another module"),
        (
            "two-words.py",
            "",
            "is the name of another module or not a valid module name",
        ),
        ("wrong_syntax.py", "def f(:\n", "wrong_syntax.py:1: SyntaxError: "),
        ("wrong_name.py", "x = 1\ny = z\n", "wrong_name.py:2: NameError: name 'z' is not defined"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_refused(capsys, name, text, words) -> None:
    if text is not None:
        Path(name).write_text(text)
    assert main(["--models", name, "list"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert words in error


@pytest.mark.usefixtures("_files")
def test_the_workers_of_a_sweep_load_the_models(capsys) -> None:
    command = ["--models", "ramp_model.py", "sweep", "ramps.toml", "--out", "out", "--seeds", "1"]
    command += ["--grid", "populations.cell.neuron.slope=1,2", "--workers", "1", "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    rates = [cell["findings"]["rate_of_cell_hz"]["mean"] for cell in found["table"]]
    assert rates == [100.0, 200.0]
    assert list(found["models_sha256"]) == ["ramp_model"]
    files = {name: Path("out", name) for name in ("sweep.csv", "sweep.png")}
    for file in files.values():
        file.unlink()
    assert main(["--models", "ramp_model.py", "plot", "out"]) == 0
    assert all(file.exists() for file in files.values())


@pytest.mark.usefixtures("_files")
def test_another_version_of_the_models_is_another_sweep(capsys) -> None:
    options = {"grid": {"populations.cell.neuron.slope": [1.0]}, "models": ["ramp_model.py"]}
    SweepFolder("out").claim(describe("ramps.toml", **options))
    del sys.modules["ramp_model"]
    assert main(["plot", "out"]) == 2
    assert "it uses models that are not loaded; add --models ramp_model.py" in (
        capsys.readouterr().err
    )
    Path("ramp_model.py").write_text(MODEL.replace("2.0", "3.0"))
    with pytest.raises(NeurosimError, match=r"with ramp_model .* instead of"):
        SweepFolder("out").claim(describe("ramps.toml", **options))
    Path("ramp_model.py").write_text(MODEL)
    with pytest.raises(NeurosimError, match="an earlier version of this file is already loaded"):
        describe("ramps.toml", **options)
