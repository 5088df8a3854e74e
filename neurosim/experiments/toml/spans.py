"""What findings and figures of a file share: populations they are of, and times they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.models.declare import check_declared
from neurosim.utils.checks import nearest_name, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurosim.network import Network


@dataclass(frozen=True)
class OfPopulations:
    """What is made of the spikes of populations.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    """

    populations: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_declared(self)
        names = self.populations
        if names is None:
            return
        if not isinstance(names, (list, tuple)) or not all(isinstance(n, str) for n in names):
            raise NeurosimError(
                f'populations = {show(names)} is no list of names: write ["exc", "inh"]'
            )
        if not names or len(set(names)) < len(names):
            raise NeurosimError("populations is empty or names one twice: name each once")
        object.__setattr__(self, "populations", tuple(names))

    def check(self, network: Network) -> None:
        """Refuse what the network does not have."""
        check_names(self.populations or (), network)

    def check_span(self, warmup: float, duration: float) -> None:
        """Refuse a span of time that a run from 0 to `duration` does not have."""
        check_bin(self, duration - warmup)


def check_names(names: Sequence[str], network: Network) -> None:
    """Refuse names of populations that the network does not have."""
    known = [population.name for population in network.populations]
    for name in names:
        if name not in known:
            raise NeurosimError(
                f"populations holds {show(name)}, which the file does not describe: "
                f"{nearest_name(name, known)}"
            )


def check_bin(part: Any, longest: float) -> None:
    """Refuse a bin that is longer than the time there is."""
    width = getattr(part, "bin_ms", 0.0)
    if width > longest:
        raise NeurosimError(
            f"bin_ms = {width:g} ms is longer than the {longest:g} ms that are left after the "
            "warm-up: give a shorter bin or a longer duration"
        )
