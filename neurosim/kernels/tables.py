"""Tables of arrays that are passed to compiled code as one address.

A table is a named tuple of arrays. Compiled code receives its address and loads an array where it
uses it. Passing all arrays as arguments would dominate the compile time. With the compiler switched
off, tables and frames replace their addresses.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    models,
    register_model,
)
from numba.np.numpy_support import from_dtype


def record(**fields: Any) -> np.dtype:
    """Return the dtype of records whose fields are attributes.

    This holds in Python and in compiled code.
    """
    return np.dtype((np.record, list(fields.items())))


class TableType(types.Type):  # type: ignore[misc]
    """The Numba type of the address of a table.

    Parameters
    ----------
    table : named tuple
    """

    def __init__(self, table: Any) -> None:
        kinds = [_kind(field) for field in table]
        self.fields = dict(zip(table._fields, kinds, strict=True))
        offsets = np.cumsum([0] + [_size(kind) for kind in kinds]).tolist()
        self.size = offsets.pop()
        self.offsets = dict(zip(table._fields, offsets, strict=True))
        digest = hashlib.sha256(repr(self.fields).encode()).hexdigest()[:12]
        super().__init__(name=f"{type(table).__name__}_{digest}")


class FrameType(types.Type):  # type: ignore[misc]
    """The Numba type of the address of a frame.

    Parameters
    ----------
    kinds : sequence of Numba types
        Types of the tables in the frame.
    """

    def __init__(self, kinds: list[Any]) -> None:
        self.kinds = tuple(kinds)
        super().__init__(name=f"Frame({', '.join(map(str, kinds))})")


@register_model(TableType)
@register_model(FrameType)
class _AddressModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, ir.IntType(64))


def _kind(value: Any) -> Any:
    """Return the Numba type of a table or of one of its fields.

    Types do not record whether an array is writable, which would double the compiled versions.
    """
    if isinstance(value, tuple):
        return TableType(value)
    if isinstance(value, np.ndarray):
        return types.Array(from_dtype(value.dtype), value.ndim, "C")
    return types.int64


def _size(kind: Any) -> int:
    """Return the number of words of a field of a table."""
    if isinstance(kind, TableType):
        return kind.size
    return 2 * kind.ndim + 1 if isinstance(kind, types.Array) else 1


def _words(value: Any) -> Iterator[int]:
    """Yield the words of memory that hold a table or one of its fields."""
    if isinstance(value, tuple):
        for field in value:
            yield from _words(field)
    elif isinstance(value, np.ndarray):
        assert value.flags.c_contiguous
        yield value.__array_interface__["data"][0]
        yield from value.shape
        yield from value.strides
    else:
        yield int(value)


def _load(context, builder, kind, address, offset, *, indirect=False):
    """Load a value at an offset (words) from an address.

    If `indirect`, the address of a table or array is stored there instead of its words.
    """
    word = ir.IntType(64)

    def load(base, k):
        place = builder.inttoptr(builder.add(base, word(8 * k)), word.as_pointer())
        value = builder.load(place)
        # Frames do not change while they are used, so the compiler may keep loaded values.
        value.set_metadata("invariant.load", builder.module.add_metadata([]))
        return value

    if isinstance(kind, types.Integer):
        return load(address, offset)
    if indirect:
        address, offset = load(address, offset), 0
    if isinstance(kind, TableType):
        return builder.add(address, word(8 * offset))
    array = context.make_array(kind)(context, builder)
    words = [load(address, offset + k) for k in range(_size(kind))]
    shape, strides = words[1 : 1 + kind.ndim], words[1 + kind.ndim :]
    array.data = builder.inttoptr(words[0], array.data.type)
    array.shape = cgutils.pack_array(builder, shape)
    array.strides = cgutils.pack_array(builder, strides)
    array.itemsize = word(context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    array.nitems = shape[0]
    for length in shape[1:]:
        array.nitems = builder.mul(array.nitems, length)
    # Without owner and parent there is no reference counting.
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    return array._getvalue()


@infer_getattr
class _TableAttribute(AttributeTemplate):  # type: ignore[misc]
    key = TableType

    def generic_resolve(self, table, name):
        return table.fields.get(name)


@lower_getattr_generic(TableType)
def _load_field(context, builder, kind, address, name):
    return _load(context, builder, kind.fields[name], address, kind.offsets[name])


class Frame:
    """Tables of arrays in the memory layout that compiled code reads.

    Parameters
    ----------
    *tables : C-contiguous arrays, integers, and named tuples of these
    like : Frame, optional
        A frame whose memory layout is reused for the tables that both contain.

    Attributes
    ----------
    tables : tuple
    address : int
        Valid during the lifetime of the frame. The frame itself if the compiler is off.
    """

    def __init__(self, *tables: Any, like: "Frame | None" = None) -> None:
        known = zip(like.tables, like._parts, strict=True) if like else ()
        laid_out = {id(table): part for table, part in known}
        self.tables: tuple[Any, ...] = tables
        self._parts: list[np.ndarray] = [
            laid_out[id(table)] if id(table) in laid_out else np.array([*_words(table)], np.int64)
            for table in tables
        ]
        self._words = np.array(
            [
                part.ctypes.data if isinstance(table, (tuple, np.ndarray)) else part[0]
                for table, part in zip(tables, self._parts, strict=True)
            ]
        )
        self.address: Any = self if config.DISABLE_JIT else self._words.ctypes.data

    @property
    def kind(self) -> FrameType:
        """Numba type of the frame as an argument."""
        return FrameType([_kind(table) for table in self.tables])


if config.DISABLE_JIT:

    def tables_at(frame):
        """Return the tables in a frame, as a tuple."""
        return frame.tables

else:

    @intrinsic
    def tables_at(typingctx, frame):
        """Return the tables in a frame, as a tuple."""

        def codegen(context, builder, signature, args):
            values = [
                _load(context, builder, kind, args[0], k, indirect=True)
                for k, kind in enumerate(frame.kinds)
            ]
            return context.make_tuple(builder, signature.return_type, values)

        return types.Tuple(frame.kinds)(frame), codegen
