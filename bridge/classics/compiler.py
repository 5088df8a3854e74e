"""Compilation of Boolean expressions to networks of McCulloch–Pitts units."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.classics.boolean import Expression, parse
from bridge.classics.threshold import ThresholdNetwork, ThresholdUnit
from bridge.utils.checks import require_type
from neurosim import NeurosimError


def compile_expressions(
    expressions: str | Expression | Sequence[str | Expression],
    variables: Sequence[str] | None = None,
) -> ThresholdNetwork:
    """Return a network of McCulloch–Pitts units that computes Boolean expressions.

    A conjunction is one unit, in which negated operands are vetoes. A disjunction is one unit, and
    a negation is a unit that fires unless it is vetoed. Equal subexpressions are computed once.

    Parameters
    ----------
    expressions : str or Expression, or a sequence of them
        Each is an output.
    variables : sequence of str, optional
        Inputs in order. Default: sorted variables of the expressions.

    Returns
    -------
    ThresholdNetwork
        Network without loops.

    Raises
    ------
    NeurosimError
        If an expression cannot be parsed or has a variable that is not in `variables`.

    Examples
    --------
    >>> circuit = compile_expressions("A & ~B | C")
    >>> [unit.name for unit in circuit.units]
    ['A & ¬B', '(A & ¬B) | C']
    >>> circuit.evaluate([[1, 0, 0], [1, 1, 0]]).ravel().tolist()
    [True, False]
    """
    if isinstance(expressions, (str, Expression)):
        expressions = [expressions]
    require_type(expressions, Sequence, "expressions", "a sequence of expressions")
    for each in expressions:
        require_type(each, (str, Expression), "an expression", "a string or an Expression")
    parsed = [parse(each) if isinstance(each, str) else each for each in expressions]
    if variables is None:
        variables = sorted({name for expression in parsed for name in expression.variables})
    compiler = _Compiler(tuple(variables))
    outputs = tuple(compiler.source(expression) for expression in parsed)
    return ThresholdNetwork(compiler.inputs, tuple(compiler.units), outputs)


class _Compiler:
    """Units compiled so far, by expression."""

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.inputs = inputs
        self.units: list[ThresholdUnit] = []
        self._known = {Expression("variable", name): k for k, name in enumerate(inputs)}

    def source(self, expression: Expression) -> int:
        """Return the source that computes an expression, compiling it if necessary."""
        if expression not in self._known:
            self._known[expression] = self._unit(expression)
        return self._known[expression]

    def _unit(self, expression: Expression) -> int:
        """Add the unit of an expression."""
        parts = expression.parts
        match expression.operation:
            case "variable":
                raise NeurosimError(
                    f"variable {expression.name} is not one of the inputs {', '.join(self.inputs)}"
                )
            case "constant":
                return self._add(expression, (), (), 0 if expression.name == "1" else 1)
            case "not":
                (inner,) = parts
                # A single unit can be vetoed by any of several sources.
                vetoing = inner.parts if inner.operation == "or" else parts
                return self._add(expression, (), vetoing, 0)
            case "and":
                negated = [part.parts[0] for part in parts if part.operation == "not"]
                plain = dict.fromkeys(part for part in parts if part.operation != "not")
                return self._add(expression, tuple(plain), tuple(negated), len(plain))
            case "or":
                return self._add(expression, tuple(dict.fromkeys(parts)), (), 1)
        return self._exclusive(expression)

    def _add(
        self,
        expression: Expression,
        excitatory: tuple[Expression, ...],
        inhibitory: tuple[Expression, ...],
        threshold: int,
    ) -> int:
        """Add a unit and its sources."""
        sources = tuple(self.source(part) for part in excitatory)
        vetoes = tuple(dict.fromkeys(self.source(part) for part in inhibitory))
        unit = ThresholdUnit.mcculloch_pitts(str(expression), sources, vetoes, threshold=threshold)
        self.units.append(unit)
        return len(self.inputs) + len(self.units) - 1

    def _exclusive(self, expression: Expression) -> int:
        """Compile an exclusive or pairwise: two conjunctions and a disjunction."""
        first, *rest = expression.parts
        for second in rest:
            only_first = Expression("and", parts=(first, Expression("not", parts=(second,))))
            only_second = Expression("and", parts=(second, Expression("not", parts=(first,))))
            first = Expression("or", parts=(only_first, only_second))
        return self.source(first)
