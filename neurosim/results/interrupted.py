"""Exception for a run that was stopped by Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim.results import Result


class Interrupted(KeyboardInterrupt):
    """Raised after Ctrl-C has stopped a run between two steps.

    It is a KeyboardInterrupt, so a loop over runs also ends.

    Attributes
    ----------
    result : Result
        Everything recorded up to the interruption, with `result.stats.interrupted` True. The
        simulation can be continued.

    Examples
    --------
    Keep the result of a run that was stopped by Ctrl-C::

        try:
            result = simulation.run(60_000.0)
        except KeyboardInterrupt as stop:
            result = stop.result
    """

    def __init__(self, result: Result) -> None:
        super().__init__(
            f"stopped by Ctrl-C at {result.duration:g} ms; the attribute `result` of this "
            "exception has everything recorded until then"
        )
        self.result = result

    def __reduce__(self) -> tuple[Any, ...]:
        return Interrupted, (self.result,)
