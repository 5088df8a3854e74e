"""Check that all processes make the same calls.

Calls are compared by a short digest. Only if digests differ are the arguments exchanged, to name
the first difference.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import starmap
from typing import Any, NamedTuple

import numpy as np

DIGEST_BYTES = 16

SMALL = 8
"""Size of the largest array that is compared value by value; larger ones by a digest."""

MAX_TEXT = 80
"""Largest number of characters of a value in a message."""


class Call(NamedTuple):
    """A call of one process.

    Attributes
    ----------
    name : str
        Completes the sentence "process 1 …".
    arguments : dict
        By name: nested dicts, lists, numbers and strings, as `comparable` returns them.
    """

    name: str
    arguments: dict[str, Any]

    def digest(self) -> bytes:
        """Return a digest, equal for equal calls."""
        return _digest(json.dumps(self, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _digest(data: Any) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


def comparable(value: Any) -> Any:
    """Return a value as nested dicts, lists, numbers and strings.

    Large arrays become digests.

    Equal numbers of different types, such as 1 and 1.0, become the same number. An object that is
    neither a dataclass nor a container is represented by the name of its class.
    """
    if isinstance(value, np.ndarray) and value.size > SMALL:
        shape = " × ".join(map(str, value.shape))
        digest = _digest(np.ascontiguousarray(value).data).hex()
        return f"{shape} values ({value.dtype}, digest {digest[:16]})"
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if value is None or isinstance(value, (bool, int, str)):
        return value
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


def difference(calls: Sequence[Call]) -> str | None:
    """Return a clause on the first difference between the first call and another.

    Parameters
    ----------
    calls : sequence of Call
        One call per process, in order of rank.

    Examples
    --------
    >>> difference([Call("run", {"seed": 1}), Call("run", {"seed": 2})])
    'process 1 was given seed = 2, process 0 seed = 1'
    """
    first = calls[0]
    for rank, call in enumerate(calls):
        if call.name != first.name:
            return f"process {rank} {call.name} while process 0 {first.name}"
        found = _find(call.arguments, first.arguments, "")
        if found is not None:
            path, value, other = found
            field = path if "(" in path else path.rpartition(".")[2]
            return f"process {rank} was given {path} = {value}, process 0 {field} = {other}"
    return None


def _find(value: Any, other: Any, path: str) -> tuple[str, str, str] | None:
    """Return the path of the first difference between two values.

    Both values are returned as text.
    """
    both = (value, other)
    if all(isinstance(v, dict) for v in both) and value.get("type") == other.get("type"):
        names = value | other
        pairs = [(value.get(k), other.get(k), f"{path}.{k}" if path else k) for k in names]
    elif all(isinstance(v, list) for v in both):
        if len(value) != len(other):
            return f"len({path})", str(len(value)), str(len(other))
        pairs = [(a, b, f"{path}[{k}]") for k, (a, b) in enumerate(zip(*both, strict=True))]
    else:
        # Compare as text: NaN differs from itself, and True equals 1.
        return None if repr(value) == repr(other) else (path, _text(value), _text(other))
    return next((found for found in starmap(_find, pairs) if found is not None), None)


def _text(value: Any) -> str:
    """Return a value as shown in a message."""
    if isinstance(value, dict) and "type" in value:
        arguments = ", ".join(f"{k}={_text(v)}" for k, v in value.items() if k != "type")
        text = f"{value['type']}({arguments})"
    else:
        text = str(value)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
