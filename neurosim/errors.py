"""The exception that reports a mistake of the user."""

from __future__ import annotations


class NeurosimError(ValueError):
    """A mistake of the user: one sentence that names the value, its range and the fix.

    The command line prints the sentence and exits with status 2; anything else that escapes is a
    defect of the program and exits with status 1.

    Examples
    --------
    >>> import neurosim as ns
    >>> try:
    ...     ns.LIF(tau_m=-20.0)
    ... except ns.NeurosimError as error:
    ...     print(error)
    LIF.tau_m = -20 ms is outside 0.1 to 1000 ms: values are in ms
    """


class UnknownKeyError(NeurosimError, KeyError):
    """A key that a read-only mapping does not have; like any missing key, a `KeyError`."""

    __str__ = BaseException.__str__
