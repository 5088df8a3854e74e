"""Strengths and delays of connections from columns of a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import optional, parameter
from neurosim.models.profiles import Profile
from neurosim.models.registry import Part
from neurosim.utils.checks import check_number, show

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import TypeIs

MAX_DELAY = 1e5
"""Longest delay (ms)."""
LARGEST_FACTOR = 1e24
"""Largest factor of a column: the strongest weight times it is finite in 32 bits."""


def _name(value: Any, name: str, *_: Any) -> str:
    if not isinstance(value, str):
        raise NeurosimError(f"{name} = {show(value)} is not a string: give the name of a column")
    return value


@dataclass(frozen=True)
class Column(Part):
    r"""One value per edge, from a CSV column or an attribute of a SONATA file.

    `Network.connect` turns a name given as psp, weight or delay into a Column.

    Parameters
    ----------
    name : str
    factor : float
        Converts the values in the file to mV, pA or ms.
    minimum : float, optional
        Shortest delay (ms). Shorter delays, including 0, are raised to it. A spike needs at least
        one time step to arrive, but files made for other simulators may have delays of 0.

    Examples
    --------
    A file with delays in seconds:

    >>> import tempfile
    >>> import neurosim as ns
    >>> path = tempfile.mkdtemp() + "/edges.csv"
    >>> with open(path, "w") as file:
    ...     _ = file.write("source,target,delay_s\n0,1,0.002\n")
    >>> net = ns.Network()
    >>> exc = net.add("exc", 2, ns.LIF())
    >>> one = net.connect(exc, exc, ns.CSVEdges(path), psp=0.5, delay=ns.Column("delay_s", 1e3))
    >>> ns.Simulation(net).run(1.0).stats.synapses
    1
    """

    noun: ClassVar[str] = "a column of a file"
    name: str = parameter(help="name of the column or attribute", check=_name)
    factor: float = parameter(
        1.0, "", -LARGEST_FACTOR, LARGEST_FACTOR, "converts the values in the file to mV, pA or ms"
    )
    minimum: float | None = parameter(
        None, "ms", 0.0, MAX_DELAY, "shortest delay", check=optional(check_number)
    )

    def scaled(self, factor: float) -> Column:
        """Return the column with values `factor` times as large."""
        return replace(self, factor=self.factor * factor)

    def minimum_hint(self, dt: float) -> str:
        """Return the code that raises short delays to a time step (ms), for messages."""
        factor = f", {self.factor:g}" if self.factor != 1.0 else ""
        return f'delay=Column("{self.name}"{factor}, minimum={dt:g})'

    def convert(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of a file in mV, pA or ms."""
        if self.factor != 1.0:
            values = values * self.factor
        if self.minimum is not None:
            values = np.where((values >= 0.0) & (values < self.minimum), self.minimum, values)
        return values


PerEdge = Column | Profile
"""Values that are known only when a list of connections is read."""


def is_per_edge(value: object) -> TypeIs[PerEdge]:
    """Whether weights or delays come from a file column or a function of distance."""
    return isinstance(value, (Column, Profile))
