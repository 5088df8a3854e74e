"""Compile a model's block function, and cache it on disk.

Numba caches code by the name of its source file. The source is therefore written to a file named by
its hash: an edited model is written to another file, and a process with the same model loads the
compiled code.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import sys
import threading
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import config

from neurosim.builder.codegen.escape_source import fires_at_random
from neurosim.builder.codegen.model_functions import (
    functions_of,
    plain_functions,
    prefix_of,
    run_plain,
)
from neurosim.builder.codegen.model_source import (
    HEADER,
    IMPORTS,
    Writer,
    source_of,
)
from neurosim.kernels import model_tools
from neurosim.kernels.address import errors
from neurosim.kernels.compiled import FOLDER
from neurosim.kernels.types import WORK_ROW
from neurosim.utils.compilation import timed_compilation, warn_of_cache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurosim.models.neuron_model import NeuronModel
    from neurosim.models.registry import Part
    from neurosim.models.synapses import Synapse

ADDRESSED_IMPORTS = '''"""A part of a network, in the form that neurosim compiles."""

import math
from collections import namedtuple

from neurosim.kernels import model_math as mathematics
from neurosim.kernels.address import addressed
from neurosim.kernels.model_tools import function
from neurosim.kernels.tables import tables_at
'''
HEAD = """
# {name}
P = namedtuple("P", {fields!r})


{functions}
"""

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, *[ctypes.c_void_p] * 7, ctypes.c_int64)
_keep: dict[tuple[type, str], Any] = {}
"""Callbacks into Python: their memory must live as long as the time loop may call them."""
_lock = threading.RLock()


def addressed_functions(
    kind: type[Part],
    fields: Sequence[str],
    text: str,
    *,
    imports: str = "",
    tools: Mapping[str, Any] | None = None,
    plain: bool,
) -> Mapping[str, Any]:
    """Return the functions in generated source that are called by address, compiled.

    Parameters
    ----------
    kind : type of Part
        The class from which the source was generated. Its functions precede it.
    fields : sequence of str
        Names of the parameters `P`.
    text : str
    imports : str
        Further lines of imports.
    tools : mapping of str to object
        What these lines import, as plain Python.
    plain : bool
        Whether to run the functions as plain Python, so that `print` and a debugger work.
    """
    text = (
        HEAD.format(
            name=f"{kind.__module__}.{kind.__qualname__}",
            fields=tuple(fields),
            functions="\n\n\n".join(functions_of(kind)),
        )
        + text
    )
    if plain or config.DISABLE_JIT:
        return run_plain(kind, text, tools or {})
    return vars(compiled_module(kind.__name__, ADDRESSED_IMPORTS + imports + text))


def raise_errors() -> None:
    """Raise the first error of equations run as plain Python since the last call."""
    if errors:
        first = errors[0]
        errors.clear()
        raise first


def block_address(
    model: NeuronModel,
    plain: bool = False,
    ports: Sequence[Synapse] = (),
    is_single: bool = False,
) -> int:
    """Return the address of the block function of a model.

    Parameters
    ----------
    model : NeuronModel
    plain : bool
        Whether to run the equations as plain Python, so that `print` and a debugger work.
    ports : sequence of Synapse
        See `source_of`.
    is_single : bool
        See `source_of`.
    """
    if plain or config.DISABLE_JIT:
        return _callback(model, ports, is_single)
    text = source_of(model, ports, is_single)
    return compiled_module(type(model).__name__, IMPORTS + text).block.address


@cache
def compiled_module(name: str, source: str) -> Any:
    """Return the module with that source, written to the cache folder and compiled."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:20]
    stem = f"{name.lower() if name.isascii() else 'model'}_{digest}"
    with timed_compilation(), _lock:  # threads lay out the same population at the same time
        if FOLDER is not None:
            try:
                return _cached_module(Path(FOLDER) / f"{stem}.py", source)
            except OSError as error:
                warn_of_cache(error)
        names: dict[str, Any] = {"__name__": f"neurosim_models_{stem}"}
        exec(compile(source.replace("cache=True", "cache=False"), f"<{name}>", "exec"), names)
        return SimpleNamespace(**names)


def _cached_module(path: Path, source: str) -> Any:
    """Import a module from the cache folder, in which its machine code is cached too."""
    if not path.exists() or path.read_text() != source:
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(source)
        part.replace(path)
    name = f"neurosim_models_{path.stem}"
    previous, config.CACHE_DIR = config.CACHE_DIR, FOLDER
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    finally:
        config.CACHE_DIR = previous
    return module


def _callback(model: NeuronModel, ports: Sequence[Synapse], is_single: bool) -> int:
    """Return the address of a callback that runs the block function as plain Python."""
    kind = type(model)
    block, writer = source_of(model, ports, is_single), Writer(model, ports)
    tools = ("current_at", "larger", "slope_ratio", "STAGES", "FIFTH", "OFF")
    names = run_plain(
        kind,
        block,
        {name: getattr(model_tools, name) for name in tools}
        | {"cfunc": lambda *_, **__: lambda method: method, "SIGNATURE": None},
    )
    for number, port_kind in enumerate(writer.port_kinds):
        if port_kind.has_equations:
            names |= plain_functions(port_kind, prefix_of(number))
    n_work = WORK_ROW * writer.n_rows
    n_params = HEADER + (1 + writer.n_values) * (1 if writer.is_uniform else WORK_ROW)

    def call(n: int, *addresses_and_step: int) -> int:
        *addresses, t = addresses_and_step
        v, states, current, jump, params, until, work = addresses
        try:
            points = int(_array(params, HEADER)[2])
            return int(
                names["block"](
                    n,
                    _array(v, n),
                    _array(states, n * writer.m),
                    _array(current, n * (points + len(ports) + fires_at_random(model))),
                    _array(jump, n),
                    _array(params, n_params),
                    _array(until, n, ctypes.c_int64),
                    _array(work, n_work),
                    t,
                )
            )
        except BaseException as error:
            errors.append(error)
            return 0

    callback = _keep.setdefault((kind, block), _CALLBACK(call))
    address = ctypes.cast(callback, ctypes.c_void_p).value
    assert address is not None
    return address


def _array(address: int, n: int, kind: Any = ctypes.c_double) -> Any:
    """Return the array at an address."""
    if n == 0:
        return np.empty(0)
    return np.ctypeslib.as_array((kind * n).from_address(address))
