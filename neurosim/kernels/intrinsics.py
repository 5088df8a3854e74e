"""Machine instructions not provided by Numba.

These are prefetch, atomics, yielding and the clock.

Each is an LLVM instruction, so kernels that use them are cached on disk like any other. With the
compiler switched off (``NUMBA_DISABLE_JIT=1``), plain Python functions replace them.
"""

import os
import platform
import sys
import time

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from neurosim.kernels.compiled import helper

POSIX = sys.platform != "win32"

if config.DISABLE_JIT:

    def prefetch(array, index):
        """Do nothing: Python has no prefetch."""

    def atomic_add(array, index, value):
        """Add `value` to ``array[index]`` and return the previous value."""
        old = array[index]
        array[index] += value
        return old

    def atomic_load(array, index):
        """Return ``array[index]``."""
        return array[index]

    def yield_thread():
        """Let another thread run."""
        if POSIX:
            os.sched_yield()

    def clock():
        """Return the time, in ns."""
        return time.perf_counter_ns()

else:

    def _pointer(context, builder, array_type, array, index):
        view = context.make_array(array_type)(context, builder, array)
        return cgutils.get_item_pointer(
            context, builder, array_type, view, [index], wraparound=False, boundscheck=False
        )

    @intrinsic
    def prefetch(typingctx, array, index):
        """Prefetch the cache line of ``array[index]``; never faults."""

        def codegen(context, builder, signature, args):
            pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
            byte_pointer = builder.bitcast(pointer, ir.IntType(8).as_pointer())
            i32 = ir.IntType(32)
            function_type = ir.FunctionType(
                ir.VoidType(), [ir.IntType(8).as_pointer(), i32, i32, i32]
            )
            function = cgutils.get_or_insert_function(
                builder.module, function_type, "llvm.prefetch.p0"
            )
            # read, high temporal locality, data cache
            builder.call(function, [byte_pointer, i32(0), i32(3), i32(1)])
            return context.get_dummy_value()

        return types.void(array, types.intp), codegen

    @intrinsic
    def atomic_add(typingctx, array, index, value):
        """Add `value` to ``array[index]`` atomically; return the previous value."""

        def codegen(context, builder, signature, args):
            pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
            return builder.atomic_rmw("add", pointer, args[2], "seq_cst")

        return array.dtype(array, types.intp, array.dtype), codegen

    @intrinsic
    def atomic_load(typingctx, array, index):
        """Return ``array[index]`` as last written by any thread."""

        def codegen(context, builder, signature, args):
            pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
            return builder.load_atomic(pointer, "acquire", 8)

        return array.dtype(array, types.intp), codegen

    if POSIX:
        _sched_yield = types.ExternalFunction("sched_yield", types.int32())
    else:
        _sched_yield = types.ExternalFunction("SwitchToThread", types.int32())

    @helper
    def yield_thread():
        """Let another thread run."""
        _sched_yield()

    @intrinsic
    def clock(typingctx):
        """Return the time in ticks of a constant but unknown rate; 0 without a counter."""

        def codegen(context, builder, signature, args):
            i64 = ir.IntType(64)
            machine = platform.machine().lower()
            if machine in ("x86_64", "amd64"):
                function_type = ir.FunctionType(i64, [])
                function = cgutils.get_or_insert_function(
                    builder.module, function_type, "llvm.readcyclecounter"
                )
                return builder.call(function, [])
            if machine in ("aarch64", "arm64"):
                # User programs cannot read the cycle counter there, but the timer.
                read = ir.FunctionType(i64, [])
                return builder.asm(read, "mrs $0, cntvct_el0", "=r", [], side_effect=True)
            return i64(0)

        return types.int64(), codegen
