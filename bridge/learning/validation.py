"""What is given to an estimator, checked by scikit-learn and refused in one sentence.

The errors are this project's and those that scikit-learn's contract asks for at once.
"""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from neurosim import NeurosimError


class NotNumbersError(NeurosimError, TypeError):
    """Data of a kind of which no numbers can be made."""


class UnfittedError(NeurosimError, NotFittedError):
    """An estimator that is used before it is fitted."""


def validated(estimator: Any, *arrays: Any, **options: Any) -> Any:
    """scikit-learn's validation, its errors as this project's; arguments as `validate_data`."""
    try:
        return validate_data(estimator, *arrays, **options)
    except TypeError as error:
        raise NotNumbersError(str(error)) from None
    except ValueError as error:
        message = str(error)
        if "NaN" in message or "infinity" in message:
            message = message.splitlines()[0].rstrip(".") + ": leave such trials out"
        raise NeurosimError(message) from None


def require_fitted(estimator: Any) -> None:
    """Refuse an estimator that has not been fitted."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise UnfittedError(
            f"this {type(estimator).__name__} has not been fitted: call its fit with trials first"
        ) from None


def seed_of(random_state: Any) -> int:
    """Return a seed drawn from what scikit-learn takes for a random state."""
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except (TypeError, ValueError):
        raise NeurosimError(
            f"random_state = {random_state!r} is no seed: give an integer from 0, a "
            "Generator, or None for another order each time"
        ) from None
