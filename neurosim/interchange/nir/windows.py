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
    from neurosim.interchange.nir.fields import SynapseBudget

POOLS = {"SumPool2d", "AvgPool2d"}


class Window:
    """A convolution or a pooling; in one dimension it has height 1.

    Parameters
    ----------
    node : nir.NIRNode
    given : tuple of int
        Shape of the signal: channels, then height and width, or only width.
    """

    def __init__(self, node: Any, given: tuple[int, ...]) -> None:
        kind = type(node).__name__
        n = 1 if kind == "Conv1d" else 2
        ones: tuple[int, ...] = (1,) * (2 - n)
        if len(given) != n + 1:
            raise NeurosimError(
                f"a {kind} needs a signal of {n + 1} dimensions, channels first, and this one has "
                f"shape {given}"
            )
        self.n_in, self.area = given[0], ones + given[1:]
        self.stride = ones + whole_numbers(node, "stride", n, 1)
        if kind in POOLS:
            self.kernel = whole_numbers(node, "kernel_size", n, 1)
            self.dilation: tuple[int, ...] = (1, 1)
            self.groups = self.n_out = self.n_in
            self.weight = np.ones((1, 1, 1, 1))
            if kind == "AvgPool2d":
                self.weight /= math.prod(self.kernel)
        else:
            weights = array_of(node, "weight")
            if weights.ndim != n + 2:
                raise NeurosimError(
                    f"weight has shape {weights.shape}; it needs {n + 2} dimensions"
                )
            self.weight = weights.reshape(*weights.shape[:2], *ones, *weights.shape[2:])
            self.n_out, self.kernel = len(weights), self.weight.shape[2:]
            self.dilation = ones + whole_numbers(node, "dilation", n, 1)
            (self.groups,) = whole_numbers(node, "groups", 1, 1)
            if weights.shape[1] * self.groups != self.n_in or self.n_out % self.groups:
                raise NeurosimError(
                    f"weight has shape {weights.shape} for {self.groups} groups and the signal has "
                    f"{self.n_in} channels"
                )
        spans = [d * (k - 1) for d, k in zip(self.dilation, self.kernel, strict=True)]
        padding = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
        if not isinstance(padding, str):
            self.before = (0,) * (2 - n) + whole_numbers(node, "padding", n, 0)
            total = [2 * p for p in self.before]
        elif padding == "valid" or (padding == "same" and self.stride == (1, 1)):
            total = spans if padding == "same" else [0, 0]
            self.before = tuple(span // 2 for span in total)
        else:
            raise NeurosimError(
                f"padding = {show(padding)}; it needs 'valid', 'same' with stride 1, or numbers"
            )
        self.out = tuple(
            (a + p - span - 1) // s + 1
            for a, p, span, s in zip(self.area, total, spans, self.stride, strict=True)
        )
        if min(self.out) < 1:
            raise NeurosimError(f"its kernel is larger than a signal of {given}")
        self.out_shape = (self.n_out, *self.out[2 - n :])

    def matrix(self, budget: SynapseBudget) -> csr_array:
        """Return the matrix that maps the flattened signal to the flattened output."""
        n_channels = self.n_in // self.groups
        shape = (self.n_out, n_channels, *self.kernel, *self.out)
        budget.take(math.prod(shape))
        output, channel, ky, kx, y, x = np.ogrid[tuple(slice(n) for n in shape)]
        from_y = y * self.stride[0] - self.before[0] + ky * self.dilation[0]
        from_x = x * self.stride[1] - self.before[1] + kx * self.dilation[1]
        height, width = self.area
        inside = (from_y >= 0) & (from_y < height) & (from_x >= 0) & (from_x < width)
        row = (output * self.out[0] + y) * self.out[1] + x
        group = output // (self.n_out // self.groups)
        column = ((group * n_channels + channel) * height + from_y) * width + from_x
        values, rows, columns = (
            np.broadcast_to(part, shape)[np.broadcast_to(inside, shape)]
            for part in (self.weight[..., None, None], row, column)
        )
        size = (math.prod(self.out_shape), self.n_in * height * width)
        matrix = coo_array((values, (rows, columns)), size).tocsr()
        matrix.eliminate_zeros()
        return matrix
