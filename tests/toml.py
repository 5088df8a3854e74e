"""Networks as scenario files, written the plainest way: an independent hand for tests."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

import neurosim as ns
from neurosim.models.registry import Part


def in_toml(value: Any) -> str:
    """Return a value or a part as TOML."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float, np.number)):
        return repr(value.item() if isinstance(value, np.number) else value)
    if isinstance(value, (list, tuple, np.ndarray)):
        return "[" + ", ".join(map(in_toml, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {in_toml(item)}" for key, item in value.items()) + "}"
    assert isinstance(value, Part)
    pairs = {"type": type(value).__name__} | arguments(value)
    return "{" + ", ".join(f"{key} = {in_toml(item)}" for key, item in pairs.items()) + "}"


def arguments(part: Any) -> dict[str, Any]:
    given = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    none = {
        key
        for key, value in given.items()
        if value is None or (isinstance(value, Mapping) and not value)
    }
    return {key: value for key, value in given.items() if key not in none}


def table(heading: str, **pairs: Any) -> str:
    lines = [f"{key} = {in_toml(item)}" for key, item in pairs.items() if item is not None]
    return "\n".join([heading, *lines, "\n"])


def scenario_file(network: ns.Network, duration: float, **head: Any) -> str:
    """Return a network as a scenario file."""
    text = [table("", duration=duration, **head)]
    for p in network.populations:
        pairs = {key: item for key, item in arguments(p).items() if key != "name"}
        text.append(table(f"[populations.{in_toml(p.name)}]", **pairs))
    for q in network.projections:
        pairs = {"from": q.source.name, "to": q.target.name, "rule": q.rule, "synapse": q.synapse}
        pairs |= {"from_ids": q.source_ids, "to_ids": q.target_ids}
        pairs |= {"weight": q.weight, "delay": q.delay, "plasticity": q.plasticity}
        text.append(table("[[connections]]", **pairs))
    for d in network.drives:
        pairs = {"to": d.target.name, "ids": d.ids, "type": type(d.input).__name__}
        pairs |= {**arguments(d.input), "synapse": d.synapse, "weight": d.weight, "delay": d.delay}
        text.append(table("[[inputs]]", **pairs))
    for r in network.recordings:
        pairs = {"of": r.population.name, "variable": r.variable}
        text.append(table("[[recordings]]", **pairs, ids=r.ids, interval=r.interval))
    return "\n".join(text)
