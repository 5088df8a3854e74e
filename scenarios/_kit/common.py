"""What several scenarios draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenarios._kit.text import signed as signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    import neurosim as ns


def draw_levels(axes: Axes, info: ns.PopulationInfo, *, words: bool = True) -> None:
    """Draw threshold and rest as dashed lines, named at the right edge."""
    for level, name in ((info.v_threshold, "threshold"), (info.v_rest, "rest")):
        axes.axhline(level, color="0.45", lw=0.9, ls="--", zorder=0)
        if words:
            axes.annotate(
                f"{name} {signed(level)} mV",
                (1.0, level),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color="0.35",
            )
