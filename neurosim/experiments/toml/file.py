"""A scenario file: what a scenario needs, made of a TOML document."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from neurosim.builder.memory import check_recordings, check_size
from neurosim.errors import NeurosimError
from neurosim.experiments.toml import SUFFIX, Origin
from neurosim.experiments.toml.description import describe
from neurosim.experiments.toml.document import Document
from neurosim.experiments.toml.figures import FIGURES
from neurosim.experiments.toml.settings import settings_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from neurosim.experiments.toml.description import Description
    from neurosim.experiments.toml.document import Place
    from neurosim.network import Network
    from neurosim.results import Result


class Grid(Protocol):
    """How long and how finely a network is to run."""

    @property
    def duration(self) -> float:
        """Simulated time (ms)."""

    @property
    def dt(self) -> float:
        """Step of the time grid (ms)."""


class ScenarioFile:
    """A network as data, with what to measure and to draw.

    Parameters
    ----------
    path : str or Path
    origin : Origin, optional
        What the file is a copy of, if it is one.

    Attributes
    ----------
    name : str
    content : bytes
    title, description : str
    duration, dt : float
        ms.
    seed : int
    settings : type
        Dataclass of the numbers that the file states, under dotted names.

    Raises
    ------
    NeurosimError
        With a line for every mistake in the file, up to ten.
    """

    def __init__(self, path: str | Path, origin: Origin | None = None) -> None:
        path = Path(path)
        origin = origin or Origin(path.name.removesuffix(SUFFIX), path.parent)
        self.name = origin.name
        if not self.name.strip("."):
            raise NeurosimError(f"{path} has no name before its suffix: call it my.toml")
        if not self.name.isprintable():
            raise NeurosimError(
                f"the name of {path} has bytes that are not text: call it my.toml, for example"
            )
        self._document = Document(path, origin.folder)
        self.content = self._document.content
        described = describe(self._document, self._document.values)
        self._places = {".".join(map(str, place)): place for place in described.settable}
        head = described.head
        self.title, self.description = head.title or self.name, head.description
        self.duration, self.dt, self.seed = head.duration, head.dt, head.seed
        self.settings = settings_class(described.settable, self._described)

    def network(self, settings: Any, options: Grid) -> Network:
        """Describe the network.

        Raises
        ------
        NeurosimError
            Where it is more than the memory holds, a picture lies beyond the end of the run, or
            the file is a copy without the files that it names.
        """
        analysis = settings.described.analysis
        if not settings.described.whole:
            raise NeurosimError(
                f"{self._document.name} is a copy without the lists of edges that it names: run "
                "the file that it is a copy of"
            )
        # Described anew, for whoever gets a network may add to it.
        network = self._described(dataclasses.asdict(settings)).network
        with self._document.at(("populations",)):
            check_size(network)
        with self._document.at(("recordings",)):
            check_recordings(network, options.duration, options.dt)
        for name, number, part in analysis.parts():
            with self._document.at(("analysis", name, number)):
                part.check_span(analysis.warmup, options.duration)
        return network

    def warmup(self, settings: Any) -> float:
        """Return the time (ms) that findings leave out."""
        return float(settings.described.analysis.warmup)

    def findings(self, result: Result, settings: Any) -> dict[str, object]:
        """Measure what the file asks for."""
        analysis = settings.described.analysis
        found: dict[str, object] = {}
        for finding in analysis.findings:
            found |= finding.find(result, analysis.warmup)
        return found

    def figures(self, result: Result, settings: Any) -> dict[str, Figure]:
        """Draw what the file asks for; of one kind a second picture is numbered."""
        analysis = settings.described.analysis
        # A lone $ would begin a formula.
        title = self.title.replace("$", r"\$")
        kinds = {kind: name for name, kind in FIGURES.items()}
        drawn: dict[str, Figure] = {}
        for picture in analysis.figures or ():
            for ending, figure in picture.draw(result, analysis.warmup, title).items():
                name = first = kinds[type(picture)] + ending
                number = 1
                while name in drawn:
                    number += 1
                    name = f"{first}-{number}"
                drawn[name] = figure
        return drawn

    def _described(self, changed: Mapping[str, Any]) -> Description:
        """Return what the file describes with other numbers in it."""
        values = self._document.values
        for name, value in changed.items():
            values = _replaced(values, self._places[name], value)
        return describe(self._document, values)


def _replaced(values: Any, place: Place, value: Any) -> Any:
    """Return values with one of them replaced; what lies beside it is shared, not copied."""
    if not place:
        return value
    changed = copy.copy(values)
    changed[place[0]] = _replaced(values[place[0]], place[1:], value)
    return changed
