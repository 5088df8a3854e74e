"""A spiking system set beside its logistic one: one title, one table, figures, JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from bridge.evaluation.measures import Measure, auc, bits_per_spike, brier_score, cross_entropy
from neurosim.utils.frozen import FrozenMapping

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `neurosim compare` shows.

    Attributes
    ----------
    title : str
    measures : mapping of str to Measure
        By JSON key, in the order of the table; a plain number stands for a Measure without
        interval.
    drawings : mapping of str to callable
        Functions without arguments that make the figures, called when these are asked for.
    """

    title: str
    measures: Mapping[str, Measure]
    drawings: Mapping[str, Callable[[], Figure]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        measures = {
            key: found if isinstance(found, Measure) else Measure(found)
            for key, found in self.measures.items()
        }
        object.__setattr__(self, "measures", FrozenMapping(measures))
        object.__setattr__(self, "drawings", FrozenMapping(self.drawings))

    def __reduce__(self) -> tuple[Any, ...]:
        # Functions that draw are often local and cannot be pickled: the figures they draw can.
        drawn = {name: partial(_return, figure) for name, figure in self.figures().items()}
        return Comparison, (self.title, dict(self.measures), drawn)

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Lines of the table: measure, value with its interval, note."""
        return [
            (key.replace("_", " "), found.text, found.note) for key, found in self.measures.items()
        ]

    def as_dict(self) -> dict[str, object]:
        """Return the figures, JSON-able: an estimate as value, low and high, others plain."""
        return {
            key: found.value
            if found.low is None
            else {"value": found.value, "low": found.low, "high": found.high}
            for key, found in self.measures.items()
        }

    def figures(self) -> dict[str, Figure]:
        """Return the figures by name."""
        return {name: draw() for name, draw in self.drawings.items()}


def _return(figure: Figure) -> Figure:
    """Return the figure that was drawn before."""
    return figure


def prediction_measures(
    fired: ArrayLike,
    probability: ArrayLike,
    *,
    blocks: ArrayLike | None = None,
    prefix: str = "",
) -> dict[str, Measure]:
    """Return the four measures of a prediction, ready to go into a Comparison.

    Parameters
    ----------
    fired : (n_trials,) array_like of 0 and 1
    probability : (n_trials,) array_like
        Predicted probability to fire.
    blocks : (n_trials,) array_like, optional
        Independent parts of a recording; see `bridge.evaluation.measures`.
    prefix : str
        Put before the keys `cross_entropy`, `bits_per_spike`, `brier` and `auc`.
    """
    measures = {
        "cross_entropy": cross_entropy,
        "bits_per_spike": bits_per_spike,
        "brier": brier_score,
        "auc": auc,
    }
    return {prefix + key: measure(fired, probability, blocks) for key, measure in measures.items()}
