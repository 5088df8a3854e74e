"""What is given to an estimator, checked by scikit-learn and refused in one sentence."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import validate_data

from neurosim import NeurosimError


def validated(estimator: Any, *arrays: Any, **options: Any) -> Any:
    """scikit-learn's validation, its errors as this project's; arguments as `validate_data`."""
    try:
        return validate_data(estimator, *arrays, **options)
    except ValueError as error:
        message = str(error)
        if "NaN" in message or "infinity" in message:
            message = message.splitlines()[0].rstrip(".") + ": leave such trials out"
        raise NeurosimError(message) from None
