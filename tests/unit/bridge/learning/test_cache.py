"""Results do not depend on whether functions were compiled or loaded from the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIT = """
import numpy as np
from bridge import LogisticNeuron

rng = np.random.default_rng(0)
X = rng.normal(size=(5000, 7))
fired = rng.random(5000) < 1 / (1 + np.exp(-X @ rng.normal(size=7)))
for solver in ("newton", "accelerated"):
    print(LogisticNeuron(solver=solver).fit(X, fired).coef_.tobytes().hex())
"""


@pytest.mark.slow
def test_a_fit_has_the_same_bits_with_an_empty_and_a_full_cache(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", FIT]
    first, second = (subprocess.check_output(command, env=environment) for _ in range(2))
    assert first == second
