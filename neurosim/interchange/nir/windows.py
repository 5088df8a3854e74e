"""Convolution and pooling as sparse matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array, csr_array

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import array_of, whole_numbers
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.interchange.nir.fields import Room

POOLS = {"SumPool2d", "AvgPool2d"}


class Window:
    """A convolution or a pooling, a 1-D one as one of height 1.

    Parameters
    ----------
    node : nir.NIRNode
    name : str
    given : tuple of int
        Channels, then height and width, or width alone.
    """

    def __init__(self, node: Any, name: str, given: tuple[int, ...]) -> None:
        kind = type(node).__name__
        n = 1 if kind == "Conv1d" else 2
        if len(given) != n + 1:
            raise NeurosimError(
                f"Node {name!r}: a {kind} hears signals of {n + 1} dimensions, channels first, and "
                f"this one has shape {given}"
            )
        self.name, self.n_in = name, given[0]
        self.area = (1,) * (2 - n) + given[1:]

        def pair(field: str, low: int) -> tuple[int, int]:
            values = whole_numbers(node, field, name, n, low)
            return (values[0], values[1]) if n == 2 else (0 if field == "padding" else 1, values[0])

        if kind in POOLS:
            kernel = pair("kernel_size", 1)
            weight = 1.0 / math.prod(kernel) if kind == "AvgPool2d" else 1.0
            self.groups = self.n_out = self.n_in
            self.weight: NDArray[np.float64] | float = weight
            self.dilation = (1, 1)
        else:
            weights = array_of(node, "weight", name)
            if weights.ndim != n + 2:
                raise NeurosimError(
                    f"Node {name!r}: weight has shape {weights.shape}; it needs {n + 2} dimensions"
                )
            self.weight = weights.reshape(*weights.shape[:2], *(1,) * (2 - n), *weights.shape[2:])
            self.n_out, kernel = len(weights), self.weight.shape[2:]
            (self.groups,) = whole_numbers(node, "groups", name, 1, 1)
            self.dilation = pair("dilation", 1)
            input_matrices = self.weight.shape[1] * self.groups
            if input_matrices != self.n_in or self.n_out % self.groups:
                raise NeurosimError(
                    f"Node {name!r}: weight has shape {weights.shape} for {self.groups} groups and "
                    f"the signal has {self.n_in} channels"
                )
        self.kernel, self.stride = kernel, pair("stride", 1)
        spans = [d * (k - 1) for d, k in zip(self.dilation, kernel, strict=True)]
        padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
        if isinstance(padding, str):
            if padding not in ("same", "valid") or (padding == "same" and self.stride != (1, 1)):
                raise NeurosimError(
                    f"Node {name!r}: padding = {show(padding)}; it needs 'valid', 'same' with "
                    "stride 1, or numbers"
                )
            whole = spans if padding == "same" else [0, 0]
            self.before = tuple(span // 2 for span in whole)
        else:
            self.before = pair("padding", 0)
            whole = [2 * p for p in self.before]
        self.out = tuple(
            (a + p - span - 1) // s + 1
            for a, p, span, s in zip(self.area, whole, spans, self.stride, strict=True)
        )
        if min(self.out) < 1:
            raise NeurosimError(f"Node {name!r}: its kernel is larger than a signal of {given}")
        self.out_shape = (self.n_out, *self.out[2 - n :])

    def matrix(self, room: Room) -> csr_array:
        """Return it as a matrix."""
        per_group = self.n_in // self.groups
        places = math.prod(self.kernel) * math.prod(self.out)
        room.take(self.n_out * per_group * places, self.name)
        outs, channels = np.arange(self.n_out)[:, None], np.arange(per_group)
        ins = outs // (self.n_out // self.groups) * per_group + channels
        rows: list[NDArray] = []
        columns: list[NDArray] = []
        values: list[NDArray] = []
        for y in range(self.kernel[0]):
            into_y, from_y = self._reached(0, y)
            for x in range(self.kernel[1]):
                into_x, from_x = self._reached(1, x)
                shape = (self.n_out, per_group, len(into_y), len(into_x))
                into = into_y[:, None] * self.out[1] + into_x
                come = from_y[:, None] * self.area[1] + from_x
                strength = self.weight
                if isinstance(strength, np.ndarray):
                    strength = strength[:, :, y, x, None, None]
                row = outs[:, :, None, None] * math.prod(self.out) + into
                column = ins[:, :, None, None] * math.prod(self.area) + come
                for store, part in ((rows, row), (columns, column), (values, strength)):
                    store.append(np.broadcast_to(part, shape).ravel())
        size = (self.n_out * math.prod(self.out), self.n_in * math.prod(self.area))
        entries = (np.concatenate(rows), np.concatenate(columns))
        matrix = coo_array((np.concatenate(values), entries), size).tocsr()
        matrix.eliminate_zeros()
        return matrix

    def _reached(self, axis: int, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the outputs that element k of the kernel reaches, and from which inputs."""
        into = np.arange(self.out[axis])
        come = into * self.stride[axis] - self.before[axis] + k * self.dilation[axis]
        inside = (come >= 0) & (come < self.area[axis])
        return into[inside], come[inside]
