"""Read the network, run and analysis from a scenario file."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from neurosim.builder.delays import check_delays
from neurosim.builder.grid import whole_steps
from neurosim.builder.plastic import modulation_steps
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

    from neurosim.experiments.toml.document import Document
    from neurosim.experiments.toml.positions import KeyPath
    from neurosim.network import Drive, Population, Projection

NAME = re.compile(r"\w[\w +-]{0,63}")
"""Names of populations, which become parts of settings and of file names."""

_SLICE = re.compile(r"\s*-?\d*\s*:\s*-?\d*\s*(:\s*-?\d*\s*)?")
_END_IDS = ("from_ids", "to_ids")
"""Keys that select neurons of the two populations of a connection."""
_IDS = field_of("ids", ArrayLike, "indices within the population, or a slice such as '0:50'")

_CONNECTION = field_of("connection", int, "number of the connection, from 0", required=True)
_BLOCKS = ("connections", "modulations", "inputs", "recordings")
"""Lists of tables."""


@dataclass(frozen=True)
class Description:
    """The content of a scenario file.

    Attributes
    ----------
    head : Head
    network : Network
    analysis : Analysis
        With default figures, chosen by the recordings, if the file lists none.
    settable : mapping
        Field and value of every number in the file, by path.
    complete : bool
        False if connections are left out because their files are not available.
    """

    head: Head
    network: Network
    analysis: Analysis
    settable: Mapping[KeyPath, tuple[Field, Any]]
    complete: bool


def describe(document: Document, values: Mapping[str, Any]) -> Description:
    """Return the content of a scenario file.

    Parameters
    ----------
    document : Document
    values : mapping
        The values of the document, possibly with changed numbers.

    Raises
    ------
    NeurosimError
        With one line for each error, up to ten.
    """
    reader = _Reader(document, values)
    with suppress(TooManyErrors):
        return reader.read()
    reader.decoder.raise_errors()
    raise AssertionError  # there are errors


class _Reader:
    """Build a network from a file; skip everything that depends on an invalid part.

    Constraints of the time grid are checked here, where the line number is known.
    """

    def __init__(self, document: Document, values: Mapping[str, Any]) -> None:
        self.decoder = Decoder(document)
        self.values = values
        self.network = Network()
        self.names: list[str] = []
        self.made: dict[str, Population] = {}
        self.drives: dict[str, Drive] = {}
        self.head: Head | None = None
        self.analysis: Analysis | None = None

    def read(self) -> Description:
        """Read the whole file."""
        decoder = self.decoder
        with suppress(InvalidPart):
            self._read_head()
        with suppress(InvalidPart):
            self._read_populations()
        for block in _BLOCKS:
            for number, table in enumerate(self._tables(block)):
                path = (block, number)
                with suppress(InvalidPart):
                    decoder.check_table(table, path, f"[[{block}]]")
                    getattr(self, f"_add_to_{block}")(dict(table), path)
        with suppress(InvalidPart):
            self._read_analysis()
        decoder.raise_errors()
        assert self.head is not None
        assert self.analysis is not None
        complete = len(self.network.projections) == len(self._tables("connections"))
        return Description(self.head, self.network, self.analysis, decoder.settable, complete)

    def _read_head(self) -> None:
        fields = fields_of(Head)
        known = [*fields, "populations", *_BLOCKS, "analysis"]
        table = {key: value for key, value in self.values.items() if key in fields}
        for key in self.values:
            if key not in known:
                self.decoder.record((key,), unknown(show(key), key, known))
        with self.decoder.errors_at((), table):
            self.head = Head(**self.decoder.arguments(table, (), fields))
            self.network = Network(dale=self.head.dale)

    def _read_populations(self) -> None:
        syntax = "[populations.NAME] for each population"
        populations = self.values.get("populations", {})
        self.decoder.check_table(populations, ("populations",), syntax)
        if not populations:
            self.decoder.reject(("populations",), f"the file has no populations: write {syntax}")
        for name, table in populations.items():
            with suppress(InvalidPart):
                self._add_population(name, table, ("populations", name))

    def _add_population(self, name: str, table: dict[str, Any], path: KeyPath) -> None:
        if not NAME.fullmatch(name):
            self.decoder.reject(
                path,
                f"{show(name)} is not a valid population name: use up to 64 letters, digits, "
                "spaces, _, + or -, starting with a letter or digit",
            )
        self.names.append(name)
        self.decoder.check_table(table, path, f"[populations.{name}]")
        arguments = self.decoder.arguments(table, path, _without(Network.add, "name"))
        with self.decoder.errors_at(path, table):
            self.made[name] = self.network.add(name, **arguments)

    def _tables(self, block: str) -> list[Any]:
        tables = self.values.get(block, [])
        if isinstance(tables, list):
            return tables
        syntax = f"[[{block}]], in double brackets, above each table"
        self.decoder.record((block,), f"{block} must be a list of tables: write {syntax}")
        return []

    def _add_to_connections(self, table: dict[str, Any], path: KeyPath) -> None:
        fields = _without(Network.connect, "source", "target")
        fields |= dict.fromkeys(_END_IDS, _IDS)
        references = _reference("from", "source"), _reference("to", "target")
        ends, arguments = self._decode(table, path, fields, references)
        selected = [arguments.pop(name, None) for name in _END_IDS]
        if "rule" in arguments and arguments["rule"] is None:  # its file is not available
            return
        for k, (name, ids) in enumerate(zip(_END_IDS, selected, strict=True)):
            if ids is not None:
                with self.decoder.errors_at(path, {name: ids}, (name,)):
                    ends[k] = ends[k][_indices(ids, name)]
        with self.decoder.errors_at(path, _without_references(table), ("psp", "weight")):
            projection = self.network.connect(*ends, **arguments)
            if self.head:
                check_delays(projection, self.head.dt)

    def _add_to_inputs(self, table: dict[str, Any], path: KeyPath) -> None:
        kind = table.get("type")
        inputs: dict[str, Any] = dict(kinds_of(Input))
        if not isinstance(kind, str) or kind not in inputs:
            message = unknown(f"type = {show(kind)}", kind, inputs)
            if kind is None:
                message = f'{dotted(path)} has no type: write type = "Poisson", for example'
            self.decoder.reject((*path, "type"), message)
        options = fields_of(inputs[kind])
        fields = _without(Network.drive, "target", "input") | dict(options)
        content = {key: value for key, value in table.items() if key != "type"}
        ends, arguments = self._decode(content, path, fields, (_reference("to", "target"),))
        with self.decoder.errors_at(path, _without_references(table), ("type",)):
            given = {key: arguments.pop(key) for key in options if key in arguments}
            source: Any = inputs[kind](**given)
            drive = self.network.drive(ends[0], source, **_with_indices(arguments))
            self.drives[drive.name] = drive
            if self.head:
                source.check_step(self.head.dt)

    def _add_to_modulations(self, table: dict[str, Any], path: KeyPath) -> None:
        fields = _without(Network.modulate, "source", "projection") | {"connection": _CONNECTION}
        ends, arguments = self._decode(table, path, fields, (_reference("from", "source"),))
        with self.decoder.errors_at(path, _without_references(table), ("connection",)):
            projection = self._projection(arguments.pop("connection"))
            modulation = self.network.modulate(ends[0], projection, **arguments)
            if self.head:
                modulation_steps(modulation, self.head.dt)

    def _projection(self, number: int) -> Projection:
        """Return a projection by the number of its table."""
        tables = len(self._tables("connections"))
        if not 0 <= number < tables:
            raise NeurosimError(
                f"connection = {number}: the file has {tables} [[connections]], numbered from 0"
            )
        if len(self.network.projections) < tables:
            raise InvalidPart  # one of them is invalid
        return self.network.projections[number]

    def _add_to_recordings(self, table: dict[str, Any], path: KeyPath) -> None:
        fields = _without(Network.record, "population")
        references: tuple[Field, ...] = ()
        drive = self.drives.get(str(table.get("of")))
        if "connection" in table:  # weights
            fields = {name: fields[name] for name in ("variable", "interval")}
            fields["connection"] = _CONNECTION
        elif drive:
            del table["of"]
        else:
            references = (_reference("of", "population"),)
        ends, arguments = self._decode(table, path, fields, references)
        with self.decoder.errors_at(path, _without_references(table), ("connection", "variable")):
            if "connection" in arguments:
                ends = [self._projection(arguments.pop("connection"))]
            elif drive:
                ends = [drive]
            recording = self.network.record(*ends, **_with_indices(arguments))
            if self.head and recording.interval is not None:
                whole_steps(recording.interval, self.head.dt, "interval")

    def _decode(
        self,
        table: dict[str, Any],
        path: KeyPath,
        fields: Mapping[str, Field],
        references: tuple[Field, ...],
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the populations that a table refers to, and its other arguments."""
        valid = True
        for reference in references:
            name = table.get(reference.name)
            if reference.name in table and name not in self.names:
                message = unknown(f"population {show(name)}", name, self.names)
                if not isinstance(name, str):
                    message = f"{reference.name} = {show(name)} must be the name of a population"
                self.decoder.record((*path, reference.name), message)
                valid = False
        by_name = {reference.name: reference for reference in references}
        arguments = self.decoder.arguments(table, path, by_name | dict(fields))
        names = [arguments.pop(name) for name in by_name]
        if not (valid and all(name in self.made for name in names)):
            raise InvalidPart
        return [self.made[name] for name in names], arguments

    def _read_analysis(self) -> None:
        table = self.values.get("analysis", {})
        path = ("analysis",)
        self.decoder.check_table(table, path, "[analysis]")
        with self.decoder.errors_at(path, table):
            analysis = Analysis(**self.decoder.arguments(table, path, fields_of(Analysis)))
            if self.head is not None:
                analysis.check_warmup(self.head.duration)
        if self.head is None or not self._all_read():
            raise InvalidPart  # errors of missing populations would be repeated
        if analysis.figures is None:
            recorded = any(r.name == "v" for r in self.network.recordings)
            figures = (Raster(), Traces()) if recorded else (Raster(),)
            analysis = Analysis(analysis.warmup, analysis.findings, figures)
        for name, number, part in analysis.parts():
            given = table.get(name, [])
            with (
                suppress(InvalidPart),
                self.decoder.errors_at((*path, name, number), given[number] if given else {}),
            ):
                part.check(self.network)
                part.check_span(analysis.warmup, self.head.duration)
        self.analysis = analysis

    def _all_read(self) -> bool:
        """Whether the network contains all populations and recordings of the file."""
        populations = self.values.get("populations", {})
        recordings = self.values.get("recordings", [])
        return (
            isinstance(populations, dict)
            and 0 < len(populations) == len(self.made)
            and isinstance(recordings, list)
            and len(recordings)
            == len(self.network.recordings) + len(self.network.weight_recordings)
        )


def _indices(ids: Any, name: str) -> Any:
    """Return indices, or the slice described by a string such as "0:50"."""
    if not isinstance(ids, str):
        return ids
    if not _SLICE.fullmatch(ids.strip()):
        raise NeurosimError(
            f'{name} = {show(ids)} is not a slice: write a list such as [0, 1], or "0:50" for 0 to '
            "49"
        )
    return slice(*(int(part) if part.strip() else None for part in ids.split(":")))


def _with_indices(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with the slice for `ids` if it is a string."""
    given = {"ids": _indices(arguments["ids"], "ids")} if "ids" in arguments else {}
    return arguments | given


def _reference(name: str, role: str) -> Field:
    """Return a field with the name of a population."""
    return field_of(name, str, f"the name of the {role} population", required=True)


def _without(method: Any, *names: str) -> dict[str, Field]:
    """Return the fields of a method except some."""
    return {name: field for name, field in fields_of(method).items() if name not in names}


def _without_references(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table without the keys that are common words in messages."""
    return {key: value for key, value in table.items() if key not in ("from", "to", "of")}
