"""Comparison of a spiking and an abstract system: table, figures and JSON."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from bridge.evaluation.measures import Measure, auc, bits_per_spike, brier_score, cross_entropy
from neurosim.utils.frozen import FrozenMapping
from neurosim.utils.html import heading, image, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Comparison:
    """Result of `neurosim compare`.

    Attributes
    ----------
    title : str
    measures : mapping of str to Measure
        Measures by JSON key, in the order of the table. Plain numbers are converted.
    drawings : mapping of str to callable
        Functions without arguments that draw the figures, called on demand.
    conclusion : str
        One or two sentences below the table.

    Examples
    --------
    >>> import bridge
    >>> fired, predicted = [True, False, True, True], [True, False, False, True]
    >>> compared = bridge.Comparison(
    ...     title="A spiking neuron and its logistic counterpart",
    ...     measures={
    ...         "agreement": bridge.agreement(fired, predicted).labelled("Trials that agree"),
    ...     },
    ...     conclusion="The two agree in three of four trials.",
    ... )
    >>> compared.rows
    [('Trials that agree', '0.75 (0.30 to 0.95)', 'of 4 trials')]
    """

    title: str
    measures: Mapping[str, Measure]
    drawings: Mapping[str, Callable[[], Figure]] = field(default_factory=dict)
    conclusion: str = ""

    def __post_init__(self) -> None:
        items = self.measures.items()
        measures = {key: one if isinstance(one, Measure) else Measure(one) for key, one in items}
        object.__setattr__(self, "measures", FrozenMapping(measures))
        object.__setattr__(self, "drawings", FrozenMapping(self.drawings))
        # Numbers have true minus signs, as in the table.
        conclusion = re.sub(r"(?<![\w-])-(?=\d)", "−", self.conclusion)
        object.__setattr__(self, "conclusion", conclusion)

    def __repr__(self) -> str:
        return f"<Comparison: {self.title} ({len(self.measures)} measures)>"

    def _repr_html_(self) -> str:
        measures = table(("measure", "value (95 % interval)", "note"), self.rows, left=3)
        drawn = "".join(image(figure, name) for name, figure in self.figures().items())
        return f"{heading(self.title)}{measures}<p>{html.escape(self.conclusion)}</p>{drawn}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Drawing functions are often local and cannot be pickled; figures can.
        drawn = {name: partial(_return, figure) for name, figure in self.figures().items()}
        return Comparison, (self.title, dict(self.measures), drawn, self.conclusion)

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Rows of the short table: label, value with its interval, note.

        The labelled measures, or all if none has a label.
        """
        return [
            row for row, m in zip(self.all_rows, self.measures.values(), strict=True) if m.label
        ] or self.all_rows

    @property
    def all_rows(self) -> list[tuple[str, str, str]]:
        """Rows of all measures."""
        items = self.measures.items()
        return [(one.label or key.replace("_", " "), one.text, one.note) for key, one in items]

    def as_dict(self) -> dict[str, object]:
        """Return the measures as a dict for JSON.

        Estimates become value, low and high, the other measures become numbers.
        """
        return {
            key: found.value
            if found.low is None
            else {"value": found.value, "low": found.low, "high": found.high}
            for key, found in self.measures.items()
        }

    def figures(self) -> dict[str, Figure]:
        """Return the figures by name."""
        from neurosim.plot.display import unmanaged  # late: imports matplotlib

        with unmanaged():
            return {name: draw() for name, draw in self.drawings.items()}


def _return(figure: Figure) -> Figure:
    """Return a figure."""
    return figure


def prediction_measures(
    fired: ArrayLike, probability: ArrayLike, *, blocks: ArrayLike | None = None, prefix: str = ""
) -> dict[str, Measure]:
    """Return cross-entropy, bits per spike, Brier score and AUC for a Comparison.

    Parameters
    ----------
    fired : (n_trials,) array_like of 0 and 1
    probability : (n_trials,) array_like
        Predicted firing probability.
    blocks : (n_trials,) array_like, optional
        Labels of independent parts of a recording; see `bridge.evaluation.measures`.
    prefix : str
        Prefix of the keys `cross_entropy`, `bits_per_spike`, `brier` and `auc`.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import prediction_measures
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.random(1000)
    >>> fired = rng.random(1000) < probability
    >>> for name, measure in prediction_measures(fired, probability).items():
    ...     print(name, measure.text)
    cross_entropy 0.482 nats/trial (0.452 to 0.511)
    bits_per_spike 0.626 bits/spike (0.532 to 0.719)
    brier 0.160 (0.148 to 0.171)
    auc 0.848 (0.824 to 0.871)
    """
    return {
        f"{prefix}cross_entropy": cross_entropy(fired, probability, blocks),
        f"{prefix}bits_per_spike": bits_per_spike(fired, probability, blocks),
        f"{prefix}brier": brier_score(fired, probability, blocks),
        f"{prefix}auc": auc(fired, probability, blocks),
    }
