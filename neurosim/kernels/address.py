"""Functions that are called by address.

Features that few networks need, such as plasticity or user-defined models, are compiled as separate
functions. The time loop calls them at addresses stored in an array. The type of the loop therefore
does not depend on them, and it is compiled only once. These functions receive the address of a
`Frame` of tables, and integers.

With the compiler switched off (``NUMBA_DISABLE_JIT=1``), functions and frames replace their
addresses.
"""

import ctypes
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from neurosim.kernels.compiled import compiled
from neurosim.kernels.tables import Frame
from neurosim.utils.compilation import timed_compilation

errors: list[BaseException] = []
"""Exceptions of Python functions called from compiled code, which cannot propagate them."""

addressed = compiled(_nrt=False, no_cpython_wrapper=True)
"""Compile a function of a frame and integers that is called by address.

Reference counting is off, because it would take as long as updating the neurons. The function
allocates nothing, and its caller holds a reference to every array.
"""

# An argument that is shorter than a register takes the place of a whole one, in a register or on
# the stack, on all machines that MPI and Numba local.
if config.DISABLE_JIT:

    def _call(address, *arguments):
        kinds = [ctypes.c_int64] * len(arguments)
        return ctypes.CFUNCTYPE(ctypes.c_int32, *kinds)(int(address))(*map(int, arguments))

    call_3 = call_8 = call_9 = _call

    def call_addressed(function, frame, a, b, c, d, e):
        """Call a function of a frame and five integers."""
        return function(frame, a, b, c, d, e)

    def call_entry(entries, k, a, b, c, d, e):
        """Call entry k of an `address_table` with five integers."""
        return entries[k, 0](entries[k, 1], a, b, c, d, e)

else:

    def _calling(n, result):
        """Return an intrinsic that calls a C function of n arguments at an address."""

        def codegen(context, builder, signature, args):
            returned = context.get_value_type(result)
            kind = ir.FunctionType(returned, [ir.IntType(64)] * n)
            return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

        return result(*[types.int64] * (n + 1)), codegen

    @intrinsic
    def call_3(typingctx, address, a, b, c):
        """Call a C function of three integers or pointers."""
        return _calling(3, types.int32)

    @intrinsic
    def call_8(typingctx, address, a, b, c, d, e, f, g, h):
        """Call a C function of eight integers or pointers."""
        return _calling(8, types.int32)

    @intrinsic
    def call_9(typingctx, address, a, b, c, d, e, f, g, h, i):
        """Call a C function of nine integers or pointers."""
        return _calling(9, types.int32)

    @intrinsic
    def call_addressed(typingctx, address, frame, a, b, c, d, e):
        """Call an `addressed` function of a frame and five integers."""
        return _calling(6, types.int64)

    @intrinsic
    def call_entry(typingctx, entries, k, a, b, c, d, e):
        """Call entry k of an `address_table` with five integers."""
        signature, call = _calling(6, types.int64)

        def codegen(context, builder, _, args):
            table = context.make_array(entries)(context, builder, args[0])
            row = builder.gep(table.data, [builder.mul(args[1], ir.IntType(64)(2))])
            words = [builder.load(builder.gep(row, [ir.IntType(64)(j)])) for j in range(2)]
            return call(context, builder, signature, [*words, *args[2:]])

        return types.int64(entries, *[types.int64] * 6), codegen


class Entry:
    """An `addressed` function that is compiled for its tables, with their frame.

    Parameters
    ----------
    function : addressed function
        Or a Python function, which is not compiled.
    *tables
        See `Frame`.
    n : int
        Number of further arguments.
    like : Entry, optional
        The same function with other tables of the same types.

    Attributes
    ----------
    addresses : (int, int)
        Addresses of the function and of the frame, valid during the lifetime of the entry.
    """

    def __init__(
        self, function: Any, *tables: Any, n: int = 5, like: "Entry | None" = None
    ) -> None:
        self._frame: Frame = Frame(*tables, like=like._frame if like else None)
        self._n = n
        self._address: Any
        if config.DISABLE_JIT:
            self._address = function
        elif not hasattr(function, "overloads"):
            self._callback = self._plain(function)
            self._address = ctypes.cast(self._callback, ctypes.c_void_p).value
        elif like:
            self._address = like._address
        else:
            self._address = _compile(function, self._frame.kind, n)
        self.addresses = (self._address, self._frame.address)

    def has(self, *tables: Any) -> bool:
        """Return whether the frame holds these objects."""
        return all(a is b for a, b in zip(tables, self._frame.tables, strict=True))

    def __call__(self, *arguments: Any) -> int:
        """Call the function from Python without the global interpreter lock."""
        call = self._address
        if not config.DISABLE_JIT:
            call = self._kind(call)
        return call(self._frame.address, *arguments)

    @property
    def _kind(self) -> Any:
        """`ctypes` type of a pointer to the function."""
        return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * (self._n + 1))

    def _plain(self, function: Any) -> Any:
        """Return a callback with which compiled code runs a Python function on the tables."""

        def call(_: int, *arguments: int) -> int:
            try:
                return int(function(self._frame, *arguments))
            except BaseException as error:
                errors.append(error)
                return 0

        return self._kind(call)


def _compile(function: Any, frame: Any, n: int) -> int:
    """Return the address of a function, compiled for a type of frame and n integers."""
    arguments = (frame, *[types.int64] * n)
    if arguments not in function.overloads:
        function.compile(arguments)
    code = function.overloads[arguments]
    with timed_compilation():  # links the machine code
        return code.library.get_pointer_to_function(code.fndesc.llvm_cfunc_wrapper_name)


def address_table(entries: list[Entry]) -> np.ndarray:
    """Return the addresses of entries, one a row."""
    table = empty_address_table(len(entries))
    for k, entry in enumerate(entries):
        table[k] = entry.addresses
    return table


def empty_address_table(n: int) -> np.ndarray:
    """Return an empty table for the addresses of n entries."""
    return np.zeros((n, 2), object if config.DISABLE_JIT else np.int64)
