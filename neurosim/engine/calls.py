"""Comparing the calls of several processes, which must all make the same ones.

A call is compared by a short digest. Only where digests differ are the arguments exchanged, to name
what differs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

DIGEST_BYTES = 16

SMALL = 8
"""Largest array whose values are compared one by one; of larger ones a digest is."""

LONGEST_TEXT = 80
"""Characters of a value in a message."""


class Call(NamedTuple):
    """A call, as plain data.

    Attributes
    ----------
    name : str
        Completes the sentence "process 1 …".
    given : dict
        Arguments by name: nested dicts, lists, numbers and strings.
    """

    name: str
    given: dict[str, Any]

    def digest(self) -> bytes:
        """Return a digest that equal calls share."""
        text = json.dumps(self, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=DIGEST_BYTES).digest()


def comparable(value: Any) -> Any:
    """Return a value as nested dicts, lists, numbers and strings, arrays as digests.

    Numbers that are equal, such as 1 and 1.0, become the same number. An object that is neither a
    dataclass nor a container is represented by the name of its class.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.ndarray) and value.size > SMALL:
        return _array(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {str(key): comparable(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [comparable(part) for part in value]
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value) if field.init]
        return {"type": type(value).__name__} | {
            name: comparable(getattr(value, name)) for name in fields
        }
    return type(value).__name__


def _array(array: np.ndarray) -> str:
    content = hashlib.blake2b(
        np.ascontiguousarray(array).data, digest_size=DIGEST_BYTES
    ).hexdigest()
    return f"{' × '.join(map(str, array.shape))} values ({array.dtype}, digest {content[:16]})"


def difference(calls: Sequence[Call]) -> str | None:
    """Return a clause on the first difference between the first call and another.

    Parameters
    ----------
    calls : sequence of Call
        Of all processes, in order.

    Examples
    --------
    >>> difference([Call("run", {"seed": 1}), Call("run", {"seed": 2})])
    'process 1 was given seed = 2, process 0 seed = 1'
    """
    first = calls[0]
    for rank, call in enumerate(calls):
        if call.name != first.name:
            return f"process {rank} {call.name} while process 0 {first.name}"
        found = _find(call.given, first.given, "")
        if found is not None:
            path, own, other = found
            field = path if "(" in path else path.rpartition(".")[2]
            return f"process {rank} was given {path} = {own}, process 0 {field} = {other}"
    return None


def _find(own: Any, other: Any, path: str) -> tuple[str, str, str] | None:
    """Return where two values first differ, and how each reads there."""
    if isinstance(own, dict) and isinstance(other, dict):
        if own.get("type") != other.get("type"):
            return path, _text(own), _text(other)
        for name in own | other:
            found = _find(own.get(name), other.get(name), f"{path}.{name}" if path else name)
            if found is not None:
                return found
        return None
    if isinstance(own, list) and isinstance(other, list):
        if len(own) != len(other):
            return f"len({path})", str(len(own)), str(len(other))
        for number, pair in enumerate(zip(own, other, strict=True)):
            found = _find(*pair, f"{path}[{number}]")
            if found is not None:
                return found
        return None
    # Texts are compared, not values: NaN equals no other, and True equals 1.
    return None if repr(own) == repr(other) else (path, _text(own), _text(other))


def _text(value: Any) -> str:
    """Return how a value reads in a message."""
    if isinstance(value, dict) and "type" in value:
        arguments = ", ".join(f"{k}={_text(v)}" for k, v in value.items() if k != "type")
        text = f"{value['type']}({arguments})"
    else:
        text = str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
