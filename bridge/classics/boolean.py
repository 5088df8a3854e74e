"""Boolean expressions: parsing, printing and evaluation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.utils.checks import as_floats, as_integer, require_type
from neurosim import NeurosimError
from neurosim.utils.checks import show

# Symbols of each operation, in order of precedence.
SYMBOLS = {
    "not": ("~", "¬", "!", "not"),
    "and": ("&", "&&", "∧", "·", "*", "and"),
    "xor": ("^", "⊕", "xor"),
    "or": ("|", "||", "∣", "∨", "+", "or"),
}
CONSTANTS = {"0": False, "1": True, "false": False, "true": True}
# Largest number of characters, and largest nesting depth.
LONGEST, DEEPEST = 10_000, 100
# Largest number of variables of a truth table.
MOST_VARIABLES = 16

_OPERATION = {symbol: name for name, symbols in SYMBOLS.items() for symbol in symbols}
_TOKEN = re.compile(r"\s*(&&|\|\||[^\W\d]\w*|[01](?!\w)|\S)")


@dataclass(frozen=True)
class Expression:
    """A Boolean expression: a variable, a constant, or an operation on expressions.

    Attributes
    ----------
    operation : {"variable", "constant", "not", "and", "or", "xor"}
    name : str
        Name of a variable; "0" or "1" for a constant.
    parts : tuple of Expression
        Operands: one for "not", two or more for other operations.

    Examples
    --------
    >>> from bridge.classics import parse
    >>> expression = parse("A xor B")
    >>> expression.operation, expression.variables
    ('xor', ('A', 'B'))
    >>> expression.evaluate([[0, 1], [1, 1]]).tolist()
    [True, False]
    """

    operation: str
    name: str = ""
    parts: tuple[Expression, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, sorted."""
        if self.operation == "variable":
            return (self.name,)
        return tuple(sorted({name for part in self.parts for name in part.variables}))

    def evaluate(
        self, inputs: ArrayLike, variables: Sequence[str] | None = None
    ) -> NDArray[np.bool_]:
        """Return the value of the expression for each row of inputs.

        Parameters
        ----------
        inputs : (n_rows, n_variables) array_like of 0 and 1
        variables : sequence of str, optional
            Variables of the columns. Default: `self.variables`.

        Returns
        -------
        (n_rows,) ndarray of bool
        """
        names = self.variables if variables is None else tuple(variables)
        missing = set(self.variables) - set(names)
        if missing:
            raise NeurosimError(f"variable {min(missing)} is not one of the columns {names}")
        return self._value(dict(zip(names, binary(inputs, len(names)).T, strict=True)), inputs)

    def _value(self, columns: dict[str, NDArray[np.bool_]], inputs: ArrayLike) -> NDArray[np.bool_]:
        """Return the value for given columns by variable."""
        if self.operation == "variable":
            return columns[self.name]
        if self.operation == "constant":
            return np.full(len(np.asarray(inputs)), self.name == "1")
        values = [part._value(columns, inputs) for part in self.parts]
        if self.operation == "not":
            return ~values[0]
        reduce = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}
        return reduce[self.operation].reduce(values)

    def __str__(self) -> str:
        if not self.parts:
            return self.name
        words = [f"({part})" if len(part.parts) > 1 else str(part) for part in self.parts]
        if self.operation == "not":
            return "¬" + words[0]
        return {"and": " & ", "or": " | ", "xor": " ⊕ "}[self.operation].join(words)


def parse(text: str) -> Expression:
    """Parse a Boolean expression.

    Variable names consist of letters, digits and underscores. The order of precedence is NOT, AND,
    XOR, OR. `SYMBOLS` lists their symbols: ``¬A & B | C``, ``not A and B or C`` and ``!A * B + C``
    are equivalent. 0 and 1 are constants.

    Parameters
    ----------
    text : str

    Raises
    ------
    NeurosimError
        If the text is not an expression; the message gives the position.

    Examples
    --------
    >>> expression = parse("A & ~B | C")
    >>> print(expression)
    (A & ¬B) | C
    >>> expression.evaluate([[1, 0, 0], [1, 1, 0]]).tolist()
    [True, False]
    """
    require_type(text, str, "text", "an expression as a string")
    if len(text) > LONGEST:
        raise NeurosimError(
            f"the expression has {len(text)} characters: at most {LONGEST} are allowed"
        )
    reader = _Reader(text)
    expression = reader.operation(0, 0)
    if reader.token:
        reader.refuse("an operation such as & or |")
    return expression


def truth_table(n: int) -> NDArray[np.bool_]:
    """Return all inputs of n variables in ascending order, shape (2ⁿ, n).

    Examples
    --------
    >>> from bridge.classics import truth_table
    >>> truth_table(2).astype(int).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    if not 0 <= as_integer(n, "n") <= MOST_VARIABLES:
        raise NeurosimError(
            f"a truth table of {n} variables has 2^{n} rows: give at most {MOST_VARIABLES}"
        )
    return (np.arange(2**n)[:, None] >> np.arange(n)[::-1] & 1).astype(bool)


def random_expression(rng: np.random.Generator, variables: Sequence[str], depth: int) -> Expression:
    """Return a random expression.

    Parameters
    ----------
    rng : Generator
    variables : sequence of str
        Variables that may occur.
    depth : int
        Largest nesting depth; 0 gives a variable or its negation.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.classics import random_expression
    >>> expression = random_expression(np.random.default_rng(2), ["A", "B", "C"], depth=2)
    >>> set(expression.variables) <= {"A", "B", "C"}
    True
    """
    if depth == 0 or rng.random() < 0.15:
        found = Expression("variable", str(rng.choice(list(variables))))
    else:
        operation = str(rng.choice(["and", "or", "xor"], p=[0.4, 0.4, 0.2]))
        n_parts = int(rng.integers(2, 4))
        parts = tuple(random_expression(rng, variables, depth - 1) for _ in range(n_parts))
        found = Expression(operation, parts=parts)
    return Expression("not", parts=(found,)) if rng.random() < 0.3 else found


def binary(inputs: ArrayLike, n: int) -> NDArray[np.bool_]:
    """Return inputs of shape (..., n), which must be 0 or 1, as bool."""
    values = as_floats(inputs, "inputs")
    if values.ndim < 2 or values.shape[-1] != n:
        raise NeurosimError(
            f"inputs have shape {values.shape}: give one row per case, with {n} columns"
        )
    if not np.isin(values, (0, 1)).all():
        raise NeurosimError("inputs must contain only 0 (silent) and 1 (active)")
    return values.astype(bool)


class _Reader:
    """Recursive-descent parser of expressions."""

    def __init__(self, text: str) -> None:
        self.text, self._matches = text, _TOKEN.finditer(text)
        self.advance()

    def advance(self) -> None:
        """Move to the next token; "" at the end."""
        match = next(self._matches, None)
        self.token, self.start = (match[1], match.start(1)) if match else ("", len(self.text))

    def refuse(self, wanted: str) -> None:
        """Raise an error at the current token."""
        found = f"{self.token!r} at character {self.start + 1}" if self.token else "the end"
        raise NeurosimError(f"expression {show(self.text)}: expected {wanted}, found {found}")

    def operation(self, level: int, depth: int) -> Expression:
        """Parse operands joined by or (level 0), xor (1), and (2)."""
        if level == 3:
            return self.operand(depth + 1)
        name = ("or", "xor", "and")[level]
        parts = [self.operation(level + 1, depth)]
        while self._operation() == name:
            self.advance()
            parts.append(self.operation(level + 1, depth))
        return parts[0] if len(parts) == 1 else Expression(name, parts=tuple(parts))

    def operand(self, depth: int) -> Expression:
        """Parse a variable, a constant, a bracket or its negation."""
        if depth > DEEPEST:
            raise NeurosimError(f"the expression is nested more than {DEEPEST} deep")
        token = self.token
        if self._operation() == "not":
            self.advance()
            return Expression("not", parts=(self.operand(depth + 1),))
        if token == "(":
            self.advance()
            inner = self.operation(0, depth)
            if self.token != ")":
                self.refuse("a closing bracket")
            self.advance()
            return inner
        constant = CONSTANTS.get(token.casefold())
        if constant is None and (self._operation() or not token.isidentifier()):
            self.refuse("a variable, 0, 1, ¬ or a bracket")
        self.advance()
        if constant is not None:
            return Expression("constant", str(int(constant)))
        return Expression("variable", token)

    def _operation(self) -> str | None:
        """Return the operation of the current token."""
        return _OPERATION.get(self.token.casefold())
