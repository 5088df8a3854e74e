"""Reader of the folders of spikes that Kilosort writes and phy edits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from neurosim.edges.sonata_types import table_rows
from neurosim.errors import NeurosimError
from neurosim.interchange.columns import time_unit
from neurosim.interchange.imported_spikes import UNNAMED, ImportedSpikes, PopulationSpikes
from neurosim.interchange.npz import read_array
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TIMES = "spike_times.npy"
"""Times of all spikes, in samples."""
NEURONS = ("spike_clusters.npy", "spike_templates.npy")
"""Neuron of each spike: after editing, else before."""
PARAMETERS = "params.py"
LABELS = ("cluster_info.tsv", "cluster_group.tsv")
"""Tables with the label that phy gave to each neuron."""
_RATE = re.compile(r"^\s*sample_rate\s*=\s*([\d.eE+]+)", re.MULTILINE)
_MOST_TEXT = 2**24


def kilosort_file(path: Path) -> Path | None:
    """Return the file of times if a path is a folder of Kilosort, or one of its files of spikes."""
    folder = path if path.is_dir() else path.parent
    named = path.is_dir() or path.name in (TIMES, *NEURONS)
    complete = named and (folder / TIMES).is_file() and _neurons(folder) is not None
    return folder / TIMES if complete else None


def read_kilosort(folder: Path, unit: str | None = None) -> ImportedSpikes:
    """Read the spikes of all neurons that are not labelled as noise.

    Parameters
    ----------
    folder : Path
    unit : str, optional
        Sampling rate, if the folder does not specify it.

    Raises
    ------
    NeurosimError
        If the sampling rate is unknown, or a file holds no spikes.
    """
    file = _neurons(folder)
    assert file is not None
    spikes = PopulationSpikes.of(
        read_array(folder / TIMES) * _sample(folder, unit), read_array(file)
    )
    noise = np.intersect1d(spikes.recorded, _noise(folder))
    if not len(noise):
        return ImportedSpikes({UNNAMED: spikes})
    if len(noise) == len(spikes.recorded):
        raise NeurosimError("all its neurons are labelled as noise: label others in phy")
    kept = ~np.isin(spikes.ids, noise)
    spikes = PopulationSpikes.of(spikes.times[kept], spikes.ids[kept])
    numbers = ", ".join(map(str, noise[:5])) + (", …" if len(noise) > 5 else "")
    note = f"neurons that are labelled as noise are left out: {len(noise)} ({numbers})"
    return ImportedSpikes({UNNAMED: spikes}, notes=(note,))


def _neurons(folder: Path) -> Path | None:
    """Return the file with the neuron of each spike."""
    return next((folder / name for name in NEURONS if (folder / name).is_file()), None)


def _sample(folder: Path, unit: str | None) -> float:
    """Return the length of a sample (ms)."""
    rate = _RATE.search(_text(folder / PARAMETERS))
    if rate is not None:
        return time_unit(f"{rate[1]} Hz")
    if unit is None:
        raise NeurosimError(
            f"its times are in samples, and no {PARAMETERS} specifies the sampling rate: give it "
            "as unit, such as '30 kHz'"
        )
    return time_unit(unit)


def _noise(folder: Path) -> NDArray[np.int64]:
    """Return the neurons that are labelled as noise."""
    found = []
    for name in LABELS:
        text = _text(folder / name)
        rows = table_rows(text, "cluster_id") or table_rows(text, "id") or [[]]
        header, repair = rows[0], "save the labels again in phy, or remove the file"
        if text.strip() and "group" not in header:
            raise NeurosimError(f"{name} has no columns cluster_id and group: {repair}")
        for row in rows[1:]:
            labels = dict(zip(header, row, strict=False))
            number = labels.get("cluster_id") or labels.get("id") or ""
            if len(row) != len(header) or not number.isdecimal():
                raise NeurosimError(f"{name} has the row {show(' '.join(row))}: {repair}")
            found += [int(number)] if labels["group"] == "noise" else []
    return np.array(found, np.int64)


def _text(path: Path) -> str:
    """Return the text of a small file, "" if there is none."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_MOST_TEXT)
