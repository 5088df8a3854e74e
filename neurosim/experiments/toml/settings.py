"""The numbers that a file states, as settings of a scenario: what `--set` changes."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from neurosim.experiments.toml.description import Description
    from neurosim.experiments.toml.document import Place
    from neurosim.experiments.toml.schema import Field


class _Settings(ABC):
    """Values by dotted name: "populations.exc.size"."""

    def __init__(self, **values: Any) -> None:
        for setting in dataclasses.fields(self):  # type: ignore[arg-type]
            value = values.get(setting.name, setting.default)
            object.__setattr__(self, setting.name, value)
        object.__setattr__(self, "described", self._describe(values))

    @abstractmethod
    def _describe(self, changed: Mapping[str, Any]) -> Description: ...


def settings_class(
    settable: Mapping[Place, tuple[Field, Any]],
    describe: Callable[[Mapping[str, Any]], Description],
) -> type:
    """Return the settings dataclass of a file.

    Its fields have dotted names, which no class statement could give them.

    Parameters
    ----------
    settable : mapping
        Field and value of every number that the file states, by its place.
    describe : callable
        Returns what the file describes with other values, by dotted name; an instance keeps that as
        `described`.
    """
    body: dict[str, Any] = {"__annotations__": {}, "_describe": staticmethod(describe)}
    for place, (key, value) in settable.items():
        name = ".".join(map(str, place))
        kind = key.kind
        if len(place) > 1 and kind is not None:  # length, grid and seed of a run are options
            body["__annotations__"][name] = kind
            meaning = {"unit": key.declared.unit, "help": key.declared.help}
            default = float(value) if kind is float else value
            body[name] = dataclasses.field(default=default, metadata=meaning)
    made = type("Settings", (_Settings,), body)
    return dataclasses.dataclass(frozen=True, init=False, repr=False, eq=False)(made)
