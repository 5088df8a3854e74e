"""From Boolean expressions to networks of McCulloch–Pitts units."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.classics.boolean import Expression, parse
from bridge.classics.threshold import ThresholdNetwork, ThresholdUnit
from bridge.utils.checks import require_kind
from neurosim import NeurosimError


def compile_expressions(
    expressions: str | Expression | Sequence[str | Expression],
    variables: Sequence[str] | None = None,
) -> ThresholdNetwork:
    """Return a network of McCulloch–Pitts units that computes Boolean expressions.

    A conjunction is one unit: what is negated in it vetoes. So is a disjunction, and a negation is
    a unit that fires unless it is vetoed. Equal parts are computed once.

    Parameters
    ----------
    expressions : str or Expression, or a sequence of them
        Each becomes an output.
    variables : sequence of str, optional
        The inputs, in their order. Default: the variables of the expressions, sorted.

    Returns
    -------
    ThresholdNetwork
        Without loops.

    Raises
    ------
    NeurosimError
        For a text that is no expression, and for a variable that is none of `variables`.

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
    require_kind(expressions, Sequence, "expressions", "sequence of expressions")
    for each in expressions:
        require_kind(each, (str, Expression), "an expression", "text or Expression")
    parsed = [parse(each) if isinstance(each, str) else each for each in expressions]
    if variables is None:
        variables = sorted({name for expression in parsed for name in expression.variables})
    compiler = _Compiler(tuple(variables))
    outputs = tuple(compiler.source(expression) for expression in parsed)
    return ThresholdNetwork(compiler.inputs, tuple(compiler.units), outputs)


class _Compiler:
    """Collects units, and remembers which expression each computes."""

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.inputs = inputs
        self.units: list[ThresholdUnit] = []
        self._known = {Expression("variable", name): k for k, name in enumerate(inputs)}

    def source(self, expression: Expression) -> int:
        """Return the source that is active if and only if the expression is true."""
        if expression not in self._known:
            self._known[expression] = self._unit(expression)
        return self._known[expression]

    def _unit(self, expression: Expression) -> int:
        parts = expression.parts
        match expression.operation:
            case "variable":
                raise NeurosimError(
                    f"variable {expression.name} is none of the inputs {', '.join(self.inputs)}"
                )
            case "constant":
                return self._add(expression, (), (), 0 if expression.name == "1" else 1)
            case "not":
                (inner,) = parts
                # One unit is silenced by any of many.
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
        heard = tuple(self.source(part) for part in excitatory)
        vetoes = tuple(dict.fromkeys(self.source(part) for part in inhibitory))
        unit = ThresholdUnit.mcculloch_pitts(str(expression), heard, vetoes, threshold=threshold)
        self.units.append(unit)
        return len(self.inputs) + len(self.units) - 1

    def _exclusive(self, expression: Expression) -> int:
        """Exclusive or, two parts at a time: one hidden layer of two units, and a disjunction."""
        first, *rest = expression.parts
        for second in rest:
            only_first = Expression("and", parts=(first, Expression("not", parts=(second,))))
            only_second = Expression("and", parts=(second, Expression("not", parts=(first,))))
            first = Expression("or", parts=(only_first, only_second))
        return self.source(first)
