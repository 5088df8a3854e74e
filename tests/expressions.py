"""Random Boolean expressions."""

from __future__ import annotations

import numpy as np


def random_expression(rng: np.random.Generator, variables: str, depth: int) -> str:
    """Return an expression in ~, &, |, ^ and brackets, at most `depth` brackets deep."""
    negation = "~" if rng.random() < 0.3 else ""
    if depth == 0 or rng.random() < 0.15:
        return negation + str(rng.choice(list(variables)))
    operation = rng.choice(["&", "|", "^"], p=[0.4, 0.4, 0.2])
    parts = [random_expression(rng, variables, depth - 1) for _ in range(rng.integers(2, 4))]
    return f"{negation}({f' {operation} '.join(parts)})"
