"""The extensions of Sphinx that write tables of models, formulas and lists of usage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx_gallery")
pytest.importorskip("numpydoc")

DOCS = Path(__file__).parents[3] / "docs"


def run(code: str) -> str:
    """Return what Python code prints that runs in the folder of the documentation."""
    # In a process of its own, because the gallery replaces `Figure.show`.
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=DOCS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tables_contain_every_declared_parameter() -> None:
    code = """
import neurosim as ns, model_pages
from neurosim.models.declare import parameters_of
from neurosim.models.registry import Part, is_builtin
for kind in Part.registry.values():
    if is_builtin(kind):
        text = "\\n".join(model_pages.tables(kind))
        missing = [name for name in parameters_of(kind) if f"``{name}``" not in text]
        assert not missing, (kind, missing)
print(model_pages.tables(ns.LIF)[model_pages.tables(ns.LIF).index("   * - ``tau_m``"):][:5])
"""
    row = ["   * - ``tau_m``", "     - 20", "     - ms", "     - 0.1 to 1,000"]
    assert run(code).strip() == str([*row, "     - Membrane time constant."])


def test_signatures_of_models_show_their_parameters() -> None:
    code = """
import neurosim as ns, model_pages
for kind in (ns.LIF, ns.STDP, ns.Network):
    shown = model_pages._signature(None, "class", "", kind, None, "(*_, **__)", "")
    print(shown and shown[0])
"""
    neuron, rule, other = run(code).splitlines()
    assert neuron.startswith("(v_rest=-70.0, v_threshold=-55.0, v_reset=-70.0, v_peak=30.0, ")
    assert rule.startswith("(w_max, learning_rate=0.01, asymmetry=1.0, ")
    assert other == "None"


def test_names_are_recognised_however_they_are_imported(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text(
        "import neurosim as ns\nimport bridge.inference\nfrom neurosim.plot import raster as draw\n"
        "draw(ns.simulate(ns.Network(), 1.0))\nbridge.inference.infer_synapses\nns.plot.style\n"
    )
    code = f"""
import usage
from pathlib import Path
print(sorted(name for _, name in usage.used_names((Path({str(file)!r}),))))
"""
    found = ["Network", "infer_synapses", "raster", "simulate", "style"]
    assert run(code).strip() == str(found)


def test_formulas_become_mathml() -> None:
    code = r"""
import mathml
from docutils import nodes
for tex in (r"\frac{a}{b}", "a &= b\n\nc &= d"):
    print(mathml._convert(nodes.math_block(tex, tex), as_block=True))
"""
    text = run(code)
    assert text.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">') == 2
    assert "<mfrac>" in text
    assert text.count("<mtr>") == 2
