"""Small pieces of HTML for notebooks."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CELL = "padding: 2px 8px; text-align: {}"
"""Style of a cell, given its alignment."""


def heading(text: str) -> str:
    """Return a line of bold text."""
    return f"<p style='margin: 4px 0'><b>{html.escape(text)}</b></p>"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """Return a table of escaped text.

    Parameters
    ----------
    columns : sequence of str
        Headers.
    rows : iterable of sequence of str
    left : int
        Number of columns that are aligned to the left; the others are numbers.
    """

    def row(cells: Sequence[str], tag: str) -> str:
        styles = (_CELL.format("left" if k < left else "right") for k in range(len(cells)))
        filled = zip(cells, styles, strict=True)
        return "".join(f"<{tag} style='{s}'>{html.escape(cell)}</{tag}>" for cell, s in filled)

    lines = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return f"<table><thead><tr>{row(columns, 'th')}</tr></thead><tbody>{lines}</tbody></table>"


def image(figure: Any, alt: str = "") -> str:
    """Return a figure as an embedded PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        It counts as displayed, so a notebook does not display it again after the cell.
    alt : str
        Description.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    if hasattr(figure, "mark_displayed"):
        figure.mark_displayed()
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}">'
