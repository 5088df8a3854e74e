"""Exception of a run that Ctrl-C has stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim.results import Result


class Interrupted(KeyboardInterrupt):
    """Raised after Ctrl-C has stopped a run between two steps.

    It is a KeyboardInterrupt, so that a loop over runs ends too.

    Attributes
    ----------
    result : Result
        All that was recorded up to the interruption. `result.stats.interrupted` is True, and the
        simulation can be continued.

    Examples
    --------
    Keep what a run recorded before Ctrl-C::

        try:
            result = simulation.run(60_000.0)
        except KeyboardInterrupt as stop:
            result = stop.result
    """

    def __init__(self, result: Result) -> None:
        super().__init__(
            f"stopped by Ctrl-C at {result.duration:g} ms; the `result` of this exception holds "
            "all that was recorded until then"
        )
        self.result = result

    def __reduce__(self) -> tuple[Any, ...]:
        return Interrupted, (self.result,)
