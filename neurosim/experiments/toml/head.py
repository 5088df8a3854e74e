"""What a scenario file says besides the network: how to run it, what to make of the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.builder.grid import check_dt, whole_steps
from neurosim.builder.streams import check_seed
from neurosim.errors import NeurosimError
from neurosim.experiments.toml.figures import Picture
from neurosim.experiments.toml.findings import Finding, Irregularity, Rates
from neurosim.models.declare import check_declared, parameter
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TITLE = 100
LONGEST_DESCRIPTION = 10_000


@dataclass(frozen=True)
class Head:
    """What a file says of itself and of how it is run.

    Parameters
    ----------
    duration : float
        Simulated time (ms).
    title : str
        One line of up to 100 characters. Default: the name of the file.
    description : str
        A paragraph.
    dt : float
        Step of the time grid (ms), 0.001 to 10.
    seed : int
        Seed of all randomness, 0 or more.
    dale : bool
        Whether populations obey Dale's law unless they say otherwise.
    """

    duration: float = parameter(unit="ms", low=1e-3, high=1e12, help="simulated time")
    title: str = ""
    description: str = ""
    dt: float = parameter(0.1, "ms", help="step of the time grid", check=lambda v, *_: check_dt(v))
    seed: int = parameter(1, help="of all randomness", check=lambda v, *_: check_seed(v))
    dale: bool = parameter(True, help="whether populations obey Dale's law")

    def __post_init__(self) -> None:
        check_declared(self)
        whole_steps(self.duration, self.dt, "duration")
        for name, longest in (("title", LONGEST_TITLE), ("description", LONGEST_DESCRIPTION)):
            text = getattr(self, name)
            if not isinstance(text, str) or len(text) > longest:
                raise NeurosimError(
                    f"{name} = {show(text)} is no text of up to {longest} characters: write one "
                    "in quotes"
                )
            if not text.replace("\n", "" if name == "description" else "\n").isprintable():
                raise NeurosimError(
                    f"{name} = {show(text)} holds what cannot be printed: delete it"
                )


@dataclass(frozen=True)
class Analysis:
    """What is made of the result.

    Parameters
    ----------
    warmup : float
        Time (ms) at the beginning that findings leave out, and that pictures do not show unless
        they say so.
    findings : list, optional
        Numbers, each by its type or as a table with type and options. Default: rates and cv.
    figures : list, optional
        Pictures, in the same way. Default: raster, and traces where v is recorded.
    """

    warmup: float = parameter(0.0, "ms", 0.0, 1e9, "time at the start that is left out")
    findings: tuple[Finding, ...] = (Rates(), Irregularity())
    figures: tuple[Picture, ...] | None = None

    def __post_init__(self) -> None:
        check_declared(self)
        kinds = [type(finding) for finding in self.findings]
        if len(set(kinds)) < len(kinds):
            raise NeurosimError("findings holds one kind twice: name each once")

    def parts(self) -> Iterator[tuple[str, int, Finding | Picture]]:
        """Go through findings and figures, with the list that holds each and its place there."""
        for name in ("findings", "figures"):
            for number, part in enumerate(getattr(self, name) or ()):
                yield name, number, part

    def check_warmup(self, duration: float) -> None:
        """Refuse a run that ends within the warm-up."""
        if self.warmup >= duration:
            raise NeurosimError(
                f"warmup = {self.warmup:g} ms lasts as long as the run of {duration:g} ms: give a "
                "shorter warmup or a longer duration"
            )
