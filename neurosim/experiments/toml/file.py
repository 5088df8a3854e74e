"""A scenario described by a TOML file."""

from __future__ import annotations

import copy
import dataclasses
from abc import ABC, abstractmethod
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.builder.memory import check_recordings, check_size
from neurosim.errors import NeurosimError
from neurosim.experiments.toml import SUFFIX, Origin
from neurosim.experiments.toml.description import describe
from neurosim.experiments.toml.document import Document
from neurosim.experiments.toml.figures import FIGURES
from neurosim.models.declare import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    from neurosim.experiments.scenario import RunOptions
    from neurosim.experiments.toml.description import Description
    from neurosim.experiments.toml.positions import KeyPath
    from neurosim.experiments.toml.schema import Field
    from neurosim.network import Network
    from neurosim.results import Result


class ScenarioFile:
    """The content of a scenario file, with the functions of a `Scenario`.

    Parameters
    ----------
    path : str or Path
    origin : Origin, optional
        The original, if the file is a copy.

    Attributes
    ----------
    name : str
    content : bytes
    title, description : str
    duration, dt : float
        ms.
    seed : int
    settings : type
        Dataclass of the numbers in the file, with dotted names.

    Raises
    ------
    NeurosimError
        With one line for each error in the file, up to ten.
    """

    def __init__(self, path: str | Path, origin: Origin | None = None) -> None:
        path = Path(path)
        origin = origin or Origin(path.name.removesuffix(SUFFIX), path.parent)
        self.name = origin.name
        if not self.name.strip("."):
            raise NeurosimError(f"{path} has no name before its suffix: call it my.toml")
        if not self.name.isprintable():
            raise NeurosimError(f"the name of {path} is not valid text: rename it to my.toml")
        self._document = Document(path, origin.folder)
        self.content = self._document.content
        description = describe(self._document, self._document.values)
        self._paths = {".".join(map(str, path)): path for path in description.settable}
        head = description.head
        self.title, self.description = head.title or self.name, head.description
        self.duration, self.dt, self.seed = head.duration, head.dt, head.seed
        self.settings = _settings_class(description.settable, self._describe)

    def network(self, settings: Any, options: RunOptions) -> Network:
        """Describe the network.

        Raises
        ------
        NeurosimError
            If it exceeds the memory, a figure starts after the end of the run, or the file is a
            copy without the edge lists that it refers to.
        """
        analysis = settings.described.analysis
        if not settings.described.complete:
            raise NeurosimError(
                f"{self._document.name} is a copy without the edge lists that it refers to: run "
                "the original file"
            )
        # A new one each time, because the caller may add to it.
        network = self._describe(dataclasses.asdict(settings)).network
        with self._document.at(("populations",)):
            check_size(network)
        with self._document.at(("recordings",)):
            check_recordings(network, options.duration, options.dt)
        for name, number, part in analysis.parts():
            with self._document.at(("analysis", name, number)):
                part.check_span(analysis.warmup, options.duration)
        return network

    def warmup(self, settings: Any) -> float:
        """Return the time (ms) that findings exclude."""
        return float(settings.described.analysis.warmup)

    def findings(self, result: Result, settings: Any) -> dict[str, object]:
        """Compute the findings listed in the file."""
        analysis = settings.described.analysis
        found: dict[str, object] = {}
        for finding in analysis.findings:
            found |= finding.find(result, analysis.warmup)
        return found

    def figures(self, result: Result, settings: Any) -> dict[str, Figure]:
        """Draw the figures listed in the file; further figures of one kind are numbered."""
        analysis = settings.described.analysis
        title = self.title.replace("$", r"\$")  # a lone $ would start a formula
        kinds = {kind: name for name, kind in FIGURES.items()}
        drawn: dict[str, Figure] = {}
        for figure in analysis.figures or ():
            for suffix, content in figure.draw(result, analysis.warmup, title).items():
                name = kinds[type(figure)] + suffix
                numbered = (f"{name}-{k}" if k > 1 else name for k in count(1))
                drawn[next(each for each in numbered if each not in drawn)] = content
        return drawn

    def _describe(self, changed: Mapping[str, Any]) -> Description:
        """Parse the content of the file, with some numbers replaced."""
        values = self._document.values
        for name, value in changed.items():
            values = _replaced(values, self._paths[name], value)
        return describe(self._document, values)


def _replaced(values: Any, path: KeyPath, value: Any) -> Any:
    """Return values with one of them replaced; unchanged branches are shared."""
    if not path:
        return value
    changed = copy.copy(values)
    changed[path[0]] = _replaced(values[path[0]], path[1:], value)
    return changed


class _Settings(ABC):
    """Base class of settings with dotted names, such as "populations.exc.size"."""

    def __init__(self, **values: Any) -> None:
        for setting in dataclasses.fields(self):  # type: ignore[arg-type]
            value = values.get(setting.name, setting.default)
            object.__setattr__(self, setting.name, value)
        object.__setattr__(self, "described", self._describe(values))

    @abstractmethod
    def _describe(self, changed: Mapping[str, Any]) -> Description: ...


def _settings_class(
    settable: Mapping[KeyPath, tuple[Field, Any]],
    describe: Callable[[Mapping[str, Any]], Description],
) -> type:
    """Return the settings dataclass of a file.

    Its instances have a `described` attribute.

    Parameters
    ----------
    settable : mapping
        Field and value of every number in the file, by path.
    describe : callable
        Returns the content of the file with changed values, given by dotted name.
    """
    body: dict[str, Any] = {"__annotations__": {}, "_describe": staticmethod(describe)}
    for path, (field, value) in settable.items():
        name = ".".join(map(str, path))
        kind = field.kind
        if len(path) > 1 and kind is not None:  # duration, dt and seed are options of a run
            body["__annotations__"][name] = kind
            default = float(value) if kind is float else value
            body[name] = dataclasses.field(default=default, metadata={KEY: field.declared})
    made = type("Settings", (_Settings,), body)
    return dataclasses.dataclass(frozen=True, init=False, repr=False, eq=False)(made)
