"""Base class and registry of the parts of a network description."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import KEY, OPTION, check_declared
from neurosim.utils.checks import check_number, show

SECTION = re.compile(r"^\w.*\n-{3,}$", re.MULTILINE)
"""Title of a section of a docstring."""


class Part:
    """Base class of the parts of a network description.

    These are neurons, synapses, plasticity and connection rules, inputs and distributions.

    Parts are frozen dataclasses. Fields declared by `neurosim.parameter` are checked on
    instantiation. Classes are registered when they are defined, except base classes, which are
    defined with ``abstract=True``. Parts of the same class with equal fields are equal.
    """

    registry: ClassVar[dict[str, type[Part]]] = {}
    """Classes defined in this process, by "module:qualified name"."""
    check_value: ClassVar[Any] = staticmethod(check_number)
    """Default check of parameters: (value, name, unit, low, high)."""
    noun: ClassVar[str] = "a part of a network"
    """Description in messages."""
    paths: ClassVar[tuple[str, ...]] = ()
    """Fields that name files."""

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not abstract:
            Part.registry[address_of(cls)] = cls
            cls.__doc__ = _documented(cls)
        if "__repr__" not in vars(cls):  # that of the decorator lists no options
            cls.__repr__ = Part.__repr__  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        check_declared(self, self.check_value, f"{type(self).__name__}.")

    def with_digest(self) -> Self:
        """Return the part with digests of the files that it names."""
        return self

    @classmethod
    def digest(cls) -> str:
        """Return a hash of the source of the class without comments and docstrings."""
        custom = [kind for kind in cls.__mro__ if kind is not object and not is_builtin(kind)]
        return hash_of(*map(_code, custom))

    @classmethod
    def require(cls, value: object, before: str = "", others: str = "") -> None:
        """Raise an error if the value is not an instance of this class.

        Parameters
        ----------
        value : object
        before, others : str
            Beginning of the message, and further alternatives to the built-in parts.

        Raises
        ------
        NeurosimError
        """
        if isinstance(value, cls):
            _require_frozen(type(value))
            return
        builtin = [_call(kind) for kind in kinds_of(cls).values() if is_builtin(kind)]
        *first, last = [*builtin, others] if others else builtin
        choice = f"{', '.join(first)} or {last}" if first else last
        wrong = f"{show(value)} is not {cls.noun}"
        if value is None:
            wrong = f"no {cls.noun.partition(' ')[2]} was given"
        raise NeurosimError(f"{before}{wrong}: give {choice}")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        pairs = zip(_compared(self), _compared(other), strict=True)
        return all(_equal(one, another) for one, another in pairs)

    def __hash__(self) -> int:
        return hash((type(self), *map(_hashable, _compared(self))))

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        values = {field: getattr(self, field.name) for field in fields}
        shown = {f: v for f, v in values.items() if OPTION not in f.metadata and f.repr}
        shown |= {f: v for f, v in values.items() if OPTION in f.metadata and v != f.default}
        arguments = ", ".join(f"{field.name}={value!r}" for field, value in shown.items())
        return f"{type(self).__qualname__}({arguments})"


def kinds_of(base: type[Part]) -> dict[str, type[Part]]:
    """Return the classes derived from `base` by name, built-in ones first."""
    found = [kind for kind in Part.registry.values() if issubclass(kind, base)]
    builtin = {kind.__name__: kind for kind in found if is_builtin(kind)}
    return builtin | {k.__name__: k for k in found if k.__name__ not in builtin}


def defined_part(address: str, expected: str) -> type[Part]:
    """Return a class defined in this process. Nothing is imported.

    Parameters
    ----------
    address : str
        "module:qualified name".
    expected : str
        Result of `Part.digest` when the file was written.

    Raises
    ------
    NeurosimError
        If the class is not defined, or has changed.
    """
    kind = Part.registry.get(address)
    module, _, name = address.partition(":")
    if kind is None:
        raise NeurosimError(
            f"the network uses {name}, which is not defined here: import the module {module!r} "
            "first"
        )
    if kind.digest() != expected:
        raise NeurosimError(
            f"the code of {name} in {module!r} has changed since the file was written: use the "
            f"earlier version of {kind.noun.partition(' ')[2]} {name}"
        )
    return kind


def hash_of(*values: Any) -> str:
    """Return the first 16 hexadecimal digits of a SHA-256 hash of `repr(values)`."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def _code(kind: type) -> str:
    """Return the syntax tree of a class without docstrings."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


def is_builtin(kind: type) -> bool:
    """Whether a class is part of neurosim."""
    return kind.__module__.partition(".")[0] == "neurosim"


def address_of(kind: type) -> str:
    """Return "module:qualified name", which identifies a class in files."""
    return f"{kind.__module__}:{kind.__qualname__}"


def _documented(kind: type) -> str | None:
    """Return the docstring of a class with a section on declared parameters.

    The section is added if the docstring has none.
    """
    # The decorator has not run yet: the fields of the class are still attributes.
    fields = dict(getattr(kind, "__dataclass_fields__", {})) | vars(kind)
    declared = {
        name: field
        for name, field in fields.items()
        if isinstance(field, dataclasses.Field) and KEY in field.metadata
    }
    text = inspect.cleandoc(kind.__doc__ or "")
    if not declared or "Parameters\n---" in text:
        return kind.__doc__
    lines = [f"{name}\n    {field.metadata[KEY].describe()}." for name, field in declared.items()]
    later = SECTION.search(text)  # such as the examples
    before, after = text[: later and later.start()], text[later.start() :] if later else ""
    return "\n".join([before.rstrip(), "", "Parameters", "----------", *lines, "", after])


def _require_frozen(kind: Any) -> None:
    """Raise an error if the class is not a frozen dataclass."""
    options = getattr(kind, "__dataclass_params__", None)
    undecorated = any(isinstance(value, dataclasses.Field) for value in vars(kind).values())
    if options is None or not options.frozen or undecorated:
        raise NeurosimError(
            f"{kind.__name__} is not a frozen dataclass: write @dataclass(frozen=True, eq=False) "
            "above the class"
        )


def _call(kind: type) -> str:
    """Return the call that creates a part, as text with its required arguments."""
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.init and field.default is field.default_factory is dataclasses.MISSING
    ]
    return f"{kind.__name__}({', '.join(needed)})"


def _compared(part: Any) -> list[Any]:
    """Return the values of the fields by which parts are compared."""
    return [getattr(part, field.name) for field in dataclasses.fields(part) if field.compare]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)


def _hashable(value: Any) -> Any:
    """Return a hashable value, equal for equal values."""
    try:
        hash(value)
    except TypeError:  # an array or a list
        return np.shape(value) if isinstance(value, np.ndarray) else type(value)
    return value
