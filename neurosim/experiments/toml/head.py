"""The run and the analysis described in a scenario file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.builder.grid import check_dt, whole_steps
from neurosim.builder.streams import check_seed
from neurosim.errors import NeurosimError
from neurosim.experiments.toml.figures import AnyFigure
from neurosim.experiments.toml.findings import Finding, Irregularity, Rates
from neurosim.models.declare import check_declared, parameter
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TITLE = 100
MAX_DESCRIPTION = 10_000


@dataclass(frozen=True)
class Head:
    """Title, description and run of a scenario file.

    Parameters
    ----------
    duration : float
        Simulated time (ms).
    title : str
        One line of up to 100 characters. Default: the name of the file.
    description : str
        One paragraph.
    dt : float
        Time step (ms), 0.001 to 10.
    seed : int
        Seed of all random numbers, 0 or more.
    dale : bool
        Whether populations obey Dale's law by default.
    """

    duration: float = parameter(unit="ms", low=1e-3, high=1e12, help="simulated time")
    title: str = ""
    description: str = ""
    dt: float = parameter(0.1, "ms", help="time step", check=lambda v, *_: check_dt(v))
    seed: int = parameter(1, help="seed of all random numbers", check=lambda v, *_: check_seed(v))
    dale: bool = parameter(True, help="whether populations obey Dale's law")

    def __post_init__(self) -> None:
        check_declared(self)
        whole_steps(self.duration, self.dt, "duration")
        for name, longest in (("title", MAX_TITLE), ("description", MAX_DESCRIPTION)):
            text = getattr(self, name)
            if not isinstance(text, str) or len(text) > longest:
                raise NeurosimError(
                    f"{name} = {show(text)} must be a string of up to {longest} characters, in "
                    "quotes"
                )
            if not text.replace("\n", "" if name == "description" else "\n").isprintable():
                raise NeurosimError(
                    f"{name} = {show(text)} contains unprintable characters: delete them"
                )


@dataclass(frozen=True)
class Analysis:
    """Findings and figures of a scenario file.

    Parameters
    ----------
    warmup : float
        Time (ms) at the start that findings exclude, and that figures do not show by default.
    findings : list, optional
        Names of findings, or tables with type and options. Default: rates and cv.
    figures : list, optional
        Figures, in the same form. Default: raster, and traces if v is recorded.
    """

    warmup: float = parameter(0.0, "ms", 0.0, 1e9, "excluded time at the start")
    findings: tuple[Finding, ...] = (Rates(), Irregularity())
    figures: tuple[AnyFigure, ...] | None = None

    def __post_init__(self) -> None:
        check_declared(self)
        kinds = [type(finding) for finding in self.findings]
        if len(set(kinds)) < len(kinds):
            raise NeurosimError("findings lists a kind twice: list each once")

    def parts(self) -> Iterator[tuple[str, int, Finding | AnyFigure]]:
        """Yield each finding and figure as (name of its list, index in the list, part)."""
        for name in ("findings", "figures"):
            for number, part in enumerate(getattr(self, name) or ()):
                yield name, number, part

    def check_warmup(self, duration: float) -> None:
        """Raise an error for a run that ends within the warm-up."""
        if self.warmup >= duration:
            raise NeurosimError(
                f"warmup = {self.warmup:g} ms is not shorter than the run of {duration:g} ms: give "
                "a shorter warmup or a longer duration"
            )
