"""What a scenario file describes: a network, how long to run it, what to make of the result."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from neurosim.builder.delays import check_delays
from neurosim.builder.grid import whole_steps
from neurosim.builder.parameters import shortest_refractory
from neurosim.errors import NeurosimError
from neurosim.experiments.toml.decode import Decoder, InvalidPart, TooManyErrors, dotted
from neurosim.experiments.toml.figures import Raster, Traces
from neurosim.experiments.toml.head import Analysis, Head
from neurosim.experiments.toml.schema import Field, field_of, fields_of, unknown
from neurosim.models import Input
from neurosim.models.registry import kinds_of
from neurosim.network import Network
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurosim.experiments.toml.document import Document, Place
    from neurosim.network import Population

NAME = re.compile(r"\w[\w +-]{0,63}")
"""Names of populations: they become parts of settings, of files and of pictures."""

_SLICE = re.compile(r"\s*-?\d*\s*:\s*-?\d*\s*(:\s*-?\d*\s*)?")
_END_IDS = ("from_ids", "to_ids")
"""Keys that choose neurons of the populations of a connection."""
_IDS = field_of("ids", ArrayLike, "indices within the population, or a slice such as '0:50'")

_BLOCKS = ("connections", "inputs", "recordings")
"""Lists of tables."""


@dataclass(frozen=True)
class Description:
    """A file as it was understood.

    Attributes
    ----------
    head : Head
    network : Network
    analysis : Analysis
        With its figures, chosen by what is recorded where the file names none.
    settable : mapping
        Field and value of every number that the file states, by its place.
    whole : bool
        Whether all connections are there: those in files that are not at hand are left out.
    """

    head: Head
    network: Network
    analysis: Analysis
    settable: Mapping[Place, tuple[Field, Any]]
    whole: bool


def describe(document: Document, values: Mapping[str, Any]) -> Description:
    """Return what a file describes.

    Parameters
    ----------
    document : Document
    values : mapping
        The document's, or these with some replaced.

    Raises
    ------
    NeurosimError
        With a line for every mistake, up to ten.
    """
    reading = _Description(document, values)
    with suppress(TooManyErrors):
        return reading.read()
    reading.decoder.conclude()
    raise AssertionError  # there were mistakes enough


class _Description:
    """Describes a network step by step; what depends on a mistake is left out.

    What a build would refuse for the sake of the time grid is tried at once, while the line is
    known.
    """

    def __init__(self, document: Document, values: Mapping[str, Any]) -> None:
        self.decoder = Decoder(document)
        self.values = values
        self.network = Network()
        self.names: list[str] = []
        self.made: dict[str, Population] = {}
        self.head: Head | None = None
        self.analysis: Analysis | None = None

    def read(self) -> Description:
        """Go through the file from its head to its analysis."""
        decoder = self.decoder
        with decoder.attempt():
            self._read_head()
        self._read_populations()
        for block in _BLOCKS:
            for number, table in enumerate(self._blocks(block)):
                place = (block, number)
                with decoder.attempt():
                    if decoder.is_table(table, place, f"[[{block}]]"):
                        getattr(self, f"_add_to_{block}")(dict(table), place)
        with decoder.attempt():
            self._read_analysis()
        decoder.conclude()
        assert self.head is not None
        assert self.analysis is not None
        whole = len(self.network.projections) == len(self._blocks("connections"))
        return Description(self.head, self.network, self.analysis, decoder.settable, whole)

    def _read_head(self) -> None:
        fields = fields_of(Head)
        known = [*fields, "populations", *_BLOCKS, "analysis"]
        own = {key: value for key, value in self.values.items() if key in fields}
        for key in self.values:
            if key not in known:
                self.decoder.note((key,), unknown(show(key), key, known))
        with self.decoder.blaming((), own):
            self.head = Head(**self.decoder.arguments(own, (), fields))
            self.network = Network(dale=self.head.dale)

    def _read_populations(self) -> None:
        form = "[populations.NAME], a table for each"
        populations = self.values.get("populations", {})
        if not self.decoder.is_table(populations, ("populations",), form):
            return
        if not populations:
            self.decoder.note(("populations",), f"the file has no populations: write {form}")
        for name, table in populations.items():
            place = ("populations", name)
            if not NAME.fullmatch(name):
                self.decoder.note(
                    place,
                    f"{show(name)} is no name for a population: give up to 64 letters, digits, "
                    "spaces, _, + or -, a letter or digit first",
                )
                continue
            self.names.append(name)
            with self.decoder.attempt():
                if self.decoder.is_table(table, place, f"[populations.{name}]"):
                    self._add_population(name, table, place)

    def _add_population(self, name: str, table: dict[str, Any], place: Place) -> None:
        arguments = self.decoder.arguments(table, place, _without(Network.add, "name"))
        with self.decoder.blaming(place, table):
            population = self.network.add(name, **arguments)
            if self.head:
                shortest_refractory(population.neuron, self.head.dt)
        self.made[name] = population

    def _blocks(self, block: str) -> list[Any]:
        tables = self.values.get(block, [])
        if isinstance(tables, list):
            return tables
        form = f"[[{block}]], in double brackets, above each"
        self.decoder.note((block,), f"{block} is no list of tables: write {form}")
        return []

    def _add_to_connections(self, table: dict[str, Any], place: Place) -> None:
        fields = _without(Network.connect, "source", "target")
        fields |= dict.fromkeys(_END_IDS, _IDS)
        refers = _reference("from", "source"), _reference("to", "target")
        ends, arguments = self._decoded(table, place, fields, refers)
        chosen = [arguments.pop(name, None) for name in _END_IDS]
        if "rule" in arguments and arguments["rule"] is None:  # its file is not at hand
            return
        for k, (name, ids) in enumerate(zip(_END_IDS, chosen, strict=True)):
            if ids is not None:
                with self.decoder.blaming(place, {name: ids}, (name,)):
                    ends[k] = ends[k][_indices(ids, name)]
        with self.decoder.blaming(place, _own(table), ("psp", "weight")):
            projection = self.network.connect(*ends, **arguments)
            if self.head:
                check_delays(projection, self.head.dt)

    def _add_to_inputs(self, table: dict[str, Any], place: Place) -> None:
        kind = table.get("type")
        inputs: dict[str, Any] = dict(kinds_of(Input))
        if not isinstance(kind, str) or kind not in inputs:
            said = unknown(f"type = {show(kind)}", kind, inputs)
            if kind is None:
                said = f'{dotted(place)} has no type: write type = "Poisson", for example'
            self.decoder.note((*place, "type"), said)
            raise InvalidPart
        taken = fields_of(inputs[kind])
        fields = _without(Network.drive, "target", "input") | dict(taken)
        own = {key: value for key, value in table.items() if key != "type"}
        ends, arguments = self._decoded(own, place, fields, (_reference("to", "target"),))
        with self.decoder.blaming(place, _own(table), ("type",)):
            own = {key: arguments.pop(key) for key in taken if key in arguments}
            source: Any = inputs[kind](**own)
            self.network.drive(ends[0], source, **_with_indices(arguments))
            if self.head:
                source.check_step(self.head.dt)

    def _add_to_recordings(self, table: dict[str, Any], place: Place) -> None:
        fields = _without(Network.record, "population")
        ends, arguments = self._decoded(table, place, fields, (_reference("of", "population"),))
        with self.decoder.blaming(place, _own(table), ("variable",)):
            recording = self.network.record(*ends, **_with_indices(arguments))
            if self.head and recording.interval is not None:
                whole_steps(recording.interval, self.head.dt, "interval")

    def _decoded(
        self,
        table: dict[str, Any],
        place: Place,
        fields: Mapping[str, Field],
        refers: tuple[Field, ...],
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the populations that a table refers to, and its other arguments."""
        every = {reference.name: reference for reference in refers} | dict(fields)
        known = True
        for reference in refers:
            name = table.get(reference.name)
            if reference.name in table and name not in self.names:
                what = f"{reference.name} = {show(name)}"
                said = unknown(f"population {show(name)}", name, self.names)
                if not isinstance(name, str):
                    said = f"{what} is no name of a population: write it in quotes"
                self.decoder.note((*place, reference.name), said)
                known = False
        arguments = self.decoder.arguments(table, place, every)
        if not known:
            raise InvalidPart
        names = [arguments.pop(reference.name) for reference in refers]
        if not all(name in self.made for name in names):  # a mistake of the population's own
            raise InvalidPart
        return [self.made[name] for name in names], arguments

    def _read_analysis(self) -> None:
        table = self.values.get("analysis", {})
        place = ("analysis",)
        if not self.decoder.is_table(table, place, "[analysis]"):
            raise InvalidPart
        with self.decoder.blaming(place, table):
            analysis = Analysis(**self.decoder.arguments(table, place, fields_of(Analysis)))
        if self.head is None:
            raise InvalidPart
        with self.decoder.blaming(place, table):
            analysis.check_warmup(self.head.duration)
        if not self._complete():
            raise InvalidPart  # what is missing there would be told twice
        if analysis.figures is None:
            recorded = any(r.name == "v" for r in self.network.recordings)
            figures = (Raster(), Traces()) if recorded else (Raster(),)
            analysis = Analysis(analysis.warmup, analysis.findings, figures)
        for name, number, part in analysis.parts():
            item = (*place, name, number)
            given = table.get(name, [])
            with (
                self.decoder.attempt(),
                self.decoder.blaming(item, given[number] if given else {}),
            ):
                part.check(self.network)
                part.check_span(analysis.warmup, self.head.duration)
        self.analysis = analysis

    def _complete(self) -> bool:
        """Whether all populations and recordings of the file are in the network."""
        populations = self.values.get("populations", {})
        recordings = self.values.get("recordings", [])
        return (
            isinstance(populations, dict)
            and 0 < len(populations) == len(self.made)
            and isinstance(recordings, list)
            and len(recordings) == len(self.network.recordings)
        )


def _indices(ids: Any, what: str) -> Any:
    """Return indices, or the slice that a text such as "0:50" stands for."""
    if not isinstance(ids, str):
        return ids
    if not _SLICE.fullmatch(ids.strip()):
        raise NeurosimError(
            f'{what} = {show(ids)} is not a slice: write a list such as [0, 1], or "0:50" for 0 to '
            "49"
        )
    return slice(*(int(part) if part.strip() else None for part in ids.split(":")))


def _with_indices(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments in which `ids` may be a slice."""
    given = {"ids": _indices(arguments["ids"], "ids")} if "ids" in arguments else {}
    return arguments | given


def _reference(name: str, parameter: str) -> Field:
    """Return the field that names a population."""
    return field_of(name, str, f"the name of the {parameter} population", required=True)


def _without(method: Any, *names: str) -> dict[str, Field]:
    """Return the fields of a method without some that the file gives in another way."""
    return {name: given for name, given in fields_of(method).items() if name not in names}


def _own(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table without the keys that are also words of sentences."""
    return {key: value for key, value in table.items() if key not in ("from", "to", "of")}
