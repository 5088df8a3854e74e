"""Conversion of networks to and from plain data for files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.models.registry import Part, address_of, defined_part, is_builtin, kinds_of
from neurosim.network.network import Network
from neurosim.network.parts import Drive, Population, Projection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TYPE, ARRAY, ITEMS = "type", "array", "items"
"""Keys of the class of a part, the number of an array, and the items of a mapping."""
DIGEST = "digest"
"""Key of the hash of a user's class, which must not change until the file is read."""
KINDS = ("populations", "projections", "drives", "recordings")
PLASTIC_KINDS = ("modulations", "weight_recordings")
"""Kinds of parts that refer to projections by number; left out where there are none."""


def to_data(network: Network) -> tuple[dict[str, Any], list[NDArray]]:
    """Convert a network to plain data.

    Parameters
    ----------
    network : Network

    Returns
    -------
    tree : dict
        JSON-compatible; floats are exact and may be infinite.
    arrays : list of ndarray
        Arrays that the tree refers to by number; shared arrays occur once.

    Raises
    ------
    NeurosimError
        If a file has changed since it was described; files are identified by their content.
    """
    arrays: list[NDArray] = []
    array_numbers: dict[int, int] = {}
    numbered = (network.populations, network.projections, network.drives)
    numbers = {id(p): number for parts in numbered for number, p in enumerate(parts)}

    def encoded(value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray):
            if id(value) not in array_numbers:
                array_numbers[id(value)] = len(arrays)
                arrays.append(value)
            return {ARRAY: array_numbers[id(value)]}
        if isinstance(value, (tuple, list)):
            return [encoded(item) for item in value]
        if id(value) in numbers:
            return numbers[id(value)]
        if isinstance(value, Mapping):
            return {ITEMS: {key: encoded(item) for key, item in value.items()}}
        kind = type(value)
        if not is_builtin(kind):
            return {TYPE: address_of(kind), DIGEST: kind.digest()} | fields(value)
        return {TYPE: kind.__name__} | fields(value.with_digest())

    def fields(part: Any) -> dict[str, Any]:
        return {
            field.name: encoded(getattr(part, field.name))
            for field in dataclasses.fields(part)
            if field.init and not _is_empty(getattr(part, field.name))
        }

    kinds = (*KINDS, *(kind for kind in PLASTIC_KINDS if getattr(network, kind)))
    return {kind: [fields(part) for part in getattr(network, kind)] for kind in kinds}, arrays


def _is_empty(value: Any) -> bool:
    """Whether a field is an empty mapping, which is omitted."""
    return isinstance(value, Mapping) and not value


def describe(network: Network) -> dict[str, list[dict[str, Any]]]:
    """Return the fields of all parts of a network, for comparison between processes.

    Populations are referred to by name. A file of edges is represented by a digest of its content,
    not by its path: each machine may have a copy elsewhere.

    Raises
    ------
    NeurosimError
        If a file of edges has changed since it was described.
    """

    def fields(part: Any, *skipped: str) -> dict[str, Any]:
        return {
            field.name: shown(getattr(part, field.name))
            for field in dataclasses.fields(part)
            if field.init and field.name not in skipped
        }

    def shown(value: Any) -> Any:
        if isinstance(value, (Population, Drive)):
            return value.name
        if isinstance(value, Projection):
            return network.projections.index(value)
        if paths := getattr(value, "paths", ()):
            return {TYPE: type(value).__name__} | fields(value.with_digest(), *paths)
        return value

    kinds = (*KINDS, *PLASTIC_KINDS)
    return {kind: [fields(part) for part in getattr(network, kind)] for kind in kinds}


def from_data(tree: Mapping[str, Any], arrays: Sequence[NDArray]) -> Network:
    """Convert plain data to a network, with all checks.

    Parameters
    ----------
    tree : mapping
    arrays : sequence of ndarray

    Raises
    ------
    NeurosimError
        If a part has invalid values.
    KeyError, TypeError, ValueError, IndexError
        If the tree is not a description of a network.
    """
    network = Network()
    builtin = {name: kind for name, kind in kinds_of(Part).items() if is_builtin(kind)}

    def decoded(value: Any) -> Any:
        if isinstance(value, list):
            return [decoded(item) for item in value]
        if not isinstance(value, dict):
            return value
        if ARRAY in value:
            return arrays[value[ARRAY]]
        if ITEMS in value:
            return {key: decoded(item) for key, item in value[ITEMS].items()}
        given = {key: decoded(v) for key, v in value.items() if key not in (TYPE, DIGEST)}
        if DIGEST in value:
            return defined_part(value[TYPE], value[DIGEST])(**given)
        return builtin[value[TYPE]](**given)

    def fields(part: Mapping[str, Any], *populations: str) -> dict[str, Any]:
        known = {key: decoded(value) for key, value in part.items() if key not in populations}
        return known | {key: network.populations[part[key]] for key in populations}

    for part in tree["populations"]:
        network.add(**fields(part))
    for part in tree["projections"]:
        given = fields(part, "source", "target")
        for end in ("source", "target"):
            ids = given.pop(f"{end}_ids", None)
            given[end] = given[end] if ids is None else given[end][ids]
        network.connect(**given)
    for part in tree["drives"]:
        network.drive(**fields(part, "target"))
    for part in tree["recordings"]:
        given = fields(part, "population")
        drive = given.pop("drive", None)
        if drive is not None:
            given["population"] = network.drives[drive]
        network.record(**given)
    for part in tree.get("modulations", ()):
        projection = network.projections[part["projection"]]
        network.modulate(**fields(part, "source") | {"projection": projection})
    for part in tree.get("weight_recordings", ()):
        network.record(network.projections[part["projection"]], "weight", interval=part["interval"])
    return network
