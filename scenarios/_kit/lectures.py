"""The introductory lectures whose systems the scenarios show."""

from __future__ import annotations

# Lecturers of five introductory lectures on neural networks; their slides give no year.
LECTURES = {
    "L0": "Cromieres (Kyoto)",
    "L1": "Dehaqani",
    "L2": "Olson",
    "L3": "Núñez Fernández",
    "L4": "Zhang",
}


def lectures(*keys: str) -> str:
    """Return the lecturers of some lectures, for `Scenario.source`."""
    return "; ".join(LECTURES[key] for key in keys)
