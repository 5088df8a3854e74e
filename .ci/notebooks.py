"""Execute notebooks and check that they show pictures: python .ci/notebooks.py FILE..."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat


def pictures(file: Path) -> int:
    """Return the number of pictures that a notebook shows when it is executed."""
    notebook = nbformat.read(file, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        nbclient.NotebookClient(notebook, timeout=600, resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return sum("image/png" in output.get("data", {}) for output in outputs)


if __name__ == "__main__":
    found = {file: pictures(Path(file)) for file in sys.argv[1:]}
    for file, n in found.items():
        print(f"{n:3} pictures in {file}")
    sys.exit(not found or not all(found.values()))
